//! The envelopes: what is posted from the page to the engine and back.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::worker::protocol::events::Event;
use crate::worker::protocol::requests::Request;

/// Names a request. The page counts; no two requests of one engine have the same id.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RequestId(pub u32);

/// From the page to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a message is built, posted and read once; none is stored"
)]
pub enum Message {
    /// Work to do when all requests before it are done.
    Request {
        /// Names the request in its answers.
        id: RequestId,
        /// The work.
        request: Request,
    },
    /// Holds the work of a request after its current step; answered by [`Event::Paused`].
    Pause {
        /// The request.
        id: RequestId,
    },
    /// Lets it go on; answered by [`Event::Paused`].
    Resume {
        /// The request.
        id: RequestId,
    },
    /// Ends it; a training run keeps what it has learned. Without effect once the request is done.
    Cancel {
        /// The request.
        id: RequestId,
    },
}

/// From the engine to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The request that the event belongs to; `None` for [`Event::Ready`] and for what happens
    /// outside of any request.
    pub id: Option<RequestId>,
    /// What happened.
    pub event: Event,
}

impl Answer {
    /// Whether the request of this id is done: nothing more of it follows.
    pub fn ends(&self, id: RequestId) -> bool {
        self.id == Some(id) && self.event.is_last()
    }

    /// The answer to a message that cannot be read. `id` is its id, if that much can be read.
    pub fn refused(id: Option<RequestId>, why: &str) -> Self {
        Self {
            id,
            event: Event::Refused {
                error: Error::unknown_request(why),
            },
        }
    }
}

/// The id of a message whose other fields may be unknown.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct OnlyId {
    /// The request's id.
    pub id: RequestId,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::worker::protocol::Task;

    #[test]
    fn messages_and_answers_name_their_request() {
        let message = Message::Request {
            id: RequestId(7),
            request: Request::ListStored,
        };
        let wire = json!({ "type": "request", "id": 7, "request": { "type": "list_stored" } });
        assert_eq!(to_value(&message).unwrap(), wire);
        assert_eq!(from_value::<Message>(wire).unwrap(), message);
        let cancel = json!({ "type": "cancel", "id": 7 });
        let read: Message = from_value(cancel).unwrap();
        assert_eq!(read, Message::Cancel { id: RequestId(7) });
        let answer = Answer {
            id: Some(RequestId(7)),
            event: Event::Stopped { task: Task::Train },
        };
        assert!(answer.ends(RequestId(7)) && !answer.ends(RequestId(8)));
        let wire = json!({ "id": 7, "event": { "type": "stopped", "task": "train" } });
        assert_eq!(to_value(&answer).unwrap(), wire);
    }

    #[test]
    fn an_unknown_request_keeps_its_id() {
        let wire = json!({ "type": "request", "id": 9, "request": { "type": "juggle" } });
        let why = from_value::<Message>(wire.clone()).unwrap_err().to_string();
        assert!(why.contains("juggle"), "{why}");
        let id = from_value::<OnlyId>(wire).unwrap().id;
        let answer = Answer::refused(Some(id), &why);
        assert!(answer.ends(RequestId(9)));
    }
}
