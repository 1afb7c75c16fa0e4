//! Settings of training that have good defaults.

use leptos::prelude::*;

use super::field::NumberField;
use crate::ui::{state::booth, text};

/// The largest whole number that a number field holds exactly.
pub const LARGEST_SEED: f64 = 9_007_199_254_740_991.0;

/// Folded away until asked for.
#[component]
pub fn AdvancedSettings() -> impl IntoView {
    let booth = booth();
    let fields = booth.train;
    let locked = Signal::derive(move || booth.is_training());
    view! {
        <details class="advanced" id="advanced" data-testid="advanced">
            <summary>{text::ADVANCED}</summary>
            <div class="fields two">
                <NumberField id="learning-rate" label=text::LEARNING_RATE value=fields.learning_rate min=0.0 max=1.0 disabled=locked />
                <NumberField id="learning-rate-1d" label=text::LEARNING_RATE_1D value=fields.learning_rate_1d min=0.0 max=1.0 disabled=locked />
                <NumberField id="prior-weight" label=text::PRIOR_WEIGHT value=fields.prior_weight min=0.0 max=10.0 disabled=locked />
                <NumberField id="prior-images" label=text::PRIOR_IMAGES value=fields.prior_images min=0.0 max=200.0 whole=true disabled=locked />
                <NumberField id="preview-every" label=text::PREVIEW_EVERY value=fields.preview_every min=0.0 max=10000.0 whole=true disabled=locked />
                <NumberField id="checkpoint-every" label=text::CHECKPOINT_EVERY value=fields.checkpoint_every min=1.0 max=10000.0 whole=true disabled=locked />
                <NumberField id="train-seed" label=text::SEED value=fields.seed min=0.0 max=LARGEST_SEED whole=true disabled=locked />
            </div>
        </details>
    }
}
