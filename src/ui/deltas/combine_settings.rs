//! How to combine deltas.

use leptos::prelude::*;

use crate::worker::protocol::Combining;

/// Fields of the panel that combines deltas.
#[derive(Clone, Copy)]
pub struct CombineSettings {
    /// The method.
    pub method: RwSignal<Combining>,
    /// Interpolation, from the second delta (0) to the first (1).
    pub alpha: RwSignal<f32>,
    /// Shifts kept in each layer; 0 keeps all.
    pub rank: RwSignal<f64>,
}

impl CombineSettings {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            method: RwSignal::new(Combining::default()),
            alpha: RwSignal::new(0.5),
            rank: RwSignal::new(0.0),
        }
    }
}
