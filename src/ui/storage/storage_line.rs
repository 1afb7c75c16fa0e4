//! How much storage this site uses.

use leptos::prelude::*;

use super::state::{Storage, StorageUse};
use crate::ui::text;

/// The storage in use, and a button to protect it from deletion.
#[component]
pub fn StorageLine() -> impl IntoView {
    let storage: Storage = expect_context();
    let words = move || match storage.usage.get() {
        StorageUse::Unknown => String::new(),
        StorageUse::Unavailable => text::STORAGE_NOTHING.to_owned(),
        StorageUse::Known {
            used,
            quota,
            persisted,
        } => text::storage(used, quota, persisted),
    };
    let may_ask = move || {
        matches!(
            storage.usage.get(),
            StorageUse::Known {
                persisted: false,
                ..
            }
        )
    };
    view! {
        <p class="hint storage" data-testid="storage">
            {words} " "
            <Show when=may_ask>
                <button type="button" class="link" data-testid="persist" on:click=move |_| storage.persist()>
                    {text::PERSIST}
                </button>
            </Show>
        </p>
    }
}
