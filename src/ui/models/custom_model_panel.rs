//! A base of the person's own: a folder or a checkpoint from their disk, or any address.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

use crate::ui::models::custom_model::Place;
use crate::ui::models::selection::Chosen;
use crate::ui::state::{Booth, booth};
use crate::ui::text;
use crate::ui::widgets::field::{ChoiceField, ToggleField};
use crate::worker::protocol::Prediction;

/// Below the catalogue, unfolded when a base was dropped.
#[component]
pub fn OwnBase() -> impl IntoView {
    let booth = booth();
    let own = booth.bases.own;
    let is_checkpoint = move || {
        let of_disk = own.chosen.with(|chosen| {
            matches!(
                chosen,
                Some(Chosen::Checkpoint { .. } | Chosen::Tokenizer(_))
            )
        });
        of_disk || matches!(own.place(), Some(Place::Checkpoint(_)))
    };
    view! {
        <details
            class="advanced"
            data-testid="own-base"
            prop:open=move || own.shown.get()
            on:toggle=move |event| own.shown.set(is_open(&event))
        >
            <summary>{text::OWN_TITLE}</summary>
            <p class="hint">{text::OWN_LEAD}</p>
            <div class="row">
                <Picker id="own-folder" label=text::OWN_FOLDER folder=true />
                <Picker id="own-file" label=text::OWN_FILE folder=false />
            </div>
            <Found />
            <Address />
            <Show when=is_checkpoint>
                <Checkpoint />
            </Show>
        </details>
    }
}

fn is_open(event: &leptos::ev::Event) -> bool {
    let details = event_target::<web_sys::Element>(event);
    details.has_attribute("open")
}

/// A button that opens the browser's choice of files.
#[component]
fn Picker(id: &'static str, label: &'static str, folder: bool) -> impl IntoView {
    let booth = booth();
    let take = move |event: leptos::ev::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        booth.choose_base_files(input.files());
        // So that the same file can be chosen again after it has changed.
        input.set_value("");
    };
    view! {
        <div class="open">
            <input
                type="file"
                id=id
                data-testid=id
                class="visually-hidden"
                multiple
                prop:webkitdirectory=folder
                accept=(!folder).then_some(".safetensors,.ckpt,.json,.txt")
                on:change=take
            />
            <label for=id class="button small">
                {label}
            </label>
        </div>
    }
}

/// What the files are that were chosen, and the button that loads them.
#[component]
fn Found() -> impl IntoView {
    let booth = booth();
    let own = booth.bases.own;
    let found = move || own.chosen.get();
    let is_base = move || {
        own.chosen.with(|chosen| {
            matches!(
                chosen,
                Some(Chosen::Folder { .. } | Chosen::Checkpoint { .. })
            )
        })
    };
    let complete = move || {
        let folder = own
            .chosen
            .with(|chosen| matches!(chosen, Some(Chosen::Folder { .. })));
        folder || own.tokenizer().is_some()
    };
    let is_fault = move || {
        own.chosen
            .with(|chosen| matches!(chosen, Some(Chosen::Nothing(_))))
    };
    view! {
        <div role="status">
            {move || {
                found()
                    .map(|chosen| {
                        view! {
                            <p class:notice=is_fault class:warning=is_fault data-testid="own-found">
                                <bdi>{text::chosen(&chosen)}</bdi>
                            </p>
                        }
                    })
            }}
        </div>
        <Show when=is_base>
            <div class="row">
                <button
                    type="button"
                    class="button small primary"
                    data-testid="load-own"
                    disabled=move || !booth.can_change_base() || !complete()
                    on:click=move |_| booth.load_chosen()
                >
                    {text::BASE_LOAD}
                </button>
            </div>
        </Show>
    }
}

/// What a checkpoint does not say by itself.
#[component]
fn Checkpoint() -> impl IntoView {
    let own = booth().bases.own;
    view! {
        <div class="field" data-testid="own-tokenizer">
            {move || tokenizer(own.has_tokenizer())}
            <Show when=move || !own.has_tokenizer()>
                {move || {
                    own.offer
                        .get()
                        .map(|offer| {
                            view! {
                                <ToggleField
                                    testid="fetch-tokenizer"
                                    label=text::fetch_tokenizer(&offer)
                                    value=own.fetch
                                    change=move |yes| own.fetch.set(yes)
                                />
                            }
                        })
                }}
            </Show>
        </div>
        <ChoiceField
            id="own-prediction"
            label=text::PREDICTION
            hint=text::PREDICTION_HINT
            value=own.prediction
            choices=&[Prediction::Epsilon, Prediction::VPrediction]
            name=text::prediction
        />
    }
}

fn tokenizer(there: bool) -> impl IntoView {
    let words = if there {
        text::HAS_TOKENIZER
    } else {
        text::NO_TOKENIZER
    };
    view! { <p class="hint">{words}</p> }
}

/// Any folder or checkpoint on the web.
#[component]
fn Address() -> impl IntoView {
    let booth = booth();
    let own = booth.bases.own;
    let address = own.address;
    view! {
        <form
            class="field"
            on:submit=move |event| {
                event.prevent_default();
                booth.load_address();
            }
        >
            <label for="base-address">{text::OWN_LABEL}</label>
            <div class="row">
                <input
                    type="url"
                    id="base-address"
                    data-testid="base-address"
                    aria-describedby="base-address-hint"
                    autocomplete="off"
                    prop:value=move || address.get()
                    on:input=move |event| address.set(event_target_value(&event))
                />
                <button type="submit" class="button small" data-testid="load-address" disabled=move || !may_load(booth)>
                    {text::BASE_LOAD}
                </button>
            </div>
            <p class="hint" id="base-address-hint">{text::OWN_HINT}</p>
        </form>
    }
}

/// Whether the address can be asked for; tracked.
fn may_load(booth: Booth) -> bool {
    let own = booth.bases.own;
    let complete = match own.place() {
        Some(Place::Checkpoint(_)) => own.tokenizer().is_some(),
        Some(Place::Folder(_)) => true,
        None => own.address.with(|address| !address.trim().is_empty()),
    };
    booth.can_change_base() && complete
}
