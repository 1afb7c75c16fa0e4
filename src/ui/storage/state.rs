//! The open database, and how much storage this site uses.

use std::rc::Rc;

use leptos::{prelude::*, task::spawn_local};

use super::gallery_db::GalleryDb;
use crate::ui::{
    browser::{
        api,
        capabilities::{Capabilities, MissingCapability},
    },
    messages::state::{Messages, Severity},
    text,
};

/// The storage that this site uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StorageUse {
    /// Not known yet.
    Unknown,
    /// The browser stores nothing.
    Unavailable,
    /// Known.
    Known {
        /// Bytes in use.
        used: f64,
        /// Bytes available to this site.
        quota: f64,
        /// The browser promised not to delete it.
        persisted: bool,
    },
}

/// The open database, and how much storage this site uses.
#[derive(Clone, Copy)]
pub struct Storage {
    /// The storage that this site uses.
    pub usage: RwSignal<StorageUse>,
    db: StoredValue<Option<Rc<GalleryDb>>, LocalStorage>,
    messages: Messages,
    capabilities: Capabilities,
}

impl Storage {
    /// Not open yet.
    pub fn new(messages: Messages, capabilities: Capabilities) -> Self {
        Self {
            usage: RwSignal::new(StorageUse::Unknown),
            db: StoredValue::new_local(None),
            messages,
            capabilities,
        }
    }

    /// Opens the database; `None` if the browser stores nothing.
    pub async fn open(self) -> Option<Rc<GalleryDb>> {
        match GalleryDb::open().await {
            Ok(db) => Some(Rc::new(db)),
            Err(_) => {
                self.capabilities.add(MissingCapability::Storage);
                self.usage.set(StorageUse::Unavailable);
                None
            }
        }
    }

    /// Uses a database from now on, for everything that is stored.
    pub fn set_db(self, db: Rc<GalleryDb>) {
        self.db.set_value(Some(db));
    }

    /// Runs a task on the database, if there is one. Tells the user if it fails.
    pub fn run(self, task: impl AsyncFnOnce(Rc<GalleryDb>) -> Result<(), String> + 'static) {
        let Some(db) = self.db.get_value() else {
            return;
        };
        spawn_local(async move {
            self.report(task(db).await);
            self.measure();
        });
    }

    /// Like [`run`](Self::run), and waits for the end.
    pub async fn run_now(self, task: impl AsyncFnOnce(Rc<GalleryDb>) -> Result<(), String>) {
        if let Some(db) = self.db.get_value() {
            self.report(task(db).await);
        }
        self.measure();
    }

    fn report(self, result: Result<(), String>) {
        if let Err(why) = result {
            self.messages
                .tell(Severity::Warning, text::not_stored(&why));
        }
    }

    /// Asks the browser how much is stored, and whether it may delete it.
    pub fn measure(self) {
        spawn_local(async move {
            let Some(storage) = api::of_navigator("storage") else {
                return;
            };
            let persisted = api::call(&storage, "persisted", &[]).await;
            if let Ok(estimate) = api::call(&storage, "estimate", &[]).await {
                self.usage.set(StorageUse::Known {
                    used: api::number(&estimate, "usage").unwrap_or(0.0),
                    quota: api::number(&estimate, "quota").unwrap_or(0.0),
                    persisted: persisted.is_ok_and(|answer| answer.is_truthy()),
                });
            }
        });
    }

    /// Asks the browser never to delete what is stored.
    pub fn persist(self) {
        spawn_local(async move {
            if let Some(storage) = api::of_navigator("storage") {
                let granted = api::call(&storage, "persist", &[]).await;
                if !granted.is_ok_and(|answer| answer.is_truthy()) {
                    self.messages.tell(Severity::Note, text::NOT_PERSISTED);
                }
            }
            self.measure();
        });
    }
}
