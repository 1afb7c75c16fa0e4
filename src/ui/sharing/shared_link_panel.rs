//! What a link brought: who made what for which base, before anything is done with it.

use leptos::{html, prelude::*};

use crate::ui::sharing::actions::focus;
use crate::ui::state::{Arrival, booth};
use crate::ui::text::{self, shorten};
use crate::worker::protocol::DeltaSummary;

/// Above the cards, and the first thing that has the focus.
#[component]
pub fn ArrivalPanel() -> impl IntoView {
    let booth = booth();
    let panel = NodeRef::<html::Section>::new();
    Effect::new(move |_| {
        if booth.arrival.with(Option::is_some)
            && let Some(element) = panel.get()
        {
            focus(&element);
        }
    });
    view! {
        <Show when=move || booth.arrival.with(Option::is_some)>
            <section class="arrival card" tabindex="-1" node_ref=panel aria-labelledby="arrival-title" data-testid="arrival">
                <h2 id="arrival-title">{text::ARRIVAL_TITLE}</h2>
                {move || {
                    booth
                        .arrival
                        .get()
                        .map(|arrival| match arrival {
                            Arrival::Reading(_) => view! { <p role="status">{text::ARRIVAL_READING}</p> }.into_any(),
                            Arrival::Elsewhere { url, host, sha256, .. } => {
                                view! {
                                    <p>{text::arrival_elsewhere(&shorten(&host, 200))}</p>
                                    <p class="hint"><bdi>{shorten(&url, 300)}</bdi></p>
                                    <p class="hint">{if sha256.is_empty() { text::ARRIVAL_NO_HASH } else { text::ARRIVAL_HASH }}</p>
                                    <div class="row">
                                        <button type="button" class="button primary" data-testid="fetch-arrival" on:click=move |_| booth.fetch_arrival()>
                                            {text::ARRIVAL_FETCH}
                                        </button>
                                        <Leave />
                                    </div>
                                }
                                    .into_any()
                            }
                            Arrival::Here { summary, demo, .. } => {
                                let prompt = demo.prompt.map(|prompt| shorten(&prompt, 300));
                                view! {
                                    <Words summary=*summary />
                                    {prompt.map(|prompt| view! { <p>{text::ARRIVAL_DEMO} " “" <bdi>{prompt}</bdi> "”"</p> })}
                                    <div class="row">
                                        <button type="button" class="button primary" data-testid="accept-arrival" on:click=move |_| booth.accept_arrival()>
                                            {text::ARRIVAL_OPEN}
                                        </button>
                                        <Leave />
                                    </div>
                                }
                                    .into_any()
                            }
                        })
                }}
            </section>
        </Show>
    }
}

#[component]
fn Leave() -> impl IntoView {
    let booth = booth();
    view! {
        <button type="button" class="button" data-testid="leave-arrival" on:click=move |_| booth.arrival.set(None)>
            {text::LEAVE_IT}
        </button>
    }
}

/// Everything here came out of a link: it is shown as text, isolated and cut to length.
#[component]
fn Words(summary: DeltaSummary) -> impl IntoView {
    let rows = [
        (text::ARRIVAL_WHAT, shorten(summary.title.trim(), 120)),
        (
            text::ARRIVAL_SUBJECTS,
            shorten(&text::names(&summary.subjects), 160),
        ),
        (text::ARRIVAL_AUTHOR, shorten(summary.author.trim(), 120)),
        (text::ARRIVAL_LICENCE, shorten(summary.licence.trim(), 120)),
        (text::ARRIVAL_BASE, shorten(summary.base.trim(), 120)),
        (text::ARRIVAL_DATE, text::day(&summary.date)),
        (
            text::ARRIVAL_WORDS,
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
