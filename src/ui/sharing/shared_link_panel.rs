//! The panel of a shared delta: its metadata, before anything is done with it.

use leptos::{html, prelude::*};

use super::shared_link::{SharedDelta, SharedLink, focus};
use crate::ui::text::{self, shorten};
use crate::worker::protocol::DeltaSummary;

/// Shown above the cards; takes the focus when it appears.
#[component]
pub fn SharedLinkPanel() -> impl IntoView {
    let link: SharedLink = expect_context();
    let panel = NodeRef::<html::Section>::new();
    Effect::new(move |_| {
        if link.delta.with(Option::is_some)
            && let Some(element) = panel.get()
        {
            focus(&element);
        }
    });
    view! {
        <Show when=move || link.delta.with(Option::is_some)>
            <section class="arrival card" tabindex="-1" node_ref=panel aria-labelledby="arrival-title" data-testid="arrival">
                <h2 id="arrival-title">{text::SHARED_LINK_TITLE}</h2>
                {move || {
                    link.delta
                        .get()
                        .map(|delta| match delta {
                            SharedDelta::Reading(_) => view! { <p role="status">{text::SHARED_LINK_READING}</p> }.into_any(),
                            SharedDelta::Remote { url, host, sha256, .. } => {
                                view! { <Remote url=url host=host has_hash=!sha256.is_empty() /> }.into_any()
                            }
                            SharedDelta::Unpacked { summary, demo, .. } => {
                                view! { <Unpacked summary=*summary prompt=demo.prompt /> }.into_any()
                            }
                        })
                }}
            </section>
        </Show>
    }
}

/// A delta on another site: the user is asked before it is fetched.
#[component]
fn Remote(url: String, host: String, has_hash: bool) -> impl IntoView {
    let link: SharedLink = expect_context();
    view! {
        <p>{text::shared_link_remote(&shorten(&host, 200))}</p>
        <p class="hint"><bdi>{shorten(&url, 300)}</bdi></p>
        <p class="hint">{if has_hash { text::SHARED_LINK_HASH } else { text::SHARED_LINK_NO_HASH }}</p>
        <div class="row">
            <button type="button" class="button primary" data-testid="fetch-arrival" on:click=move |_| link.fetch()>
                {text::SHARED_LINK_FETCH}
            </button>
            <Dismiss />
        </div>
    }
}

/// An unpacked delta: the user sees its metadata before it is opened.
#[component]
fn Unpacked(summary: DeltaSummary, prompt: Option<String>) -> impl IntoView {
    let link: SharedLink = expect_context();
    let prompt = prompt.map(|prompt| shorten(&prompt, 300));
    view! {
        <Metadata summary=summary />
        {prompt.map(|prompt| view! { <p>{text::SHARED_LINK_DEMO} " “" <bdi>{prompt}</bdi> "”"</p> })}
        <div class="row">
            <button type="button" class="button primary" data-testid="accept-arrival" on:click=move |_| link.accept()>
                {text::SHARED_LINK_OPEN}
            </button>
            <Dismiss />
        </div>
    }
}

#[component]
fn Dismiss() -> impl IntoView {
    let link: SharedLink = expect_context();
    view! {
        <button type="button" class="button" data-testid="leave-arrival" on:click=move |_| link.delta.set(None)>
            {text::LEAVE_IT}
        </button>
    }
}

/// Metadata from a link: shown as text, isolated and cut to length.
#[component]
fn Metadata(summary: DeltaSummary) -> impl IntoView {
    let rows = [
        (text::SHARED_LINK_WHAT, shorten(summary.title.trim(), 120)),
        (
            text::SHARED_LINK_SUBJECTS,
            shorten(&text::names(&summary.subjects), 160),
        ),
        (
            text::SHARED_LINK_AUTHOR,
            shorten(summary.author.trim(), 120),
        ),
        (
            text::SHARED_LINK_LICENCE,
            shorten(summary.licence.trim(), 120),
        ),
        (text::SHARED_LINK_BASE, shorten(summary.base.trim(), 120)),
        (text::SHARED_LINK_DATE, text::day(&summary.date)),
        (
            text::SHARED_LINK_WORDS,
            shorten(summary.description.trim(), 600),
        ),
    ];
    let known = rows.into_iter().filter(|(_, value)| !value.is_empty());
    view! {
        <dl class="words-list">
            {known
                .map(|(name, value)| {
                    view! {
                        <div>
                            <dt>{name}</dt>
                            <dd><bdi>{value}</bdi></dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
    }
}
