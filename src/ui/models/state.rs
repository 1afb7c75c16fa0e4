//! The base model: the loaded one, and those to choose from.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::{custom_model::CustomModel, download::Download, memory::MemoryPlans};
use crate::ui::{
    browser::api,
    engine::{
        activity::Activity,
        connection::{Engine, EngineStatus},
        device::Device,
    },
    messages::state::Messages,
    settings::{TrainSettings, effort::RecommendedEffort, generate::GenerateSettings},
};
use crate::worker::protocol::{
    BaseSource, CatalogueBase, Request, StoredBase, TokenizerOffer, UnfinishedRun,
};

/// Key of the accepted licences in the browser's storage.
const LICENCES: &str = "licences";

/// The features and settings that [`Models`] needs.
#[derive(Clone, Copy)]
pub struct ModelContext {
    /// The engine.
    pub engine: Engine,
    /// What it is doing.
    pub activity: Activity,
    /// Its device.
    pub device: Device,
    /// Messages to the user.
    pub messages: Messages,
    /// The settings of training, which a plan depends on.
    pub train: TrainSettings,
    /// Takes the defaults of a loaded model.
    pub generate: GenerateSettings,
    /// Follows the size of a loaded model's pictures.
    pub effort: RecommendedEffort,
    /// The unfinished run of the loaded model.
    pub unfinished: RwSignal<Option<UnfinishedRun>>,
}

/// The base model: the loaded one, and those to choose from.
#[derive(Clone, Copy)]
pub struct Models {
    /// The model that is loaded or loading.
    pub source: RwSignal<BaseSource>,
    /// Its name, once it is loaded.
    pub name: RwSignal<String>,
    /// Its SHA-256, once it is loaded.
    pub hash: RwSignal<Option<String>>,
    /// The panel of models is open.
    pub panel_open: RwSignal<bool>,
    /// The models that the site offers; `None` until the engine has read the catalogue.
    pub catalogue: RwSignal<Option<Vec<CatalogueBase>>>,
    /// The models stored in this browser.
    pub stored: RwSignal<Vec<StoredBase>>,
    /// The user's own model.
    pub custom: CustomModel,
    /// Memory plans, and the size of pictures.
    pub memory: MemoryPlans,
    /// The current download.
    pub download: Download,
    /// Ids of the models whose licence the user accepted.
    pub accepted: RwSignal<BTreeSet<String>>,
    /// The folder of the model that is served with the page.
    embedded_url: StoredValue<String>,
    /// The model to return to if the next one is refused.
    pub(super) previous: StoredValue<Option<Previous>>,
    pub(super) context: ModelContext,
}

/// A model that stays loaded until the next one fits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Previous {
    pub(super) source: BaseSource,
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) unfinished: Option<UnfinishedRun>,
}

impl Models {
    /// `embedded_url` is the folder of the model that is loaded first, `memory` the gigabytes of
    /// GPU memory that the page's address states.
    pub fn new(embedded_url: String, memory: Option<f64>, context: ModelContext) -> Self {
        let accepted = api::remembered(LICENCES).unwrap_or_default();
        let accepted = accepted.split_whitespace().map(str::to_owned).collect();
        let source = RwSignal::new(BaseSource::Folder {
            url: embedded_url.clone(),
        });
        Self {
            source,
            name: RwSignal::new(String::new()),
            hash: RwSignal::new(None),
            panel_open: RwSignal::new(false),
            catalogue: RwSignal::new(None),
            stored: RwSignal::new(Vec::new()),
            custom: CustomModel::new(),
            memory: MemoryPlans::new(memory, source, context.engine),
            download: Download::new(context.engine),
            accepted: RwSignal::new(accepted),
            embedded_url: StoredValue::new(embedded_url),
            previous: StoredValue::new(None),
            context,
        }
    }

    /// Opens or closes the panel of models.
    pub fn toggle_panel(self) {
        let open = !self.panel_open.get_untracked();
        self.panel_open.set(open);
        if open {
            self.context.engine.send(Request::ListCatalogue);
            self.context.engine.send(Request::ListStored);
        }
    }

    /// True if another model can be loaded now; tracked.
    pub fn can_change(self) -> bool {
        self.context.engine.status.get() == EngineStatus::Ready && !self.context.activity.is_busy()
    }

    /// The catalogue has arrived, with its offer of a tokenizer for checkpoints of one file.
    pub fn on_catalogue(self, models: Vec<CatalogueBase>, tokenizer: Option<TokenizerOffer>) {
        self.catalogue.set(Some(models));
        self.custom.offer.set(tokenizer);
    }

    /// The catalogue's entry of a source; tracked.
    pub fn entry(self, source: &BaseSource) -> Option<CatalogueBase> {
        let BaseSource::Catalogue { id } = source else {
            return None;
        };
        self.catalogue.with(|catalogue| {
            let models = catalogue.as_ref()?;
            models.iter().find(|model| model.id == *id).cloned()
        })
    }

    /// The source of a catalogue entry; the embedded model is loaded from its folder.
    pub fn source_of(self, entry: &CatalogueBase) -> BaseSource {
        if entry.embedded {
            return self.embedded();
        }
        BaseSource::Catalogue {
            id: entry.id.clone(),
        }
    }

    /// The model that is served with the page.
    pub(super) fn embedded(self) -> BaseSource {
        BaseSource::Folder {
            url: self.embedded_url.get_value(),
        }
    }

    /// Accepts the licence of a model, or takes it back.
    pub fn accept_licence(self, id: &str, accept: bool) {
        self.accepted.update(|accepted| {
            if accept {
                accepted.insert(id.to_owned());
            } else {
                accepted.remove(id);
            }
        });
        let accepted: Vec<String> = self.accepted.get_untracked().into_iter().collect();
        api::remember(LICENCES, &accepted.join(" "));
    }

    /// Deletes a stored model.
    pub fn remove_stored(self, key: String) {
        self.context
            .engine
            .send(Request::RemoveStored { keys: vec![key] });
    }
}
