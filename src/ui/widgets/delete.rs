//! The button that deletes something, and revoking object URLs.

use leptos::prelude::*;
use web_sys::Url;

use crate::ui::text;

/// A button that deletes on the second press.
#[component]
pub fn DeleteButton(
    /// What it deletes, for screen readers.
    label: String,
    /// For tests.
    testid: &'static str,
    /// Deletes it.
    delete: Callback<()>,
    /// The text of the button.
    #[prop(default = text::DELETE)]
    word: &'static str,
) -> impl IntoView {
    let armed = RwSignal::new(false);
    view! {
        <button
            type="button"
            class="button small"
            class:danger=move || armed.get()
            data-testid=testid
            aria-label=move || if armed.get() { text::really(&label) } else { label.clone() }
            on:blur=move |_| armed.set(false)
            on:click=move |_| {
                if armed.get_untracked() {
                    delete.run(());
                } else {
                    armed.set(true);
                }
            }
        >
            {move || if armed.get() { text::REALLY } else { word }}
        </button>
    }
}

/// Revokes an object URL when the current component is removed.
pub fn revoke_later(url: Option<String>) {
    if let Some(url) = url {
        on_cleanup(move || {
            let _ = Url::revoke_object_url(&url);
        });
    }
}
