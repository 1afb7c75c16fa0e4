//! Events of deltas, which concern several features.

use leptos::prelude::*;

use super::state::Page;
use crate::ui::{deltas::state::OpenDelta, messages::state::Severity, text};
use crate::worker::protocol::{DeltaSummary, Origin, Pixels};

/// A delta is open.
pub(super) fn on_delta(
    page: Page,
    origin: Origin,
    id: String,
    summary: DeltaSummary,
    file_name: &str,
    file: Vec<u8>,
) {
    let others = page.deltas.open.get_untracked();
    if origin == Origin::Opened {
        page.deltas.refused.set(None);
    }
    // A restarted engine opens deltas again that the page already shows.
    let known = others.iter().any(|open| open.id == id);
    if !known {
        let open = page.deltas.add(id, summary, file_name, file);
        page.library.store(&open, preview_of(page, origin, &open));
        if origin == Origin::Opened {
            page.shared_link.show_demo(&open);
        }
    }
    if !matches!(origin, Origin::Opened | Origin::Described) {
        // A new delta is shown alone first.
        for open in &others {
            open.strength.set(0.0);
        }
    }
    let messages = page.messages;
    match origin {
        Origin::Opened if known => {}
        Origin::Opened => messages.tell(Severity::Note, text::delta_opened()),
        Origin::Described => {}
        Origin::Preview => messages.tell(Severity::Note, text::PREVIEW_KEPT),
        Origin::Combined => {
            page.deltas.busy.set(false);
            messages.tell(Severity::Note, text::COMBINED);
        }
        Origin::Trained => on_trained(page, others.len()),
    }
}

/// A run ended with a delta; `others` deltas were open before.
fn on_trained(page: Page, others: usize) {
    page.training.on_trained();
    page.messages.tell(Severity::Note, text::trained(others));
    if page.training.trial.get_untracked() {
        page.training.trial.set(false);
        page.generate.show_trial();
    }
}

/// The latest preview at or before the step of a trained delta.
fn preview_of(page: Page, origin: Origin, open: &OpenDelta) -> Option<Pixels> {
    matches!(origin, Origin::Trained | Origin::Preview)
        .then(|| page.training.run.preview_at(open.summary.steps))
        .flatten()
}

/// A delta has new metadata, and so a new id.
pub(super) fn on_described(page: Page, old: &str, new: &str) {
    if old == new {
        return;
    }
    page.deltas.on_described(old, new);
    page.library.on_described(old, new);
    page.gallery.on_described(old, new);
    page.messages.tell(Severity::Note, text::DESCRIBED);
}
