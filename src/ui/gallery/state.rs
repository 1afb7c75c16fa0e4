//! The gallery: every picture that was made, stored in this browser with its settings.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use crate::ui::{
    browser::api,
    deltas::{library::Library, state::Deltas},
    engine::ids::Ids,
    generate::{
        png::{png_with_settings, single},
        state::Generate,
    },
    messages::state::{Messages, Severity},
    storage::{
        gallery_db::{Store, StoredPicture},
        state::Storage,
    },
    text,
};
use crate::worker::protocol::{GenerateRequest, Pixels};

/// Key of the choice to store pictures in the browser's storage.
const KEEP: &str = "keep-pictures";

/// The pictures stored in this browser.
#[derive(Clone, Copy)]
pub struct Gallery {
    /// Newest first.
    pub pictures: RwSignal<Vec<Arc<StoredPicture>>>,
    /// New pictures are stored.
    pub enabled: RwSignal<bool>,
    storage: Storage,
    ids: Ids,
    messages: Messages,
    deltas: Deltas,
    library: Library,
    generate: Generate,
}

impl Gallery {
    /// Not loaded yet.
    pub fn new(
        storage: Storage,
        ids: Ids,
        messages: Messages,
        deltas: Deltas,
        library: Library,
        generate: Generate,
    ) -> Self {
        Self {
            pictures: RwSignal::new(Vec::new()),
            enabled: RwSignal::new(api::remembered(KEEP).as_deref() != Some("no")),
            storage,
            ids,
            messages,
            deltas,
            library,
            generate,
        }
    }

    /// Adds the pictures of earlier visits.
    pub fn add_stored(self, mut stored: Vec<Arc<StoredPicture>>) {
        stored.reverse();
        // Pictures that were made in the meantime are newer.
        self.pictures.update(|pictures| pictures.extend(stored));
    }

    /// Turns storing new pictures on or off.
    pub fn set_enabled(self, on: bool) {
        self.enabled.set(on);
        api::remember(KEEP, if on { "yes" } else { "no" });
    }

    /// Stores the pictures of a request, if that is enabled.
    pub fn store(self, request: &GenerateRequest, pictures: &[Pixels]) {
        if !self.enabled.get_untracked() || !request.config.attend_to.is_empty() {
            return;
        }
        let titles = self.deltas.titles_of(request);
        let date = String::from(js_sys::Date::new_0().to_iso_string());
        for (index, picture) in pictures.iter().enumerate() {
            let (picture, titles) = (picture.clone(), titles.clone());
            let request = single(request, index);
            // Sorts by time; the later pictures of a request sort as newer.
            let key = format!("{date}-{:08}-{index:03}", self.ids.next());
            spawn_local(async move {
                if let Some(file) = png_with_settings(&picture, &request, &titles).await {
                    self.add(StoredPicture {
                        key,
                        request,
                        titles,
                        png: file,
                    })
                    .await;
                }
            });
        }
    }

    async fn add(self, picture: StoredPicture) {
        let picture = Arc::new(picture);
        self.pictures
            .update(|pictures| pictures.insert(0, picture.clone()));
        self.storage
            .run_now(async move |db| db.put(Store::Pictures, &picture.key, &*picture).await)
            .await;
    }

    /// Makes a stored picture again. Opens its deltas from the library where they are not open.
    pub fn make_again(self, picture: &StoredPicture) {
        self.messages.clear();
        for of in &picture.request.deltas {
            if self.deltas.by_id(&of.id).is_some() {
                continue;
            }
            match self.library.by_id(&of.id) {
                Some(delta) => self.library.open(&delta),
                None => return self.messages.tell(Severity::Error, text::DELTA_GONE),
            }
        }
        self.generate.repeat(&picture.request);
    }

    /// A delta has a new id: its pictures refer to the new one.
    pub fn on_described(self, old: &str, new: &str) {
        let uses =
            |picture: &&Arc<StoredPicture>| picture.request.deltas.iter().any(|of| of.id == old);
        let renamed = |picture: &Arc<StoredPicture>| {
            let mut picture = (**picture).clone();
            for of in picture.request.deltas.iter_mut().filter(|of| of.id == old) {
                of.id = new.to_owned();
            }
            Arc::new(picture)
        };
        let changed: Vec<Arc<StoredPicture>> = self
            .pictures
            .with_untracked(|pictures| pictures.iter().filter(uses).map(renamed).collect());
        if changed.is_empty() {
            return;
        }
        self.pictures.update(|pictures| {
            for picture in pictures.iter_mut() {
                if let Some(new) = changed.iter().find(|new| new.key == picture.key) {
                    *picture = new.clone();
                }
            }
        });
        self.storage.run(async move |db| {
            for picture in &changed {
                db.put(Store::Pictures, &picture.key, &**picture).await?;
            }
            Ok(())
        });
    }

    /// Deletes a picture.
    pub fn delete(self, key: String) {
        self.pictures
            .update(|pictures| pictures.retain(|picture| picture.key != key));
        self.storage
            .run(async move |db| db.remove(Store::Pictures, &key).await);
    }

    /// Deletes all pictures.
    pub fn delete_all(self) {
        self.pictures.set(Vec::new());
        self.storage.run(async |db| db.clear(Store::Pictures).await);
    }
}
