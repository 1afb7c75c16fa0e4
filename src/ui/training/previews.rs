//! Preview pictures made while training.

use leptos::prelude::*;

use super::state::Training;
use crate::ui::{engine::activity::Activity, text, widgets::canvas::Picture};

/// A filmstrip, oldest first.
#[component]
pub fn Previews() -> impl IntoView {
    let training: Training = expect_context();
    let activity: Activity = expect_context();
    let previews = training.run.previews;
    view! {
        <Show when=move || previews.with(|list| !list.is_empty())>
            // Focusable, because it scrolls.
            <ol class="filmstrip" aria-label=text::PREVIEWS_LABEL tabindex="0">
                <For each=move || previews.get() key=|preview| preview.step let(preview)>
                    <li>
                        <Picture picture=Some(preview.picture) label=text::preview_label(preview.step) testid="preview" />
                        <span>{text::preview_caption(preview.step)}</span>
                        <Show when=move || !activity.is_training()>
                            <button
                                type="button"
                                class="chip"
                                data-testid="keep-preview"
                                aria-label=text::keep_preview_label(preview.step)
                                on:click=move |_| training.keep_preview(preview.step)
                            >
                                {text::KEEP_PREVIEW}
                            </button>
                        </Show>
                    </li>
                </For>
            </ol>
        </Show>
    }
}
