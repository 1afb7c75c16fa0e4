//! The library: every delta that was trained, opened or combined, stored in this browser.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use super::state::{Deltas, OpenDelta};
use crate::ui::{
    browser::pixels::png,
    storage::{
        gallery_db::{Store, StoredDelta},
        state::Storage,
    },
};
use crate::worker::protocol::Pixels;

/// The deltas stored in this browser.
#[derive(Clone, Copy)]
pub struct Library {
    /// Newest first.
    pub list: RwSignal<Vec<Arc<StoredDelta>>>,
    storage: Storage,
    deltas: Deltas,
}

impl Library {
    /// Not loaded yet.
    pub fn new(storage: Storage, deltas: Deltas) -> Self {
        Self {
            list: RwSignal::new(Vec::new()),
            storage,
            deltas,
        }
    }

    /// Adds the deltas of earlier visits.
    pub fn add_stored(self, mut stored: Vec<Arc<StoredDelta>>) {
        stored.sort_by(|a, b| b.added.cmp(&a.added));
        self.list.update(|list| {
            stored.retain(|of| list.iter().all(|known| known.id != of.id));
            list.extend(stored);
        });
    }

    /// The stored delta of this id; not tracked.
    pub fn by_id(self, id: &str) -> Option<Arc<StoredDelta>> {
        self.list
            .with_untracked(|list| list.iter().find(|of| of.id == id).cloned())
    }

    /// Stores an open delta, with a picture made with it if there is one. Does nothing if it is
    /// stored already, unless this adds the first picture.
    pub fn store(self, open: &OpenDelta, thumbnail: Option<Pixels>) {
        let known = self
            .by_id(&open.id)
            .is_some_and(|known| !known.thumbnail.is_empty() || thumbnail.is_none());
        if known {
            return;
        }
        let open = open.clone();
        spawn_local(async move {
            let thumbnail = match thumbnail {
                Some(pixels) => png(&pixels).await.unwrap_or_default(),
                None => Vec::new(),
            };
            self.put(StoredDelta {
                id: open.id,
                added: js_sys::Date::new_0().to_iso_string().into(),
                summary: open.summary,
                file_name: open.file_name,
                file: (*open.file).clone(),
                thumbnail,
            });
        });
    }

    fn put(self, delta: StoredDelta) {
        let delta = Arc::new(delta);
        self.list.update(|list| {
            list.retain(|known| known.id != delta.id);
            list.insert(0, delta.clone());
        });
        self.storage
            .run(async move |db| db.put(Store::Deltas, &delta.id, &*delta).await);
    }

    /// Uses a picture as the thumbnail of an open delta, unless it has one.
    pub fn add_thumbnail(self, id: &str, picture: &Pixels) {
        if let Some(open) = self.deltas.by_id(id) {
            self.store(&open, Some(picture.clone()));
        }
    }

    /// A delta has new metadata, and so a new id: it replaces the old entry.
    pub fn on_described(self, old: &str, new: &str) {
        if let (Some(before), Some(after)) = (self.by_id(old), self.by_id(new)) {
            self.put(StoredDelta {
                thumbnail: before.thumbnail.clone(),
                added: before.added.clone(),
                ..(*after).clone()
            });
        }
        self.delete(old.to_owned());
    }

    /// Opens a stored delta.
    pub fn open(self, stored: &StoredDelta) {
        let file = Arc::new(stored.file.clone());
        self.deltas.open_file(stored.file_name.clone(), file, false);
    }

    /// Deletes a stored delta; an open one stays open.
    pub fn delete(self, id: String) {
        self.list.update(|list| list.retain(|of| of.id != id));
        self.storage
            .run(async move |db| db.remove(Store::Deltas, &id).await);
    }
}
