//! Deleting what is kept, and letting go of addresses that were made for it.

use leptos::prelude::*;
use web_sys::Url;

use crate::ui::text;

/// A button that asks once more before it deletes.
#[component]
pub fn Delete(
    /// What it deletes, for those who do not see beside what it stands.
    label: String,
    /// For tests.
    testid: &'static str,
    /// Does it.
    delete: Callback<()>,
    /// What stands on the button.
    #[prop(default = text::DELETE)]
    word: &'static str,
) -> impl IntoView {
    let sure = RwSignal::new(false);
    view! {
        <button
            type="button"
            class="button small"
            class:danger=move || sure.get()
            data-testid=testid
            aria-label=move || if sure.get() { text::really(&label) } else { label.clone() }
            on:blur=move |_| sure.set(false)
            on:click=move |_| {
                if sure.get_untracked() {
                    delete.run(());
                } else {
                    sure.set(true);
                }
            }
        >
            {move || if sure.get() { text::REALLY } else { word }}
        </button>
    }
}

/// The address is of no use when the element is gone.
pub fn revoke_later(url: Option<String>) {
    if let Some(url) = url {
        on_cleanup(move || {
            let _ = Url::revoke_object_url(&url);
        });
    }
}
