//! Banners: what the browser lacks, and the question before anything large is fetched.

use leptos::prelude::*;

use crate::ui::{
    browser::capabilities::{Capabilities, MissingCapability},
    engine::connection::{Engine, EngineStatus},
    text,
};

/// Asks before the engine is fetched, and shows what the browser lacks.
#[component]
pub fn Banners() -> impl IntoView {
    let engine: Engine = expect_context();
    let capabilities: Capabilities = expect_context();
    view! {
        <section class="banners" data-testid="banners" aria-label=text::BANNERS_LABEL>
            <Show when=move || engine.status.get() == EngineStatus::AwaitingConsent>
                <div class="notice" data-testid="data-saver">
                    <p>{text::SAVES_DATA}</p>
                    <div class="row">
                        <button type="button" class="button primary" data-testid="start-engine" on:click=move |_| engine.start()>
                            {text::START_ENGINE}
                        </button>
                    </div>
                </div>
            </Show>
            <For each=move || capabilities.missing.get() key=|capability| *capability as u8 let(capability)>
                <Banner capability=capability />
            </For>
        </section>
    }
}

#[component]
fn Banner(capability: MissingCapability) -> impl IntoView {
    let capabilities: Capabilities = expect_context();
    view! {
        <div class="notice plain" role="note" data-testid="banner">
            <p>{describe(capability)}</p>
            <button
                type="button"
                class="icon"
                aria-label=text::DISMISS
                title=text::DISMISS
                on:click=move |_| capabilities.dismiss(capability)
            >
                "×"
            </button>
        </div>
    }
}

fn describe(capability: MissingCapability) -> &'static str {
    match capability {
        MissingCapability::WebGpu => text::MISSING_WEBGPU,
        MissingCapability::Gpu => text::MISSING_GPU,
        MissingCapability::Memory => text::MISSING_MEMORY,
        MissingCapability::Storage => text::MISSING_STORAGE,
    }
}
