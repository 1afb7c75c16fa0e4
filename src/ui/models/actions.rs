//! The model: which one is loaded or on its way, which ones there are, what is kept of them.

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::ui::browser::api;
use crate::ui::models::custom_model::Own;
use crate::ui::models::transfer_rate::Rate;
use crate::ui::state::{Booth, Engine, Stages};
use crate::worker::{
    client::PickedFile,
    protocol::{BaseDefaults, BaseSource, BytesFrom, CatalogueBase, Request, StoredBase},
};

/// What the page knows of models.
#[derive(Clone, Copy)]
pub struct Bases {
    /// The one that is loaded or on its way.
    pub source: RwSignal<BaseSource>,
    /// What it calls itself, once it is loaded.
    pub name: RwSignal<String>,
    /// The choice is on the page.
    pub shown: RwSignal<bool>,
    /// What whoever hosts the page offers; `None` until the engine has read it.
    pub catalogue: RwSignal<Option<Vec<CatalogueBase>>>,
    /// What this browser keeps.
    pub stored: RwSignal<Vec<StoredBase>>,
    /// A base of the person's own.
    pub own: Own,
    /// Licences that the person agreed to, by the bases' ids.
    pub agreed: RwSignal<BTreeSet<String>>,
    /// A download that is under way.
    pub download: RwSignal<Option<Download>>,
    /// It holds still.
    pub paused: RwSignal<bool>,
    rate: StoredValue<Rate>,
}

/// How far a download has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    /// The file that is being read.
    pub path: String,
    /// Where from.
    pub from: BytesFrom,
    /// Bytes of the whole base.
    pub done: u64,
    /// The same in all; 0 while nobody knows it.
    pub total: u64,
    /// Bytes a second; 0 while nobody knows it.
    pub rate: f64,
    /// Why it waits, and for how many seconds.
    pub retry: Option<(String, f32)>,
}

impl Bases {
    /// `source` is loaded first.
    pub fn new(source: BaseSource) -> Self {
        let agreed = api::remembered("licences").unwrap_or_default();
        Self {
            source: RwSignal::new(source),
            name: RwSignal::new(String::new()),
            shown: RwSignal::new(false),
            catalogue: RwSignal::new(None),
            stored: RwSignal::new(Vec::new()),
            own: Own::new(),
            agreed: RwSignal::new(agreed.split_whitespace().map(str::to_owned).collect()),
            download: RwSignal::new(None),
            paused: RwSignal::new(false),
            rate: StoredValue::new(Rate::default()),
        }
    }

    /// What the catalogue says of a source.
    pub fn entry(&self, source: &BaseSource) -> Option<CatalogueBase> {
        let BaseSource::Catalogue { id } = source else {
            return None;
        };
        self.catalogue.with(|catalogue| {
            let bases = catalogue.as_ref()?;
            bases.iter().find(|base| base.id == *id).cloned()
        })
    }

    /// Remembers whether the person agrees to a base's licence.
    pub fn agree(&self, id: &str, yes: bool) {
        self.agreed.update(|agreed| {
            if yes {
                agreed.insert(id.to_owned());
            } else {
                agreed.remove(id);
            }
        });
        let agreed: Vec<String> = self.agreed.get_untracked().into_iter().collect();
        api::remember("licences", &agreed.join(" "));
    }
}

impl Booth {
    /// Shows or hides the choice of models.
    pub fn toggle_bases(self) {
        let shown = !self.bases.shown.get_untracked();
        self.bases.shown.set(shown);
        if shown {
            self.send(Request::ListCatalogue);
            self.send(Request::ListStored);
        }
    }

    /// True while another model can be loaded; tracked.
    pub fn can_change_base(self) -> bool {
        self.engine.get() == Engine::Ready && !self.is_training() && !self.is_generating()
    }

    /// Loads a model in place of the one that is loaded.
    pub fn load_base(self, source: BaseSource) {
        self.load_own(source, Vec::new());
    }

    /// As [`load_base`](Self::load_base), with files of the person's disk.
    pub fn load_own(self, source: BaseSource, files: Vec<PickedFile>) {
        self.send_files(files);
        self.plans.refused.set(None);
        self.begin_base(source, false);
    }

    /// Loads a model whose files the engine gets as they were sent last; `anyway` if it was refused
    /// because it cannot fit.
    pub fn begin_base(self, source: BaseSource, anyway: bool) {
        self.keep_before();
        self.forget_messages();
        self.bases.shown.set(false);
        self.bases.name.set(String::new());
        self.bases.source.set(source);
        self.base_hash.set(None);
        self.check.set(None);
        self.unfinished.set(None);
        self.stages.set(Stages::default());
        self.engine.set(Engine::Loading);
        self.ask_for_base(anyway);
    }

    /// Asks the engine for the chosen model.
    pub fn request_base(self) {
        self.ask_for_base(false);
    }

    fn ask_for_base(self, anyway: bool) {
        self.forget_download();
        let device = self.options.with_value(|options| options.device);
        self.post_load(Request::Load {
            source: self.bases.source.get_untracked(),
            device,
            size: None,
            memory: untrack(|| self.plans.memory()),
            anyway,
        });
    }

    /// What a model of the catalogue is loaded by; the one that comes with the page needs no catalogue.
    pub fn source_of(self, base: &CatalogueBase) -> BaseSource {
        if base.embedded {
            return self.embedded_base();
        }
        BaseSource::Catalogue {
            id: base.id.clone(),
        }
    }

    fn embedded_base(self) -> BaseSource {
        let url = self.options.with_value(|options| options.base.clone());
        BaseSource::Folder { url }
    }

    /// The model that comes with the page, after another one could not be loaded or was not
    /// waited for; false if it is that one that failed.
    pub fn fall_back(self) -> bool {
        let embedded = self.embedded_base();
        if self.bases.source.get_untracked() == embedded {
            return false;
        }
        self.send_files(Vec::new());
        self.begin_base(embedded, false);
        true
    }

    /// Bytes have come.
    pub fn on_download(self, path: String, from: BytesFrom, done: u64, total: u64) {
        // After a training its model comes back by itself.
        if self.engine.get_untracked() != Engine::Loading {
            return;
        }
        let now = js_sys::Date::now() / 1000.0;
        let rate = self
            .bases
            .rate
            .try_update_value(|rate| rate.at(now, done))
            .unwrap_or(0.0);
        self.bases.download.set(Some(Download {
            path,
            from,
            done,
            total,
            rate,
            retry: None,
        }));
    }

    /// The server did not answer well; it is asked again.
    pub fn on_retry(self, reason: String, seconds: f32) {
        self.bases.download.update(|download| {
            if let Some(download) = download {
                download.retry = Some((reason, seconds));
            }
        });
    }

    /// Holds a download still, or lets it go on.
    pub fn pause_download(self) {
        let paused = !self.bases.paused.get_untracked();
        self.bases.paused.set(paused);
        self.bases.rate.set_value(Rate::default());
        self.post(if paused {
            Request::Pause
        } else {
            Request::Resume
        });
    }

    /// Nothing is on its way any more.
    pub fn forget_download(self) {
        self.bases.download.set(None);
        self.bases.paused.set(false);
        self.bases.rate.set_value(Rate::default());
    }

    /// A model is loaded: card 3 takes what suits it.
    pub fn on_base(self, name: String) {
        self.forget_download();
        self.bases.name.set(name);
        let source = self.bases.source.get_untracked();
        let entry = untrack(|| self.bases.entry(&source));
        match entry {
            Some(entry) => self.suit(&entry.defaults),
            None => self.generate.suit_embedded(),
        }
    }

    fn suit(self, defaults: &BaseDefaults) {
        self.generate.sampler.set(defaults.sampler);
        self.generate.steps.set(defaults.steps as f64);
        self.generate.guidance_scale.set(defaults.guidance_scale);
    }

    /// Removes what is kept of a model.
    pub fn remove_stored(self, key: String) {
        self.send(Request::RemoveStored { keys: vec![key] });
    }
}
