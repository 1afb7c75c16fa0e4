//! Fetching a shared delta from another site, and the hash of a file.

use js_sys::Uint8Array;
use leptos::prelude::window;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReferrerPolicy, RequestCredentials, RequestInit, Response};

use crate::sha256::{digest_async, hex};
use crate::ui::text;

/// Largest file that is fetched, in bytes.
const MAX_FILE_BYTES: usize = 64 << 20;

/// The SHA-256 of a file in hexadecimal; `None` if the browser cannot compute it.
pub async fn sha256(file: &[u8]) -> Option<String> {
    let digest = digest_async(file).await.ok()?;
    Some(hex(&digest))
}

/// Fetches a file without cookies and without a referrer; browsers still send the page's origin.
///
/// # Errors
/// Words for the user: the site cannot be reached, the file is too large, or its hash differs from
/// `expected` (unless that is empty).
pub async fn fetch(url: &str, expected: &str) -> Result<Vec<u8>, String> {
    let init = RequestInit::new();
    init.set_method("GET");
    init.set_credentials(RequestCredentials::Omit);
    init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    let promise = window().fetch_with_str_and_init(url, &init);
    let answer = JsFuture::from(promise).await;
    let response: Response = answer
        .ok()
        .and_then(|answer| answer.dyn_into().ok())
        .ok_or_else(|| text::LINK_UNREACHABLE.to_owned())?;
    if !response.ok() {
        return Err(text::link_refused(response.status()));
    }
    let length = response.headers().get("content-length").ok().flatten();
    let length = length.and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_FILE_BYTES) {
        return Err(text::LINK_TOO_LARGE.to_owned());
    }
    let body = response
        .array_buffer()
        .map_err(|_| text::LINK_UNREACHABLE.to_owned())?;
    let body = JsFuture::from(body).await;
    let file = body.map_err(|_| text::LINK_UNREACHABLE.to_owned())?;
    let file = Uint8Array::new(&file);
    if file.length() as usize > MAX_FILE_BYTES {
        return Err(text::LINK_TOO_LARGE.to_owned());
    }
    let file = file.to_vec();
    match sha256(&file).await {
        Some(found) if !expected.is_empty() && found != expected => {
            Err(text::link_hash(expected, &found))
        }
        _ => Ok(file),
    }
}
