//! The state of the page: one struct for each feature, built and provided as contexts here.
//!
//! Features hold the other features that they need; see [`Page::new`] for the order. Components
//! take the ones they need with `expect_context`. Only this folder sees all of them.

use leptos::prelude::*;

use crate::config::TrainConfig;
use crate::ui::{
    browser::{capabilities::Capabilities, options::Options},
    collages::state::Collages,
    deltas::{library::Library, state::Deltas},
    engine::{activity::Activity, connection::Engine, device::Device, ids::Ids},
    gallery::state::Gallery,
    generate::{edit::Editing, results::Results, state::Generate},
    intake::Intake,
    messages::state::Messages,
    models::state::{ModelContext, Models},
    settings::{TrainSettings, effort::RecommendedEffort, generate::GenerateSettings},
    sharing::{share::Share, shared_link::SharedLink},
    storage::state::Storage,
    subjects::state::Subjects,
    training::state::Training,
};

/// All features of the page.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) capabilities: Capabilities,
    pub(super) engine: Engine,
    pub(super) activity: Activity,
    pub(super) device: Device,
    pub(super) messages: Messages,
    pub(super) subjects: Subjects,
    pub(super) collages: Collages,
    pub(super) training: Training,
    pub(super) models: Models,
    pub(super) storage: Storage,
    pub(super) deltas: Deltas,
    pub(super) library: Library,
    pub(super) intake: Intake,
    pub(super) generate: Generate,
    pub(super) editing: Editing,
    pub(super) gallery: Gallery,
    pub(super) share: Share,
    pub(super) shared_link: SharedLink,
}

impl Page {
    /// Builds all features.
    pub(super) fn new(options: &Options) -> Self {
        let ids = Ids::new();
        let (train, generate) = (
            TrainSettings::new(TrainConfig::default()),
            GenerateSettings::new(),
        );
        let results = Results::new();
        let capabilities = Capabilities::new();
        let engine = Engine::new();
        let activity = Activity::new(Signal::derive(move || results.is_waiting()));
        let device = Device::new(options.device, engine, activity, capabilities);
        let messages = Messages::new(ids);
        let effort = RecommendedEffort::new(train);
        let subjects = Subjects::new(engine, ids, effort);
        let collages = Collages::new(engine, subjects, train);
        let training = Training::new(
            train, engine, device, activity, messages, subjects, collages,
        );
        let context = ModelContext {
            engine,
            activity,
            device,
            messages,
            train,
            generate,
            effort,
            unfinished: training.unfinished,
        };
        let models = Models::new(options.base.clone(), options.memory, context);
        let storage = Storage::new(messages, capabilities);
        let deltas = Deltas::new(engine, activity, messages, ids);
        let library = Library::new(storage, deltas);
        let intake = Intake::new(subjects, deltas, messages);
        let generate = Generate::new(
            generate, results, engine, activity, messages, ids, deltas, subjects,
        );
        Self {
            capabilities,
            engine,
            activity,
            device,
            messages,
            subjects,
            collages,
            training,
            models,
            storage,
            deltas,
            library,
            intake,
            generate,
            editing: Editing::new(generate),
            gallery: Gallery::new(storage, ids, messages, deltas, library, generate),
            share: Share::new(engine, messages, generate),
            shared_link: SharedLink::new(engine, messages, deltas, generate),
        }
    }

    /// Provides every feature as a context.
    pub(super) fn provide(self) {
        provide_context(self.capabilities);
        provide_context(self.engine);
        provide_context(self.activity);
        provide_context(self.device);
        provide_context(self.messages);
        provide_context(self.subjects);
        provide_context(self.collages);
        provide_context(self.training.settings);
        provide_context(self.training);
        provide_context(self.models);
        provide_context(self.storage);
        provide_context(self.deltas);
        provide_context(self.library);
        provide_context(self.intake);
        provide_context(self.generate.settings);
        provide_context(self.generate);
        provide_context(self.editing);
        provide_context(self.gallery);
        provide_context(self.share);
        provide_context(self.shared_link);
    }
}
