//! What was made, newest first: the base beside the personalised pictures.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use crate::ui::browser::pixels::{file_name, png, save_bytes};
use crate::ui::gallery::actions::{of_one, png_with_settings};
use crate::ui::state::{Gravity, ResultKind, ResultSet, Side, booth};
use crate::ui::text;
use crate::ui::widgets::canvas::Picture;
use crate::worker::protocol::{GenerateRequest, Pixels};

/// All results of this visit.
#[component]
pub fn Results() -> impl IntoView {
    let booth = booth();
    let done = move || {
        let made = booth.results.with(|results| !results.is_empty()) && !booth.is_generating();
        if made { text::RESULTS_DONE } else { "" }
    };
    view! {
        <div class="results" id="results" data-testid="results" role="region" aria-label=text::RESULTS_LABEL aria-busy=move || booth.is_generating().to_string()>
            <p class="visually-hidden" role="status">{done}</p>
            <Show when=move || booth.results.with(Vec::is_empty)>
                <p class="hint">{text::RESULTS_EMPTY}</p>
            </Show>
            <For each=move || booth.results.get() key=|result| result.id let(result)>
                <ResultLine result=result />
            </For>
        </div>
    }
}

#[component]
fn ResultLine(result: ResultSet) -> impl IntoView {
    let booth = booth();
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
    let look = match &result.kind {
        ResultKind::Look(word) => Some(text::look(&text::shorten(word, 60))),
        _ => None,
    };
    let note = result.note.clone();
    let looks = match &result.kind {
        ResultKind::Pictures(request) => Some(request.clone()),
        _ => None,
    };
    view! {
        <article class="result" data-testid="result">
            <h3>
                <bdi>{result.prompt.clone()}</bdi>
                {look.map(|look| view! { <span class="hint" data-testid="result-look">{look}</span> })}
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
            {looks.map(|request| view! { <Look request=request busy=Signal::derive(move || booth.is_training() || booth.is_generating()) /> })}
        </article>
    }
}

/// The words of a prompt, each a button that shows where it looks.
#[component]
fn Look(request: GenerateRequest, busy: Signal<bool>) -> impl IntoView {
    let booth = booth();
    let mut words: Vec<String> = Vec::new();
    for word in request.prompt.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    let button = move |word: String| {
        let (request, asked) = (request.clone(), word.clone());
        view! {
            <button
                type="button"
                class="chip"
                data-testid="look"
                aria-label=text::look_label(&word)
                disabled=move || busy.get()
                on:click=move |_| booth.look(&request, &asked)
            >
                <bdi>{text::shorten(&word, 40)}</bdi>
            </button>
        }
    };
    view! {
        <details class="advanced look" data-testid="look-panel">
            <summary>{text::LOOK_TITLE}</summary>
            <div class="chips">{words.into_iter().map(button).collect_view()}</div>
        </details>
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

#[component]
fn ResultPicture(
    pictures: Arc<Vec<Pixels>>,
    index: usize,
    caption: &'static str,
    testid: &'static str,
    result: ResultSet,
) -> impl IntoView {
    let booth = booth();
    let picture = pictures.get(index).cloned();
    let ResultSet {
        prompt, seed, kind, ..
    } = result;
    let personalised = testid == "result-personalised";
    // The base's own picture is the same request without deltas.
    let request = match kind {
        ResultKind::Pictures(request) if personalised || request.deltas.is_empty() => Some(request),
        ResultKind::Pictures(request) => Some(GenerateRequest {
            deltas: Vec::new(),
            strength_factors: Vec::new(),
            ..request
        }),
        _ => None,
    };
    let factor = request
        .as_ref()
        .and_then(|of| of.strength_factors.get(index).copied());
    let label = text::result_label(caption, &prompt, seed);
    let save = move |_| {
        if let Some(picture) = pictures.get(index) {
            let name = file_name(
                &format!("{prompt} {caption} {seed}"),
                &format!("-{}.png", index + 1),
            );
            let (picture, request) = (picture.clone(), request.clone());
            spawn_local(async move {
                let file = match &request {
                    Some(request) => {
                        let titles = booth.titles_of(request);
                        png_with_settings(&picture, &of_one(request, index), &titles).await
                    }
                    None => png(&picture).await,
                };
                match file {
                    Some(file) => save_bytes(&file, &name),
                    None => booth.tell(Gravity::Error, text::PICTURE_SAVE_FAILED.to_owned()),
                }
            });
        }
    };
    view! {
        <figure>
            <Picture picture=picture label=label testid=testid />
            {factor.map(|factor| view! { <figcaption class="factor">{text::factor(factor)}</figcaption> })}
            <button
                type="button"
                class="save"
                data-testid="download-png"
                aria-label=text::download_result(caption, index + 1)
                on:click=save
            >
                {text::DOWNLOAD_PNG}
            </button>
        </figure>
    }
}
