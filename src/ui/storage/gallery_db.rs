//! The page's database (IndexedDB): pictures and deltas.

use std::sync::Arc;

use idb::{
    Database, DatabaseEvent, Factory, ObjectStore, ObjectStoreParams, Transaction, TransactionMode,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;

use crate::worker::protocol::{DeltaSummary, GenerateRequest};

const NAME: &str = "deltabooth";
const VERSION: u32 = 1;

/// An object store of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// [`StoredPicture`]s.
    Pictures,
    /// [`StoredDelta`]s.
    Deltas,
}

impl Store {
    fn name(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Deltas => "deltas",
        }
    }
}

/// A picture of the gallery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredPicture {
    /// Its key; sorts by time.
    pub key: String,
    /// The request that makes exactly this picture.
    pub request: GenerateRequest,
    /// Titles of its deltas; untrusted.
    pub titles: Vec<String>,
    /// A PNG file that contains its settings.
    #[serde(with = "serde_bytes")]
    pub png: Vec<u8>,
}

/// A delta of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredDelta {
    /// The hash of its contents.
    pub id: String,
    /// When it was added, ISO 8601.
    pub added: String,
    /// Its metadata; untrusted.
    pub summary: DeltaSummary,
    /// A name for its file.
    pub file_name: String,
    /// Its file.
    #[serde(with = "serde_bytes")]
    pub file: Vec<u8>,
    /// A PNG of a picture made with it; empty if there is none yet.
    #[serde(with = "serde_bytes")]
    pub thumbnail: Vec<u8>,
}

/// The open database.
pub struct GalleryDb {
    database: Database,
}

impl GalleryDb {
    /// Opens the database; creates it on the first visit.
    ///
    /// # Errors
    /// The browser's message, if it stores nothing.
    pub async fn open() -> Result<Self, String> {
        let factory = Factory::new().map_err(message)?;
        let mut request = factory.open(NAME, Some(VERSION)).map_err(message)?;
        request.on_upgrade_needed(|event| {
            if let Ok(database) = event.database() {
                for store in [Store::Pictures, Store::Deltas] {
                    // If this fails, the first use of the store reports it.
                    let _ = database.create_object_store(store.name(), ObjectStoreParams::new());
                }
            }
        });
        let database = request.await.map_err(message)?;
        Ok(Self { database })
    }

    /// Stores a value under a key, replacing the old one.
    ///
    /// # Errors
    /// The browser's message, for example about a full disk.
    pub async fn put(&self, store: Store, key: &str, value: &impl Serialize) -> Result<(), String> {
        let value = serde_wasm_bindgen::to_value(value).map_err(|why| why.to_string())?;
        let (transaction, objects) = self.begin(store, TransactionMode::ReadWrite)?;
        let request = objects.put(&value, Some(&JsValue::from_str(key)));
        request.map_err(message)?.await.map_err(message)?;
        end(transaction).await
    }

    /// All values of a store, in the order of their keys. Skips values of other versions that cannot
    /// be read.
    ///
    /// # Errors
    /// The browser's message.
    pub async fn all<T: DeserializeOwned>(&self, store: Store) -> Result<Vec<Arc<T>>, String> {
        let (_transaction, objects) = self.begin(store, TransactionMode::ReadOnly)?;
        let request = objects.get_all(None, None).map_err(message)?;
        let values = request.await.map_err(message)?;
        let read = values.into_iter().map(serde_wasm_bindgen::from_value::<T>);
        Ok(read.filter_map(Result::ok).map(Arc::new).collect())
    }

    /// Deletes the value under a key.
    ///
    /// # Errors
    /// The browser's message.
    pub async fn remove(&self, store: Store, key: &str) -> Result<(), String> {
        let (transaction, objects) = self.begin(store, TransactionMode::ReadWrite)?;
        let request = objects.delete(JsValue::from_str(key)).map_err(message)?;
        request.await.map_err(message)?;
        end(transaction).await
    }

    /// Deletes all values of a store.
    ///
    /// # Errors
    /// The browser's message.
    pub async fn clear(&self, store: Store) -> Result<(), String> {
        let (transaction, objects) = self.begin(store, TransactionMode::ReadWrite)?;
        objects.clear().map_err(message)?.await.map_err(message)?;
        end(transaction).await
    }

    fn begin(
        &self,
        store: Store,
        mode: TransactionMode,
    ) -> Result<(Transaction, ObjectStore), String> {
        let transaction = self.database.transaction(&[store.name()], mode);
        let transaction = transaction.map_err(message)?;
        let objects = transaction.object_store(store.name()).map_err(message)?;
        Ok((transaction, objects))
    }
}

/// Commits a transaction and waits until it is complete.
async fn end(transaction: Transaction) -> Result<(), String> {
    transaction
        .commit()
        .map_err(message)?
        .await
        .map_err(message)?;
    Ok(())
}

fn message(error: idb::Error) -> String {
    error.to_string()
}
