//! The results: pictures of the base model beside the personalised ones, newest first.

use leptos::prelude::*;

use super::{
    attention::AttentionPanel,
    result_picture::ResultPicture,
    results::{ResultKind, ResultSet, Side},
    state::Generate,
};
use crate::ui::{engine::activity::Activity, text};

/// The results of this visit.
#[component]
pub fn ResultsPanel() -> impl IntoView {
    let results = expect_context::<Generate>().results;
    let activity: Activity = expect_context();
    let done = move || {
        let made = results.list.with(|results| !results.is_empty()) && !activity.is_generating();
        if made { text::RESULTS_DONE } else { "" }
    };
    view! {
        <div class="results" id="results" data-testid="results" role="region" aria-label=text::RESULTS_LABEL aria-busy=move || activity.is_generating().to_string()>
            <p class="visually-hidden" role="status">{done}</p>
            <Show when=move || results.list.with(Vec::is_empty)>
                <p class="hint">{text::RESULTS_EMPTY}</p>
            </Show>
            <For each=move || results.list.get() key=|result| result.id let(result)>
                <ResultLine result=result />
            </For>
        </div>
    }
}

#[component]
fn ResultLine(result: ResultSet) -> impl IntoView {
    let captions = match result.kind {
        ResultKind::Edit => [text::BEFORE_CAPTION, text::AFTER_CAPTION],
        _ => [text::BASE_CAPTION, text::PERSONALISED_CAPTION],
    };
    let sides = [
        (result.base.clone(), captions[0], "result-base"),
        (
            result.personalised.clone(),
            captions[1],
            "result-personalised",
        ),
    ];
    let attention = match &result.kind {
        ResultKind::Attention(word) => Some(text::attention(&text::shorten(word, 60))),
        _ => None,
    };
    let note = result.note.clone();
    let request = match &result.kind {
        ResultKind::Pictures(request) => Some(request.clone()),
        _ => None,
    };
    view! {
        <article class="result" data-testid="result">
            <h3>
                <bdi>{result.prompt.clone()}</bdi>
                {attention.map(|words| view! { <span class="hint" data-testid="result-look">{words}</span> })}
                <span class="hint">{text::result_settings(result.seed, &result.strengths)}</span>
                {move || note.get().map(|note| view! { <span class="hint" data-testid="result-note">{note}</span> })}
            </h3>
            <div class="sides">
                {sides
                    .into_iter()
                    .filter_map(|(side, caption, testid)| {
                        side.map(|side| view! { <ResultSide side=side caption=caption testid=testid result=result.clone() /> })
                    })
                    .collect_view()}
            </div>
            {request.map(|request| view! { <AttentionPanel request=request /> })}
        </article>
    }
}

#[component]
fn ResultSide(
    side: ArcRwSignal<Side>,
    caption: &'static str,
    testid: &'static str,
    result: ResultSet,
) -> impl IntoView {
    let pictures = move || {
        match side.get() {
        Side::Waiting => {
            (0..result.count).map(|_| view! { <div class="placeholder">{text::RESULT_WAITING}</div> }).collect_view().into_any()
        }
        Side::Stopped => view! { <div class="placeholder still">{text::RESULT_STOPPED}</div> }.into_any(),
        Side::Ready(pictures) => (0..pictures.len())
            .map(|index| {
                view! {
                    <ResultPicture pictures=pictures.clone() index=index caption=caption testid=testid result=result.clone() />
                }
            })
            .collect_view()
            .into_any(),
    }
    };
    view! {
        <div class="side">
            <p class="caption">{caption}</p>
            <div class="pictures">{pictures}</div>
        </div>
    }
}
