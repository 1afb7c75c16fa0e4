//! A JSON object, read key by key with errors that name file, key and value.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// A parsed config file.
pub(in crate::model) struct Reader {
    file: &'static str,
    map: Map<String, Value>,
}

impl Reader {
    /// Parses `bytes`; `file` is the name in messages.
    pub(in crate::model) fn new(bytes: &[u8], file: &'static str) -> Result<Self> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(Self { file, map }),
            Ok(_) => Err(Error::Config(format!(
                "{file} is not a JSON object, so it is not the config of a model. Check that the file belongs to a diffusers folder."
            ))),
            Err(error) => Err(Error::Config(format!(
                "{file} is not valid JSON ({error}). It may have been cut short; fetch it again."
            ))),
        }
    }

    /// The value of `key`, or `default` if the key is absent.
    pub(in crate::model) fn get<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T> {
        match self.map.get(key) {
            None => Ok(default),
            Some(value) => T::deserialize(value)
                .map_err(|error| self.unsupported(key, value, &error.to_string())),
        }
    }

    /// The value of `key` as one entry per block: a list of `blocks` entries, or one for all.
    pub(in crate::model) fn per_block<T: DeserializeOwned + Clone>(
        &self,
        key: &str,
        blocks: usize,
        default: T,
    ) -> Result<Vec<T>> {
        match self.map.get(key) {
            Some(value @ Value::Array(entries)) => {
                let list: Vec<T> = self.get(key, Vec::new())?;
                if entries.len() != blocks {
                    return Err(self.unsupported(
                        key,
                        value,
                        &format!("there are {blocks} blocks in 'down_block_types'"),
                    ));
                }
                Ok(list)
            }
            _ => Ok(vec![self.get(key, default)?; blocks]),
        }
    }

    /// Checks that the value of `key` is one of `allowed`, or the key is absent.
    pub(in crate::model) fn only(&self, key: &str, allowed: &[Value]) -> Result<()> {
        match self.map.get(key) {
            Some(value) if !allowed.iter().any(|known| same(known, value)) => {
                let known: Vec<String> = allowed.iter().map(Value::to_string).collect();
                Err(self.unsupported(key, value, &format!("supported here: {}", known.join(", "))))
            }
            _ => Ok(()),
        }
    }

    /// Checks that `_class_name` is one of `known`, or absent.
    pub(in crate::model) fn class(&self, known: &[&str]) -> Result<()> {
        let known: Vec<Value> = known.iter().map(|name| json!(name)).collect();
        self.only("_class_name", &known)
    }

    /// Checks that `value` is 1 to `limit`, which is far above that of any real model.
    pub(in crate::model) fn in_range(&self, key: &str, value: usize, limit: usize) -> Result<()> {
        if (1..=limit).contains(&value) {
            Ok(())
        } else {
            Err(self.unsupported(key, &json!(value), &format!("it must be 1 to {limit}")))
        }
    }

    /// The error for an unsupported value.
    pub(in crate::model) fn unsupported(&self, key: &str, value: &Value, why: &str) -> Error {
        let mut value = value.to_string();
        if let Some((end, _)) = value.char_indices().nth(200) {
            value.truncate(end);
            value.push('…');
        }
        Error::Config(format!(
            "{}: '{key}' is {value}, which is not supported ({why}). Choose a base model without it.",
            self.file
        ))
    }
}

/// Whether both are equal, as numbers (different versions write 1 or 1.0) or as JSON values.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}
