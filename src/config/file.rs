//! Training settings in checkpoints and deltas, as JSON.
//!
//! These files use the names that the settings had first, so that every version reads and writes
//! the same.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::TrainConfig;

/// Name in [`TrainConfig`], name in files; all others are the same in both.
const NAMES: [(&str, &str); 20] = [
    ("captions", "templates"),
    ("max_train_steps", "steps"),
    ("adam_weight_decay", "weight_decay"),
    ("adam_betas", "betas"),
    ("adam_epsilon", "eps"),
    ("prior_loss_weight", "prior_weight"),
    ("num_class_images", "prior_images"),
    ("num_collages", "collages"),
    ("unmix_loss_weight", "unmix_weight"),
    ("train_text_encoder", "text_encoder"),
    ("timestep_sampling", "timesteps"),
    ("snr_gamma", "min_snr_gamma"),
    ("lr_scheduler", "schedule"),
    ("train_batch_size", "batch"),
    ("prior_batch_size", "prior_batch"),
    ("random_flip", "flip"),
    ("validation_steps", "preview_every"),
    ("checkpointing_steps", "checkpoint_every"),
    ("norm_shift", "norms"),
    ("resolution", "picture_size"),
];

/// The settings as JSON text, with the names of files.
///
/// # Errors
/// Those of `serde_json`.
pub fn to_json(config: &TrainConfig) -> serde_json::Result<String> {
    let own: Fields = serde_json::from_str(&serde_json::to_string(config)?)?;
    serde_json::to_string(&own.renamed(|(own, file)| (own, file)))
}

/// Settings from JSON text with the names of files.
///
/// # Errors
/// Those of `serde_json`.
pub fn from_json(text: &str) -> serde_json::Result<TrainConfig> {
    let own = serde_json::from_str::<Fields>(text)?.renamed(|(own, file)| (file, own));
    serde_json::from_str(&serde_json::to_string(&own)?)
}

/// Serializes a field of a JSON file that is marked `#[serde(with = "crate::config::file")]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(config: &TrainConfig, serializer: S) -> Result<S::Ok, S::Error> {
    let text = to_json(config).map_err(S::Error::custom)?;
    let raw = RawValue::from_string(text).map_err(S::Error::custom)?;
    raw.serialize(serializer)
}

/// Deserializes such a field.
///
/// # Errors
/// Those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TrainConfig, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    from_json(raw.get()).map_err(D::Error::custom)
}

/// A JSON object whose values are kept as text, in their order.
struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Replaces keys; `direction` orders a pair of names as from and to.
    fn renamed(mut self, direction: fn((&'static str, &'static str)) -> Renaming) -> Self {
        for (key, _) in &mut self.0 {
            let mut pairs = NAMES.into_iter().map(direction);
            if let Some((_, to)) = pairs.find(|(from, _)| from == key) {
                *key = to.to_owned();
            }
        }
        self
    }
}

/// From and to.
type Renaming = (&'static str, &'static str);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn files_keep_the_names_and_the_order_that_they_had_first() {
        let text = to_json(&TrainConfig::default()).unwrap();
        assert_eq!(
            text,
            r#"{"subjects":[],"templates":{"single":"photo of {a}","left_right":"photo of {a} on the left and {b} on the right","top_bottom":"photo of {a} on the top and {b} on the bottom","together":"photo of {a} and {b}","class_scenes":["","on grass","in the snow","on a beach","in space"]},"steps":100,"learning_rate":0.06,"learning_rate_1d":0.00002,"weight_decay":0.01,"betas":[0.9,0.999],"eps":1e-8,"max_grad_norm":1.0,"prior_weight":0.2,"prior_images":8,"mix_probability":0.6,"collages":48,"own_collages":[],"unmix_weight":0.0,"layers":"all","text_encoder":false,"timesteps":"uniform","timestep_range":[0.0,1.0],"min_snr_gamma":0.0,"schedule":"cosine","ema_decay":0.0,"batch":8,"prior_batch":2,"flip":false,"seed":0,"preview_every":20,"checkpoint_every":10,"norms":"full_length"}"#
        );
        assert_eq!(from_json(&text).unwrap(), TrainConfig::default());
    }
}
