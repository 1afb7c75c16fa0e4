//! How much memory models need, and the size of pictures.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::ui::{browser::api, engine::connection::Engine};
use crate::worker::protocol::{BasePlan, BaseSource, MemoryUse, Request};

/// Bytes of a gigabyte.
const GB: f64 = 1e9;
/// Key of the GPU's memory in the browser's storage.
const MEMORY: &str = "memory";

/// Memory plans, and the size of pictures.
#[derive(Clone, Copy)]
pub struct MemoryPlans {
    /// Plans by model.
    pub plans: RwSignal<BTreeMap<BaseSource, BasePlan>>,
    /// Models whose plan was requested.
    pub asked: RwSignal<Vec<BaseSource>>,
    /// Gigabytes of GPU memory that the user stated; 0 if none.
    pub stated: RwSignal<f64>,
    /// Side of pictures in pixels; 0 before a model is loaded.
    pub size: RwSignal<usize>,
    /// A model that was refused because it does not fit.
    pub refused: RwSignal<Option<BaseSource>>,
    /// Memory used by the last training and the last pictures.
    pub used: RwSignal<Vec<MemoryUse>>,
    /// The model that is loaded or loading.
    source: RwSignal<BaseSource>,
    engine: Engine,
}

impl MemoryPlans {
    /// `stated` are the gigabytes that the page's address states; otherwise those of the last
    /// visit count.
    pub fn new(stated: Option<f64>, source: RwSignal<BaseSource>, engine: Engine) -> Self {
        let remembered = || api::remembered(MEMORY)?.parse().ok();
        Self {
            plans: RwSignal::new(BTreeMap::new()),
            asked: RwSignal::new(Vec::new()),
            stated: RwSignal::new(stated.or_else(remembered).map_or(0.0, gigabytes)),
            size: RwSignal::new(0),
            refused: RwSignal::new(None),
            used: RwSignal::new(Vec::new()),
            source,
            engine,
        }
    }

    /// The bytes of GPU memory that the user stated; tracked.
    pub fn stated_bytes(self) -> Option<u64> {
        bytes(self.stated.get())
    }

    /// The plan of the current model; tracked.
    pub fn current(self) -> Option<BasePlan> {
        let source = self.source.get();
        self.plans.with(|plans| plans.get(&source).cloned())
    }

    /// A plan has arrived.
    pub fn on_planned(self, plan: BasePlan) {
        let source = plan.source.clone();
        self.asked.update(|asked| asked.retain(|of| *of != source));
        self.plans.update(|plans| {
            plans.insert(source, plan);
        });
    }

    /// The engine reports how much memory a task used.
    pub fn on_used(self, used: MemoryUse) {
        self.used.update(|all| {
            all.retain(|of| of.task != used.task);
            all.push(used);
        });
    }

    /// The user states how many gigabytes of memory the GPU has; 0 if they do not know.
    pub fn state(self, stated: f64) {
        let stated = gigabytes(stated);
        self.stated.set(stated);
        api::remember(MEMORY, &stated.to_string());
        // The plan of the current model is requested again by itself, others on demand.
        let source = self.source.get_untracked();
        self.plans
            .update(|plans| plans.retain(|of, _| *of == source));
    }

    /// Changes the size of pictures, in pixels.
    pub fn set_size(self, size: usize) {
        if self.size.get_untracked() != size {
            self.engine.send(Request::SetSize { size });
        }
    }
}

/// A plausible number of gigabytes; 0 otherwise.
fn gigabytes(stated: f64) -> f64 {
    if stated.is_finite() && (0.5..=1_000.0).contains(&stated) {
        stated
    } else {
        0.0
    }
}

/// Gigabytes as bytes; `None` if none were stated.
fn bytes(stated: f64) -> Option<u64> {
    let stated = gigabytes(stated);
    (stated > 0.0).then_some((stated * GB) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_counts_only_where_it_can_be_meant() {
        assert_eq!(bytes(8.0), Some(8_000_000_000));
        for nothing in [0.0, -1.0, 0.1, 5_000.0, f64::NAN, f64::INFINITY] {
            assert_eq!(bytes(nothing), None, "{nothing}");
        }
    }
}
