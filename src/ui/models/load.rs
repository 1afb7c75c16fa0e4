//! Loading a base model, and what follows when it is loaded or refused.

use leptos::prelude::*;

use super::state::{Models, Previous};
use crate::config::presets::SMALL_RESOLUTION;
use crate::config::{GenerateConfig, TrainConfigStoreFields};
use crate::ui::engine::connection::EngineStatus;
use crate::worker::{
    client::PickedFile,
    protocol::{BaseDefaults, BaseSource, PlanRequest, Request},
};

impl Models {
    /// Loads a model in place of the current one.
    pub fn load(self, source: BaseSource) {
        self.load_files(source, Vec::new());
    }

    /// Like [`load`](Self::load), with files from the user's disk.
    pub fn load_files(self, source: BaseSource, files: Vec<PickedFile>) {
        self.custom.set_files_sent(files);
        self.memory.refused.set(None);
        self.begin(source, false);
    }

    /// Loads the model that was refused because it does not fit.
    pub fn load_anyway(self) {
        if let Some(source) = self.memory.refused.get_untracked() {
            self.memory.refused.set(None);
            self.begin(source, true);
        }
    }

    fn begin(self, source: BaseSource, anyway: bool) {
        let context = self.context;
        self.remember_previous();
        context.messages.clear();
        self.panel_open.set(false);
        self.name.set(String::new());
        self.source.set(source);
        self.hash.set(None);
        context.device.check.set(None);
        context.unfinished.set(None);
        context.activity.reset();
        context.engine.status.set(EngineStatus::Loading);
        self.request(anyway);
    }

    /// Asks the engine for the current model; `anyway` loads it even if it does not fit.
    pub fn request(self, anyway: bool) {
        self.download.clear();
        let request = Request::Load {
            source: self.source.get_untracked(),
            device: self.context.device.choice.get_value(),
            size: None,
            memory: untrack(|| self.memory.stated_bytes()),
            anyway,
        };
        let files = self.custom.files_sent();
        self.context.engine.send_first(request, files);
    }

    /// Loads the embedded model after another one failed or was cancelled; false if the embedded
    /// one itself failed.
    pub fn fall_back(self) -> bool {
        let embedded = self.embedded();
        if self.source.get_untracked() == embedded {
            return false;
        }
        self.custom.set_files_sent(Vec::new());
        self.begin(embedded, false);
        true
    }

    /// A model is loaded: the settings take its defaults.
    pub fn on_loaded(self, name: String, size: usize) {
        self.download.clear();
        self.name.set(name);
        let source = self.source.get_untracked();
        match untrack(|| self.entry(&source)) {
            Some(entry) => self.use_defaults(&entry.defaults),
            None => self.context.generate.suit(&GenerateConfig::default()),
        }
        let plan = untrack(|| self.memory.current());
        let large = plan.is_some_and(|plan| plan.own_size > SMALL_RESOLUTION);
        self.memory.size.set(size);
        self.context.effort.set_large(large);
    }

    fn use_defaults(self, defaults: &BaseDefaults) {
        self.context.generate.suit(&GenerateConfig {
            sampler: defaults.sampler,
            num_inference_steps: defaults.steps,
            guidance_scale: defaults.guidance_scale,
            ..GenerateConfig::default()
        });
    }

    /// Remembers the loaded model until the next one is loaded.
    fn remember_previous(self) {
        let previous = self.hash.get_untracked().map(|hash| Previous {
            source: self.source.get_untracked(),
            name: self.name.get_untracked(),
            hash,
            unfinished: self.context.unfinished.get_untracked(),
        });
        self.previous.set_value(previous);
    }

    /// A model was refused because it does not fit. Returns to the previous one; false if there is
    /// none.
    pub fn on_refused(self) -> bool {
        let refused = self.source.get_untracked();
        self.memory.refused.set(Some(refused));
        let Some(previous) = self.previous.try_update_value(Option::take).flatten() else {
            return false;
        };
        self.source.set(previous.source);
        self.name.set(previous.name);
        self.hash.set(Some(previous.hash));
        self.context.unfinished.set(previous.unfinished);
        self.context.activity.reset();
        self.context.engine.status.set(EngineStatus::Ready);
        true
    }

    /// Asks how much memory a model needs; the engine fetches only its config files.
    pub fn ask_plan(self, source: BaseSource) {
        let entry = untrack(|| self.entry(&source));
        let large = entry.map(|entry| entry.defaults.resolution) > Some(SMALL_RESOLUTION);
        let samples = self.context.effort.samples_with(large);
        self.memory.asked.update(|asked| asked.push(source.clone()));
        let request = untrack(|| self.plan_request(source));
        self.context.engine.send(Request::Plan(PlanRequest {
            size: None,
            samples,
            ..request
        }));
    }

    /// Requests the plan of the loaded model again whenever something that it depends on changes
    /// and the engine is idle.
    pub fn follow_plan(self) {
        let wanted = Memo::new(move |_| {
            let idle = self.can_change() && self.memory.size.get() > 0;
            idle.then(|| self.plan_request(self.source.get()))
        });
        Effect::new(move |_| {
            if let Some(request) = wanted.get() {
                self.context.engine.send(Request::Plan(request));
            }
        });
    }

    /// Tracked.
    fn plan_request(self, source: BaseSource) -> PlanRequest {
        let size = self.memory.size.get();
        let train = self.context.train;
        PlanRequest {
            source,
            size: (size > 0).then_some(size),
            memory: self.memory.stated_bytes(),
            layers: train.layers().get(),
            text_encoder: train.train_text_encoder().get(),
            samples: train.get().samples_per_step(),
        }
    }
}
