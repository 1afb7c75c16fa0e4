//! What the page keeps in this browser, in IndexedDB: pictures that were made, and deltas.

use std::sync::Arc;

use idb::{
    Database, DatabaseEvent, Factory, ObjectStore, ObjectStoreParams, Transaction, TransactionMode,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;

use crate::worker::protocol::{DeltaSummary, GenerateRequest};

const NAME: &str = "deltabooth";
const VERSION: u32 = 1;

/// One of the two boards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// [`KeptPicture`]s.
    Pictures,
    /// [`KeptDelta`]s.
    Deltas,
}

impl Board {
    fn name(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Deltas => "deltas",
        }
    }
}

/// A picture of the gallery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptPicture {
    /// Sorts by the time at which it was made.
    pub key: String,
    /// Asks for exactly this picture.
    pub request: GenerateRequest,
    /// Titles of its deltas; untrusted.
    pub titles: Vec<String>,
    /// A PNG file with its settings inside.
    #[serde(with = "serde_bytes")]
    pub png: Vec<u8>,
}

/// A delta of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptDelta {
    /// Its content's hash.
    pub id: String,
    /// When it came, ISO 8601.
    pub added: String,
    /// What it says of itself; untrusted.
    pub summary: DeltaSummary,
    /// A name for its file.
    pub file_name: String,
    /// Its file.
    #[serde(with = "serde_bytes")]
    pub file: Vec<u8>,
    /// A PNG of what it makes; empty before there is one.
    #[serde(with = "serde_bytes")]
    pub thumbnail: Vec<u8>,
}

/// The open database.
pub struct Shelf {
    database: Database,
}

impl Shelf {
    /// Opens it, and makes it on the first visit.
    ///
    /// # Errors
    /// The browser's reason, where it keeps nothing.
    pub async fn open() -> Result<Self, String> {
        let factory = Factory::new().map_err(said)?;
        let mut request = factory.open(NAME, Some(VERSION)).map_err(said)?;
        request.on_upgrade_needed(|event| {
            if let Ok(database) = event.database() {
                for board in [Board::Pictures, Board::Deltas] {
                    // If it cannot be made, the first use says so.
                    let _ = database.create_object_store(board.name(), ObjectStoreParams::new());
                }
            }
        });
        let database = request.await.map_err(said)?;
        Ok(Self { database })
    }

    /// Puts something under a key, in the place of what was there.
    ///
    /// # Errors
    /// The browser's reason, such as a full disk.
    pub async fn put(&self, board: Board, key: &str, value: &impl Serialize) -> Result<(), String> {
        let value = serde_wasm_bindgen::to_value(value).map_err(|why| why.to_string())?;
        let (transaction, store) = self.begin(board, TransactionMode::ReadWrite)?;
        let request = store.put(&value, Some(&JsValue::from_str(key)));
        request.map_err(said)?.await.map_err(said)?;
        end(transaction).await
    }

    /// Everything of a board, in the order of its keys. What another version wrote and this one
    /// cannot read is passed over, and stays.
    ///
    /// # Errors
    /// The browser's reason.
    pub async fn all<T: DeserializeOwned>(&self, board: Board) -> Result<Vec<Arc<T>>, String> {
        let (_transaction, store) = self.begin(board, TransactionMode::ReadOnly)?;
        let request = store.get_all(None, None).map_err(said)?;
        let values = request.await.map_err(said)?;
        let read = values.into_iter().map(serde_wasm_bindgen::from_value::<T>);
        Ok(read.filter_map(Result::ok).map(Arc::new).collect())
    }

    /// Deletes what is under a key.
    ///
    /// # Errors
    /// The browser's reason.
    pub async fn remove(&self, board: Board, key: &str) -> Result<(), String> {
        let (transaction, store) = self.begin(board, TransactionMode::ReadWrite)?;
        let request = store.delete(JsValue::from_str(key)).map_err(said)?;
        request.await.map_err(said)?;
        end(transaction).await
    }

    /// Deletes everything of a board.
    ///
    /// # Errors
    /// The browser's reason.
    pub async fn clear(&self, board: Board) -> Result<(), String> {
        let (transaction, store) = self.begin(board, TransactionMode::ReadWrite)?;
        store.clear().map_err(said)?.await.map_err(said)?;
        end(transaction).await
    }

    fn begin(
        &self,
        board: Board,
        mode: TransactionMode,
    ) -> Result<(Transaction, ObjectStore), String> {
        let transaction = self.database.transaction(&[board.name()], mode);
        let transaction = transaction.map_err(said)?;
        let store = transaction.object_store(board.name()).map_err(said)?;
        Ok((transaction, store))
    }
}

/// Waits until what a transaction changed is certain to be on the disk.
async fn end(transaction: Transaction) -> Result<(), String> {
    transaction.commit().map_err(said)?.await.map_err(said)?;
    Ok(())
}

fn said(error: idb::Error) -> String {
    error.to_string()
}
