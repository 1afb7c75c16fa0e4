//! Browser APIs that not every browser has, called by name.

use js_sys::{Array, Function, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A property; `None` if it is missing, undefined or null.
pub fn get(target: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(target, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// A property of the navigator.
pub fn of_navigator(name: &str) -> Option<JsValue> {
    get(&window().navigator(), name)
}

/// A property that is a number.
pub fn number(target: &JsValue, name: &str) -> Option<f64> {
    get(target, name)?.as_f64()
}

/// Calls a method and awaits the promise that it returns.
///
/// # Errors
/// The exception or rejection; `undefined` if there is no such method.
pub async fn call(target: &JsValue, name: &str, args: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = get(target, name)
        .and_then(|method| method.dyn_into().ok())
        .ok_or(JsValue::UNDEFINED)?;
    let args: Array = args.iter().collect();
    let answer = method.apply(target, &args)?;
    JsFuture::from(Promise::resolve(&answer)).await
}

/// A value that [`remember`] stored, on this or an earlier visit.
pub fn remembered(key: &str) -> Option<String> {
    let storage = window().local_storage().ok()??;
    storage.get_item(&format!("deltabooth.{key}")).ok()?
}

/// Stores a small value in `localStorage`, where the browser allows it.
pub fn remember(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // Storage may be full or disabled: then the user chooses again on the next visit.
        let _ = storage.set_item(&format!("deltabooth.{key}"), value);
    }
}

/// A random seed, as a whole number.
pub fn random_seed() -> u64 {
    (js_sys::Math::random() * f64::from(u32::MAX)) as u64
}
