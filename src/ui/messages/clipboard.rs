//! Copying text to the clipboard.

use leptos::task::spawn_local;
use wasm_bindgen::JsValue;

use super::state::{Messages, Severity};
use crate::ui::browser::api;
use crate::ui::text;

/// Copies text to the clipboard and says whether it worked.
pub fn copy(messages: Messages, words: String) {
    spawn_local(async move {
        let copied = match api::of_navigator("clipboard") {
            Some(clipboard) => api::call(&clipboard, "writeText", &[words.into()]).await,
            None => Err(JsValue::UNDEFINED),
        };
        match copied {
            Ok(_) => messages.tell(Severity::Note, text::COPIED),
            Err(_) => messages.tell(Severity::Warning, text::NOT_COPIED),
        }
    });
}
