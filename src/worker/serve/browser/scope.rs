//! The worker's global scope, and what JavaScript throws.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

/// The worker's global scope.
pub(crate) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// What a JavaScript exception says of itself.
pub(crate) fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => thrown.as_string().unwrap_or_else(|| format!("{thrown:?}")),
    }
}

/// The worker's own address; the app's files are beside it.
pub(crate) fn address() -> String {
    let location = js_sys::Reflect::get(&scope(), &"location".into()).unwrap_or_default();
    let href = js_sys::Reflect::get(&location, &"href".into()).unwrap_or_default();
    href.as_string().unwrap_or_default()
}

/// The whole form of an address that is relative to the app.
pub(crate) fn resolve(relative_address: &str) -> String {
    let relative = match relative_address {
        "" => "./",
        relative => relative,
    };
    web_sys::Url::new_with_base(relative, &address())
        .map_or_else(|_| relative_address.to_owned(), |url| url.href())
}
