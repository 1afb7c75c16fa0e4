//! Calls to browser interfaces that web-sys does not describe, or that some browsers lack.

use gloo::timers::callback::Timeout;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A property of an object; `undefined` if it has none of this name.
pub(crate) fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Calls a method.
///
/// # Errors
/// The exception that the method throws.
pub(crate) fn call(
    object: &JsValue,
    method: &str,
    arguments: &[JsValue],
) -> Result<JsValue, JsValue> {
    let method: Function = get(object, method).dyn_into()?;
    method.apply(object, &arguments.iter().collect())
}

/// The value of a promise.
///
/// # Errors
/// The reason of its rejection.
pub(crate) async fn resolved<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

/// The return value of a method as a promise; an exception becomes a rejected one.
pub(crate) fn promise(returned: Result<JsValue, JsValue>) -> Promise {
    returned.map_or_else(
        |thrown| Promise::reject(&thrown),
        |value| Promise::resolve(&value),
    )
}

/// A pending promise and the function that resolves it.
pub(crate) fn promise_with_resolver() -> (Promise, Option<Function>) {
    let mut resolver = None;
    let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
    (promise, resolver)
}

/// Waits for `ms` milliseconds; the timer is cleared if the future is dropped before.
pub(crate) async fn sleep(ms: u32) {
    let mut timer = None;
    let elapsed = Promise::new(&mut |resolve, _| {
        timer = Some(Timeout::new(ms, move || {
            let _ = resolve.call0(&JsValue::NULL);
        }));
    });
    let _ = JsFuture::from(elapsed).await;
    drop(timer);
}

/// Whether an exception has this name, such as `NotFoundError`.
pub(crate) fn has_name(thrown: &JsValue, name: &str) -> bool {
    get(thrown, "name").as_string().as_deref() == Some(name)
}

/// Name and message of an exception.
pub(crate) fn describe(thrown: &JsValue) -> String {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => thrown.as_string().unwrap_or_else(|| format!("{thrown:?}")),
    }
}
