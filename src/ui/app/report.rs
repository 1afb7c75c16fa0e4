//! Copies a bug report of a failed task.

use leptos::prelude::*;

use super::state::Page;
use crate::ui::{
    messages::{
        clipboard::copy,
        report::{report, without_quotes},
        state::Message,
    },
    text,
};

/// Copies a report of a failed task to the clipboard. It contains no pictures, prompts or names.
pub(super) fn copy_report(page: Page, message: &Message) {
    let Some(failure) = &message.failure else {
        return;
    };
    let device = page.device.info.get_untracked();
    let agent = window().navigator().user_agent().unwrap_or_default();
    let memory = page.models.memory.used.with_untracked(|all| {
        let used: Vec<String> = all.iter().map(text::used_report).collect();
        used.join("; ")
    });
    let lines = [
        ("DeltaBooth", env!("CARGO_PKG_VERSION").to_owned()),
        ("failed", format!("{:?}, {}", failure.task, failure.kind)),
        ("message", without_quotes(&message.text)),
        (
            "engine",
            format!("{:?}", page.engine.status.get_untracked()),
        ),
        (
            "device",
            device.map_or_else(String::new, |d| format!("{:?}, {}", d.kind, d.name)),
        ),
        ("base", page.models.hash.get_untracked().unwrap_or_default()),
        ("memory", memory),
        ("browser", agent),
    ];
    copy(page.messages, report(&lines));
}
