//! The library: every delta that was trained, opened or combined, kept in this browser.

use std::{rc::Rc, sync::Arc};

use leptos::{prelude::*, task::spawn_local};

use crate::ui::browser::api;
use crate::ui::browser::capabilities::Lack;
use crate::ui::browser::pixels::png;
use crate::ui::state::{Booth, Gravity, OpenDelta, Room};
use crate::ui::storage::gallery_db::{Board, KeptDelta, KeptPicture, Shelf};
use crate::ui::text;
use crate::worker::protocol::{DescribeRequest, Pixels, Request};

impl Booth {
    /// Opens the shelf and shows what is on it.
    pub fn open_shelf(self) {
        spawn_local(async move {
            let shelf = match Shelf::open().await {
                Ok(shelf) => Rc::new(shelf),
                Err(_) => {
                    self.lacks.update(|lacks| lacks.push(Lack::Storage));
                    return self.storage.set(Room::Nothing);
                }
            };
            let pictures = shelf.all::<KeptPicture>(Board::Pictures).await;
            let deltas = shelf.all::<KeptDelta>(Board::Deltas).await;
            self.shelf.set_value(Some(shelf));
            if let Ok(mut pictures) = pictures {
                pictures.reverse();
                // What was made meanwhile is newer.
                self.gallery.update(|gallery| gallery.extend(pictures));
            }
            if let Ok(mut deltas) = deltas {
                deltas.sort_by(|a, b| b.added.cmp(&a.added));
                self.library.update(|library| {
                    deltas.retain(|kept| library.iter().all(|known| known.id != kept.id));
                    library.extend(deltas);
                });
            }
            self.look_at_storage();
        });
    }

    /// Does something with the shelf, if there is one; a failure is told.
    pub fn on_shelf(self, work: impl AsyncFnOnce(Rc<Shelf>) -> Result<(), String> + 'static) {
        let Some(shelf) = self.shelf.get_value() else {
            return;
        };
        spawn_local(async move {
            if let Err(why) = work(shelf).await {
                self.tell(Gravity::Warning, text::not_kept(&why));
            }
            self.look_at_storage();
        });
    }

    /// Puts an open delta into the library, with a picture of what it makes if there is one.
    pub fn keep_delta(self, open: &OpenDelta, thumbnail: Option<Pixels>) {
        let known = self.library.with_untracked(|library| {
            let known = library.iter().find(|kept| kept.id == open.id);
            known.is_some_and(|kept| !kept.thumbnail.is_empty() || thumbnail.is_none())
        });
        if known {
            return;
        }
        let open = open.clone();
        spawn_local(async move {
            let thumbnail = match thumbnail {
                Some(pixels) => png(&pixels).await.unwrap_or_default(),
                None => Vec::new(),
            };
            self.put_delta(KeptDelta {
                id: open.id,
                added: js_sys::Date::new_0().to_iso_string().into(),
                summary: open.summary,
                file_name: open.file_name,
                file: (*open.file).clone(),
                thumbnail,
            });
        });
    }

    fn put_delta(self, kept: KeptDelta) {
        let kept = Arc::new(kept);
        self.library.update(|library| {
            library.retain(|known| known.id != kept.id);
            library.insert(0, kept.clone());
        });
        self.on_shelf(async move |shelf| shelf.put(Board::Deltas, &kept.id, &*kept).await);
    }

    /// The picture of a delta is the first that it makes alone.
    pub fn give_thumbnail(self, id: &str, picture: &Pixels) {
        let open = self
            .deltas
            .with_untracked(|deltas| deltas.iter().find(|open| open.id == id).cloned());
        if let Some(open) = open {
            self.keep_delta(&open, Some(picture.clone()));
        }
    }

    /// A delta has other words now: it takes its old place, open and in the library.
    pub fn on_described(self, was: &str, id: &str) {
        if was == id {
            return;
        }
        let strength = self.deltas.with_untracked(|deltas| {
            let old = deltas.iter().find(|open| open.id == was);
            old.map(|open| open.strength.get_untracked())
        });
        self.deltas
            .update(|deltas| deltas.retain(|open| open.id != was));
        self.deltas.with_untracked(|deltas| {
            if let (Some(new), Some(strength)) = (deltas.iter().find(|d| d.id == id), strength) {
                new.strength.set(strength);
            }
        });
        let old = self
            .library
            .with_untracked(|library| library.iter().find(|kept| kept.id == was).cloned());
        let new = self
            .library
            .with_untracked(|library| library.iter().find(|kept| kept.id == id).cloned());
        if let (Some(old), Some(new)) = (old, new) {
            self.put_delta(KeptDelta {
                thumbnail: old.thumbnail.clone(),
                added: old.added.clone(),
                ..(*new).clone()
            });
        }
        self.delete_delta(was.to_owned());
        self.rename_in_gallery(was, id);
        self.tell(Gravity::Note, text::DESCRIBED.to_owned());
    }

    /// Gives an open delta other words.
    pub fn describe(self, request: DescribeRequest) {
        self.forget_messages();
        self.send(Request::DescribeDelta(request));
    }

    /// Opens a delta of the library.
    pub fn open_kept(self, kept: &KeptDelta) {
        let file = Arc::new(kept.file.clone());
        self.open_delta(kept.file_name.clone(), file, false);
    }

    /// Takes a delta out of the library; if it is open it stays so.
    pub fn delete_delta(self, id: String) {
        self.library
            .update(|library| library.retain(|kept| kept.id != id));
        self.on_shelf(async move |shelf| shelf.remove(Board::Deltas, &id).await);
    }

    /// Opens the delta as it was at a preview.
    pub fn keep_preview(self, step: usize) {
        self.forget_messages();
        self.send(Request::KeepPreview { step });
    }

    /// Asks the browser how much is stored, and whether it may clear it.
    pub fn look_at_storage(self) {
        spawn_local(async move {
            let Some(storage) = api::of_navigator("storage") else {
                return;
            };
            let persisted = api::call(&storage, "persisted", &[]).await;
            if let Ok(estimate) = api::call(&storage, "estimate", &[]).await {
                self.storage.set(Room::Known {
                    used: api::number(&estimate, "usage").unwrap_or(0.0),
                    quota: api::number(&estimate, "quota").unwrap_or(0.0),
                    persisted: persisted.is_ok_and(|answer| answer.is_truthy()),
                });
            }
        });
    }

    /// Asks the browser to keep it all when the disk runs full.
    pub fn persist_storage(self) {
        spawn_local(async move {
            if let Some(storage) = api::of_navigator("storage") {
                let granted = api::call(&storage, "persist", &[]).await;
                if !granted.is_ok_and(|answer| answer.is_truthy()) {
                    self.tell(Gravity::Note, text::NOT_PERSISTED.to_owned());
                }
            }
            self.look_at_storage();
        });
    }
}
