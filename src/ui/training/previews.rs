//! The filmstrip of pictures made while it learns.

use leptos::prelude::*;

use crate::ui::state::booth;
use crate::ui::text;
use crate::ui::widgets::canvas::Picture;

/// Oldest first, so that the strip reads like the run.
#[component]
pub fn Previews() -> impl IntoView {
    let booth = booth();
    view! {
        <Show when=move || booth.previews.with(|previews| !previews.is_empty())>
            // Focusable, because it scrolls.
            <ol class="filmstrip" aria-label=text::PREVIEWS_LABEL tabindex="0">
                <For each=move || booth.previews.get() key=|preview| preview.step let(preview)>
                    <li>
                        <Picture picture=Some(preview.picture) label=text::preview_label(preview.step) testid="preview" />
                        <span>{text::preview_caption(preview.step)}</span>
                        <Show when=move || !booth.is_training()>
                            <button
                                type="button"
                                class="chip"
                                data-testid="keep-preview"
                                aria-label=text::keep_preview_label(preview.step)
                                on:click=move |_| booth.keep_preview(preview.step)
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
