//! What models take of memory here, what is done about it, and the size of pictures.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::recipe::{self, Effort};
use crate::ui::browser::api;
use crate::ui::state::{Booth, Engine, Stages};
use crate::worker::protocol::{
    BasePlan, BaseSource, MemoryUse, PlanRequest, Request, UnfinishedRun,
};

/// A gigabyte, as memory is stated.
const GB: f64 = 1e9;
/// What this browser remembers of its GPU's memory.
const MEMORY: &str = "memory";

/// What the page knows of memory.
#[derive(Clone, Copy)]
pub struct Plans {
    /// Plans by their models.
    pub of: RwSignal<BTreeMap<BaseSource, BasePlan>>,
    /// Gigabytes of the GPU's memory, as the person states them; 0 if not.
    pub stated: RwSignal<f64>,
    /// Pixels a side of the pictures; 0 before a model is loaded.
    pub size: RwSignal<usize>,
    /// The model makes larger pictures than those of the built-in one's kind.
    pub large: RwSignal<bool>,
    /// A model that was refused because it cannot fit.
    pub refused: RwSignal<Option<BaseSource>>,
    /// Models whose plan is on its way.
    pub asked: RwSignal<Vec<BaseSource>>,
    /// What the last training took, and the last pictures.
    pub used: RwSignal<Vec<MemoryUse>>,
    /// The model to go back to if the next one is refused.
    before: StoredValue<Option<Before>>,
}

/// A model that stays loaded until another one is begun.
#[derive(Clone, Debug, PartialEq)]
struct Before {
    source: BaseSource,
    name: String,
    hash: String,
    unfinished: Option<UnfinishedRun>,
}

impl Plans {
    /// `stated` are gigabytes that the page's address speaks of.
    pub fn new(stated: Option<f64>) -> Self {
        let remembered = || api::remembered(MEMORY)?.parse().ok();
        Self {
            of: RwSignal::new(BTreeMap::new()),
            stated: RwSignal::new(stated.or_else(remembered).map_or(0.0, gigabytes)),
            size: RwSignal::new(0),
            large: RwSignal::new(false),
            refused: RwSignal::new(None),
            asked: RwSignal::new(Vec::new()),
            used: RwSignal::new(Vec::new()),
            before: StoredValue::new(None),
        }
    }

    /// The bytes that the person states; tracked.
    pub fn memory(&self) -> Option<u64> {
        bytes(self.stated.get())
    }
}

/// What can be meant by a number of gigabytes; 0 otherwise.
fn gigabytes(stated: f64) -> f64 {
    if stated.is_finite() && (0.5..=1_000.0).contains(&stated) {
        stated
    } else {
        0.0
    }
}

/// What a value becomes when its default changes: it follows, unless a person chose another one.
pub fn followed(now: f64, before: f64, after: f64) -> f64 {
    if now == before { after } else { now }
}

/// The effort of so many subjects with a model of large or small pictures, and the norms' learning
/// rate.
fn effort_of(large: bool, subjects: usize) -> (Effort, f64) {
    if large {
        (
            recipe::paper_effort(subjects),
            recipe::PAPER_LEARNING_RATE_1D,
        )
    } else {
        (recipe::effort(subjects), recipe::LEARNING_RATE_1D)
    }
}

/// Gigabytes as bytes; `None` if nobody stated them.
fn bytes(stated: f64) -> Option<u64> {
    let stated = gigabytes(stated);
    (stated > 0.0).then_some((stated * GB) as u64)
}

impl Booth {
    /// The plan of the model that is loaded; tracked.
    pub fn plan(self) -> Option<BasePlan> {
        let source = self.bases.source.get();
        self.plans.of.with(|plans| plans.get(&source).cloned())
    }

    /// The plan follows all that it depends on, while the engine has nothing else to do.
    pub fn follow_plan(self) {
        let wanted = Memo::new(move |_| {
            let idle = self.engine.get() == Engine::Ready
                && !self.is_training()
                && !self.is_generating()
                && self.plans.size.get() > 0;
            idle.then(|| self.plan_request(self.bases.source.get()))
        });
        Effect::new(move |_| {
            if let Some(request) = wanted.get() {
                self.send(Request::Plan(request));
            }
        });
    }

    /// Asks what a model takes: its config files are fetched, and nothing else.
    pub fn ask_plan(self, source: BaseSource) {
        self.plans.asked.update(|asked| asked.push(source.clone()));
        let samples = untrack(|| self.samples_once_loaded(&source));
        let request = untrack(|| self.plan_request(source));
        self.send(Request::Plan(PlanRequest {
            size: None,
            samples,
            ..request
        }));
    }

    /// Samples in a step with another model, as [`Self::on_size`] will have set them; tracked.
    fn samples_once_loaded(self, source: &BaseSource) -> usize {
        let large = self
            .bases
            .entry(source)
            .map(|entry| entry.defaults.resolution)
            > Some(recipe::SMALL_PICTURES);
        let subjects = self.subjects.with(Vec::len);
        let (before, after) = (self.effort(subjects).0, effort_of(large, subjects).0);
        let train = self.train;
        let batch = followed(train.batch.get(), before.batch as f64, after.batch as f64);
        let (before, after) = (before.prior_batch as f64, after.prior_batch as f64);
        let prior_batch = followed(train.prior_batch.get(), before, after);
        let of_classes = if train.has_prior() { prior_batch } else { 0.0 };
        (batch + of_classes) as usize
    }

    /// Tracked.
    fn plan_request(self, source: BaseSource) -> PlanRequest {
        let size = self.plans.size.get();
        PlanRequest {
            source,
            size: (size > 0).then_some(size),
            memory: self.plans.memory(),
            layers: self.train.layers.get(),
            text_encoder: self.train.text_encoder.get(),
            samples: self.train.samples() as usize,
        }
    }

    /// A plan has come.
    pub fn on_planned(self, plan: BasePlan) {
        let source = plan.source.clone();
        self.plans
            .asked
            .update(|asked| asked.retain(|of| *of != source));
        self.plans.of.update(|plans| {
            plans.insert(source, plan);
        });
    }

    /// A piece of work is done.
    pub fn on_used(self, used: MemoryUse) {
        self.plans.used.update(|all| {
            all.retain(|of| of.task != used.task);
            all.push(used);
        });
    }

    /// The person states how much memory the GPU has; 0 takes it back.
    pub fn state_memory(self, stated: f64) {
        let stated = gigabytes(stated);
        self.plans.stated.set(stated);
        api::remember(MEMORY, &stated.to_string());
        // The others are asked for again, one by one.
        let source = self.bases.source.get_untracked();
        self.plans
            .of
            .update(|plans| plans.retain(|of, _| *of == source));
    }

    /// Another size of pictures.
    pub fn set_size(self, size: usize) {
        if self.plans.size.get_untracked() != size {
            self.send(Request::SetSize { size });
        }
    }

    /// Loads the model that was refused.
    pub fn load_anyway(self) {
        if let Some(source) = self.plans.refused.get_untracked() {
            self.plans.refused.set(None);
            self.begin_base(source, true);
        }
    }

    /// Remembers what is loaded, until another model is begun.
    pub fn keep_before(self) {
        let before = self.base_hash.get_untracked().map(|hash| Before {
            source: self.bases.source.get_untracked(),
            name: self.bases.name.get_untracked(),
            hash,
            unfinished: self.unfinished.get_untracked(),
        });
        self.plans.before.set_value(before);
    }

    /// A model was refused; the one before it is still there, if there was one.
    pub fn on_refused(self) -> bool {
        let refused = self.bases.source.get_untracked();
        self.plans.refused.set(Some(refused));
        let Some(before) = self.plans.before.try_update_value(Option::take).flatten() else {
            return false;
        };
        self.bases.source.set(before.source);
        self.bases.name.set(before.name);
        self.base_hash.set(Some(before.hash));
        self.unfinished.set(before.unfinished);
        self.stages.set(Stages::default());
        self.engine.set(Engine::Ready);
        true
    }

    /// A model is loaded: its size of pictures, and the effort that suits it.
    pub fn on_size(self, size: usize) {
        let plan = untrack(|| self.plan());
        let large = plan.is_some_and(|plan| plan.own_size > recipe::SMALL_PICTURES);
        self.plans.size.set(size);
        self.follow_effort(|| self.plans.large.set(large));
    }

    /// The effort of so many subjects with the model that is loaded, and the norms' learning rate.
    pub fn effort(self, subjects: usize) -> (Effort, f64) {
        effort_of(self.plans.large.get_untracked(), subjects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_follows_its_default_until_it_is_chosen() {
        assert_eq!(followed(8.0, 8.0, 1.0), 1.0);
        assert_eq!(followed(3.0, 8.0, 1.0), 3.0);
    }

    #[test]
    fn memory_counts_only_where_it_can_be_meant() {
        assert_eq!(bytes(8.0), Some(8_000_000_000));
        for nothing in [0.0, -1.0, 0.1, 5_000.0, f64::NAN, f64::INFINITY] {
            assert_eq!(bytes(nothing), None, "{nothing}");
        }
    }
}
