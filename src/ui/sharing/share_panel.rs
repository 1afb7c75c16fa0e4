//! The panel that shares a delta: a link that carries it, a link to its file, the share sheet.

use leptos::{prelude::*, task::spawn_local};

use super::{
    fetch::sha256,
    link::{Demo, Link, Source},
    qr::QrCode,
    share::{Share, page_address},
};
use crate::ui::{
    browser::capabilities::can_share,
    deltas::state::OpenDelta,
    messages::{clipboard::copy, state::Messages},
    text,
    widgets::field::ToggleField,
};

/// Collapsed by default.
#[component]
pub fn SharePanel(
    /// The delta to share.
    delta: OpenDelta,
) -> impl IntoView {
    let share: Share = expect_context();
    let with_picture = RwSignal::new(true);
    let strength = delta.strength.clone();
    let demo = Memo::new(move |_| {
        if with_picture.get() {
            share.demo(strength.get())
        } else {
            Demo::default()
        }
    });
    let delta = StoredValue::new(delta);
    view! {
        <details class="advanced" data-testid="share-panel">
            <summary>{text::SHARE_TITLE}</summary>
            <p class="hint">{text::SHARE_HINT}</p>
            <ToggleField testid="share-demo" label=text::SHARE_DEMO.to_owned() value=with_picture change=move |on| with_picture.set(on) />
            <div class="row">
                <button type="button" class="button small" data-testid="make-link" on:click=move |_| delta.with_value(|delta| share.pack(&delta.id))>
                    {text::MAKE_LINK}
                </button>
                <Show when=can_share>
                    <button
                        type="button"
                        class="button small"
                        data-testid="share-file"
                        on:click=move |_| delta.with_value(|delta| share.open_sheet(delta, None))
                    >
                        {text::SHARE_FILE}
                    </button>
                </Show>
            </div>
            <CarriedLink delta=delta demo=demo />
            <HostedLink delta=delta demo=demo />
        </details>
    }
}

/// The link that carries the delta, once it is packed.
#[component]
fn CarriedLink(delta: StoredValue<OpenDelta>, demo: Memo<Demo>) -> impl IntoView {
    let share: Share = expect_context();
    let (id, key) = delta.with_value(|delta| (delta.id.clone(), delta.key));
    let packed = Memo::new(move |_| share.packed.get().filter(|packed| packed.id == id));
    let carried = Memo::new(move |_| {
        let packed = packed.get()?;
        let source = Source::Carried(packed.text);
        Some((address(source, demo.get()), packed.error))
    });
    view! {
        {move || {
            carried.get().map(|(url, error)| view! {
                <LinkLine id=format!("link-{key}") testid="link" url=url.clone() delta=delta />
                <p class="hint" data-testid="link-note">{text::link_note(url.len(), error)}</p>
            })
        }}
    }
}

/// A field for the address of the delta's file, and the link to it.
#[component]
fn HostedLink(delta: StoredValue<OpenDelta>, demo: Memo<Demo>) -> impl IntoView {
    let (key, file) = delta.with_value(|delta| (delta.key, delta.file.clone()));
    let hosted = RwSignal::new(String::new());
    // `None` until it is computed; empty if the browser cannot compute it.
    let hash = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if hosted.with(|url| !url.is_empty()) && hash.with_untracked(Option::is_none) {
            let file = file.clone();
            spawn_local(async move { hash.set(Some(sha256(&file).await.unwrap_or_default())) });
        }
    });
    let link = Memo::new(move |_| {
        let url = hosted.get().trim().to_owned();
        let sha256 = hash.get()?;
        (!url.is_empty()).then(|| address(Source::Hosted { url, sha256 }, demo.get()))
    });
    view! {
        <div class="field">
            <label for=format!("hosted-{key}")>{text::HOSTED}</label>
            <input
                type="url"
                id=format!("hosted-{key}")
                data-testid="hosted"
                maxlength="2000"
                autocomplete="off"
                placeholder="https://"
                aria-describedby=format!("hosted-hint-{key}")
                bind:value=hosted
            />
            <p class="hint" id=format!("hosted-hint-{key}")>{text::HOSTED_HINT}</p>
        </div>
        {move || {
            link.get().map(|url| view! {
                <LinkLine id=format!("pointed-{key}") testid="hosted-link" url=url.clone() delta=delta />
                <QrCode url=url />
            })
        }}
    }
}

fn address(source: Source, demo: Demo) -> String {
    format!("{}{}", page_address(), Link { source, demo }.fragment())
}

/// A link to copy or to share.
#[component]
fn LinkLine(
    id: String,
    testid: &'static str,
    url: String,
    delta: StoredValue<OpenDelta>,
) -> impl IntoView {
    let share: Share = expect_context();
    let messages: Messages = expect_context();
    let (copied, shared) = (url.clone(), url.clone());
    view! {
        <div class="field">
            <label for=id.clone()>{text::LINK}</label>
            <input type="text" id=id data-testid=testid readonly prop:value=url />
        </div>
        <div class="row">
            <button type="button" class="button primary small" data-testid="copy-link" on:click=move |_| copy(messages, copied.clone())>
                {text::COPY}
            </button>
            <Show when=can_share>
                <button
                    type="button"
                    class="button small"
                    on:click={
                        let shared = shared.clone();
                        move |_| delta.with_value(|delta| share.open_sheet(delta, Some(shared.clone())))
                    }
                >
                    {text::SHARE}
                </button>
            </Show>
        </div>
    }
}
