//! The JSON of a safetensors header, without repeated keys.

use std::collections::{BTreeMap, btree_map::Entry};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// A header as in the file, not validated.
pub(crate) struct RawHeader {
    pub(crate) tensors: BTreeMap<String, RawTensor>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The entry of a tensor as in the file, not validated.
pub(crate) struct RawTensor {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<u64>,
    pub(crate) data_offsets: [u64; 2],
}

/// A JSON object that rejects repeated keys; serde_json would keep the last one.
trait Object: Default {
    fn entry<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error>;
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut object = T::default();
        while let Some(key) = map.next_key::<String>()? {
            object.entry(key, &mut map)?;
        }
        Ok(object)
    }
}

fn insert<V, E: de::Error>(map: &mut BTreeMap<String, V>, key: String, value: V) -> Result<(), E> {
    match map.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(value);
            Ok(())
        }
        Entry::Occupied(entry) => Err(E::custom(format!("the key '{}' stands twice", entry.key()))),
    }
}

/// Strings by key.
#[derive(Default)]
pub(crate) struct Texts(pub(crate) BTreeMap<String, String>);

impl Object for Texts {
    fn entry<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        let text = map.next_value()?;
        insert(&mut self.0, key, text)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

#[derive(Default)]
struct HeaderObject {
    tensors: BTreeMap<String, RawTensor>,
    metadata: Option<BTreeMap<String, String>>,
}

impl Object for HeaderObject {
    fn entry<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        if key != "__metadata__" {
            let tensor = map.next_value()?;
            return insert(&mut self.tensors, key, tensor);
        }
        match self.metadata.replace(map.next_value::<Texts>()?.0) {
            None => Ok(()),
            Some(_) => Err(de::Error::custom("the key '__metadata__' stands twice")),
        }
    }
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object: HeaderObject = deserializer.deserialize_map(ObjectVisitor(PhantomData))?;
        Ok(Self {
            tensors: object.tensors,
            metadata: object.metadata.unwrap_or_default(),
        })
    }
}

#[derive(Default)]
struct TensorObject {
    dtype: Option<String>,
    shape: Option<Vec<u64>>,
    data_offsets: Option<[u64; 2]>,
}

impl Object for TensorObject {
    fn entry<'de, A: MapAccess<'de>>(&mut self, key: String, map: &mut A) -> Result<(), A::Error> {
        let twice = match key.as_str() {
            "dtype" => self.dtype.replace(map.next_value()?).is_some(),
            "shape" => self.shape.replace(map.next_value()?).is_some(),
            "data_offsets" => self.data_offsets.replace(map.next_value()?).is_some(),
            _ => return Err(de::Error::custom(format!("a tensor has no '{key}'"))),
        };
        if twice {
            Err(de::Error::custom(format!("the key '{key}' stands twice")))
        } else {
            Ok(())
        }
    }
}

impl<'de> Deserialize<'de> for RawTensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object: TensorObject = deserializer.deserialize_map(ObjectVisitor(PhantomData))?;
        Ok(Self {
            dtype: object
                .dtype
                .ok_or_else(|| de::Error::missing_field("dtype"))?,
            shape: object
                .shape
                .ok_or_else(|| de::Error::missing_field("shape"))?,
            data_offsets: object
                .data_offsets
                .ok_or_else(|| de::Error::missing_field("data_offsets"))?,
        })
    }
}
