//! The user's own base model: a folder or a checkpoint from their disk, or an address.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::{
    address::ModelAddress,
    selection::{Fault, Selection},
    state::Models,
};
use crate::ui::{
    text,
    widgets::field::{ChoiceField, ToggleField},
};
use crate::worker::protocol::Prediction;

/// Shown below the catalogue; opened when a model is dropped.
#[component]
pub fn CustomModelPanel() -> impl IntoView {
    let models: Models = expect_context();
    let custom = models.custom;
    let is_checkpoint = move || {
        let of_disk = custom.selection.with(|selection| {
            matches!(
                selection,
                Some(Selection::Checkpoint { .. } | Selection::Tokenizer(_))
            )
        });
        of_disk || matches!(custom.parsed_address(), Some(ModelAddress::Checkpoint(_)))
    };
    view! {
        <details
            class="advanced"
            data-testid="own-base"
            prop:open=move || custom.shown.get()
            on:toggle=move |event| custom.shown.set(is_open(&event))
        >
            <summary>{text::CUSTOM_TITLE}</summary>
            <p class="hint">{text::CUSTOM_LEAD}</p>
            <div class="row">
                <Picker id="own-folder" label=text::CUSTOM_FOLDER folder=true />
                <Picker id="own-file" label=text::CUSTOM_FILE folder=false />
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

/// A button that opens the file dialog.
#[component]
fn Picker(id: &'static str, label: &'static str, folder: bool) -> impl IntoView {
    let models: Models = expect_context();
    let take = move |event: leptos::ev::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        models.add_input_files(input.files());
        // Lets the user choose the same file again after it has changed.
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

/// What the selected files are, and the button that loads them.
#[component]
fn Found() -> impl IntoView {
    let models: Models = expect_context();
    let custom = models.custom;
    let found = move || custom.selection.get();
    let is_base = move || {
        custom.selection.with(|selection| {
            matches!(
                selection,
                Some(Selection::Folder { .. } | Selection::Checkpoint { .. })
            )
        })
    };
    let complete = move || {
        let folder = custom
            .selection
            .with(|selection| matches!(selection, Some(Selection::Folder { .. })));
        folder || custom.tokenizer().is_some()
    };
    let is_fault = move || {
        custom
            .selection
            .with(|selection| matches!(selection, Some(Selection::Invalid(_))))
    };
    view! {
        <div role="status">
            {move || {
                found()
                    .map(|selection| {
                        view! {
                            <p class:notice=is_fault class:warning=is_fault data-testid="own-found">
                                <bdi>{describe(&selection)}</bdi>
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
                    disabled=move || !models.can_change() || !complete()
                    on:click=move |_| models.load_selection()
                >
                    {text::BASE_LOAD}
                </button>
            </div>
        </Show>
    }
}

/// What a checkpoint does not contain: the tokenizer, and what the UNet predicts.
#[component]
fn Checkpoint() -> impl IntoView {
    let custom = expect_context::<Models>().custom;
    view! {
        <div class="field" data-testid="own-tokenizer">
            {move || tokenizer(custom.has_tokenizer())}
            <Show when=move || !custom.has_tokenizer()>
                {move || {
                    custom.offer
                        .get()
                        .map(|offer| {
                            view! {
                                <ToggleField
                                    testid="fetch-tokenizer"
                                    label=text::fetch_tokenizer(&offer)
                                    value=custom.fetch_tokenizer
                                    change=move |yes| custom.fetch_tokenizer.set(yes)
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
            value=custom.prediction
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

/// The address of a folder or checkpoint.
#[component]
fn Address() -> impl IntoView {
    let models: Models = expect_context();
    let custom = models.custom;
    let address = custom.address;
    view! {
        <form
            class="field"
            on:submit=move |event| {
                event.prevent_default();
                models.load_address();
            }
        >
            <label for="base-address">{text::CUSTOM_LABEL}</label>
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
                <button type="submit" class="button small" data-testid="load-address" disabled=move || !can_load(models)>
                    {text::BASE_LOAD}
                </button>
            </div>
            <p class="hint" id="base-address-hint">{text::CUSTOM_HINT}</p>
        </form>
    }
}

/// True if the address can be loaded; tracked.
fn can_load(models: Models) -> bool {
    let custom = models.custom;
    let complete = match custom.parsed_address() {
        Some(ModelAddress::Checkpoint(_)) => custom.tokenizer().is_some(),
        Some(ModelAddress::Folder(_)) => true,
        None => custom.address.with(|address| !address.trim().is_empty()),
    };
    models.can_change() && complete
}

/// What the selected files are, in words.
fn describe(selection: &Selection) -> String {
    match selection {
        Selection::Folder {
            title,
            files,
            bytes,
        } => text::selected_folder(title, files.len(), *bytes),
        Selection::Checkpoint { title, bytes, .. } => text::selected_checkpoint(title, *bytes),
        Selection::Tokenizer(_) => text::SELECTED_TOKENIZER.to_owned(),
        Selection::Invalid(fault) => match fault {
            Fault::Pickle(name) => text::pickle(name),
            Fault::Several(count) => text::several_checkpoints(*count),
            Fault::IncompleteTokenizer(missing) => text::incomplete_tokenizer(missing),
            Fault::Unknown => text::NO_MODEL_FOUND.to_owned(),
        },
    }
}
