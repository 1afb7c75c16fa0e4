//! The public error type: a kind for each cause, with fields where a caller acts on them.
//!
//! [`Display`](core::fmt::Display) gives the message for the person: what happened, what it means
//! and what to do, in that order.

use serde::{Deserialize, Serialize};

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What went wrong.
///
/// Serialised as `{ kind, message }` and the fields of the kind, so that the page shows the words
/// of the command line and never has to parse them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{0}")]
    Io(#[serde(with = "message")] String),
    /// A weight file is damaged, or lacks tensors that its config promises.
    #[error("{0}")]
    Weights(#[serde(with = "message")] String),
    /// A config file asks for something that this model does not have.
    #[error("{0}")]
    Config(#[serde(with = "message")] String),
    /// A picture could not be decoded, or is too large.
    #[error("{0}")]
    Picture(#[serde(with = "message")] String),
    /// A decomposition did not converge, or missed its accuracy.
    #[error("{0}")]
    Decomposition(#[serde(with = "message")] String),
    /// A delta file is damaged, or does not fit the model.
    #[error("{0}")]
    Delta(#[serde(with = "message")] String),
    /// A delta was made for other weights than those that are loaded. It can be applied anyway.
    #[error("{0}")]
    WrongBaseModel(#[serde(with = "fields")] WrongBaseModel),
    /// A checkpoint is damaged, or belongs to another run.
    #[error("{0}")]
    Checkpoint(#[serde(with = "message")] String),
    /// Settings that cannot work.
    #[error("{0}")]
    Settings(#[serde(with = "message")] String),
    /// The device was lost or ran out of memory: the engine has to be started again.
    #[error("{0}")]
    Device(#[serde(with = "message")] String),
    /// The memory plan says that a model does not fit; nothing was loaded. It can be tried anyway.
    #[error("{0}")]
    DoesNotFit(#[serde(with = "fields")] DoesNotFit),
    /// The engine does not know this request: page and engine come from different versions.
    #[error("{0}")]
    UnknownRequest(#[serde(with = "message")] String),
    /// The work was cancelled.
    #[error("stopped")]
    Cancelled,
}

impl Error {
    /// The error of a message that cannot be read as a request, and why.
    pub fn unknown_request(why: &str) -> Self {
        Self::UnknownRequest(format!(
            "The page asked for something that this engine does not know ({why}). They come from different versions: reload the page."
        ))
    }
}

/// The fields of [`Error::WrongBaseModel`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error(
    "This delta was made for another base: '{base_id}' with weights {}, but the base that is loaded has weights {}. Its shifts belong to the singular vectors of those exact weights and mean nothing to others. Load that base, or apply the delta anyway to see what comes.",
    short(.expected), short(.found)
)]
pub struct WrongBaseModel {
    /// Name of the base model that the delta was made for; untrusted text.
    pub base_id: String,
    /// SHA-256 of its weights, as the delta states it; untrusted text.
    pub expected: String,
    /// SHA-256 of the weights that are loaded.
    pub found: String,
}

/// The fields of [`Error::DoesNotFit`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error(
    "This model does not fit on this device, so it was not fetched. It does not fit, because {reason}. Choose a smaller model, close other tabs and programs that use the GPU, or say how much memory it has if that is more. It can be loaded anyway, but the device will probably give up."
)]
pub struct DoesNotFit {
    /// Bytes of memory that generating needs at its peak.
    pub needed: u64,
    /// Bytes of memory that the device is assumed or stated to have.
    pub limit: u64,
    /// Why it does not fit, as the end of a sentence.
    pub reason: String,
}

/// The first 16 characters of a hash, enough to tell two apart.
pub(crate) fn short(hash: &str) -> String {
    hash.chars().take(16).collect::<String>() + "…"
}

/// A message as the field `message`.
mod message {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Message {
        message: String,
    }

    pub(super) fn serialize<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
        let message = text.to_owned();
        Message { message }.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        Message::deserialize(from).map(|read| read.message)
    }
}

/// Fields, with the message that is made of them for readers that are not written in Rust.
mod fields {
    use std::fmt::Display;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    struct WithMessage<'a, T> {
        message: String,
        #[serde(flatten)]
        fields: &'a T,
    }

    pub(super) fn serialize<T: Display + Serialize, S: Serializer>(
        fields: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let message = fields.to_string();
        WithMessage { message, fields }.serialize(to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        T::deserialize(from)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn an_error_crosses_with_its_kind_its_message_and_its_fields() {
        let errors = [
            (
                Error::Io("no such file".into()),
                json!({ "kind": "io", "message": "no such file" }),
            ),
            (Error::Cancelled, json!({ "kind": "cancelled" })),
            (
                Error::UnknownRequest("unknown variant".into()),
                json!({ "kind": "unknown_request", "message": "unknown variant" }),
            ),
        ];
        for (error, wire) in errors {
            assert_eq!(to_value(&error).unwrap(), wire);
            assert_eq!(from_value::<Error>(wire).unwrap(), error);
        }
        let wrong = WrongBaseModel {
            base_id: "emoji".into(),
            expected: "ab".repeat(32),
            found: "cd".repeat(32),
        };
        let error = Error::WrongBaseModel(wrong);
        let wire = to_value(&error).unwrap();
        assert_eq!(wire["kind"], "wrong_base_model");
        assert_eq!(wire["message"], error.to_string());
        assert_eq!(wire["expected"], "ab".repeat(32));
        assert_eq!(from_value::<Error>(wire).unwrap(), error);
        assert!(
            error.to_string().starts_with("This delta was made for another base: 'emoji' with weights abababababababab…, but the base that is loaded has weights cdcdcdcdcdcdcdcd…."),
        );
    }

    #[test]
    fn a_model_that_does_not_fit_says_how_much_it_needs() {
        let error = Error::DoesNotFit(DoesNotFit {
            needed: 9_000_000_000,
            limit: 4_000_000_000,
            reason: "it takes 9 GB".into(),
        });
        let wire = to_value(&error).unwrap();
        assert_eq!(wire["kind"], "does_not_fit");
        assert_eq!(wire["needed"], 9_000_000_000_u64);
        assert_eq!(from_value::<Error>(wire).unwrap(), error);
        assert!(
            error
                .to_string()
                .contains("It does not fit, because it takes 9 GB.")
        );
    }
}
