//! One picture of a result, and its download.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use super::{
    png::{png_with_settings, single},
    results::{ResultKind, ResultSet},
};
use crate::ui::{
    browser::pixels::{file_name, png, save_bytes},
    deltas::state::Deltas,
    messages::state::{Messages, Severity},
    text,
    widgets::canvas::Picture,
};
use crate::worker::protocol::{GenerateRequest, Pixels};

/// A picture with its caption and a download button.
#[component]
pub fn ResultPicture(
    pictures: Arc<Vec<Pixels>>,
    index: usize,
    caption: &'static str,
    testid: &'static str,
    result: ResultSet,
) -> impl IntoView {
    let deltas: Deltas = expect_context();
    let messages: Messages = expect_context();
    let picture = pictures.get(index).cloned();
    let ResultSet {
        prompt, seed, kind, ..
    } = result;
    let request = request_of(kind, testid == "result-personalised");
    let factor = request
        .as_ref()
        .and_then(|of| of.strength_factors.get(index).copied());
    let label = text::result_label(caption, &prompt, seed);
    let save = {
        let picture = picture.clone();
        move |_| {
            if let Some(picture) = picture.clone() {
                let name = file_name(
                    &format!("{prompt} {caption} {seed}"),
                    &format!("-{}.png", index + 1),
                );
                let request = request.clone();
                spawn_local(save_png(picture, request, index, name, deltas, messages));
            }
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

/// The request that makes the pictures of a side; `None` for edits and attention.
fn request_of(kind: ResultKind, personalised: bool) -> Option<GenerateRequest> {
    match kind {
        ResultKind::Pictures(request) if personalised || request.deltas.is_empty() => Some(request),
        // The base model's own pictures: the same request without deltas.
        ResultKind::Pictures(request) => Some(GenerateRequest {
            deltas: Vec::new(),
            strength_factors: Vec::new(),
            ..request
        }),
        _ => None,
    }
}

/// Downloads a picture, with its settings if it has a request.
async fn save_png(
    picture: Pixels,
    request: Option<GenerateRequest>,
    index: usize,
    name: String,
    deltas: Deltas,
    messages: Messages,
) {
    let file = match &request {
        Some(request) => {
            let titles = deltas.titles_of(request);
            png_with_settings(&picture, &single(request, index), &titles).await
        }
        None => png(&picture).await,
    };
    match file {
        Some(file) => save_bytes(&file, &name),
        None => messages.tell(Severity::Error, text::PICTURE_SAVE_FAILED),
    }
}
