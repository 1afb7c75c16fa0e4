//! Asks the browser to keep what this site stores.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

/// Asks the browser not to clear checkpoints and models when disk space runs short. Only a page can
/// ask, and the browser may refuse.
pub(super) fn ask_to_persist() {
    let Some(window) = web_sys::window() else {
        return;
    };
    // Without a secure context there is no storage to ask for.
    let storage = js_sys::Reflect::get(&window.navigator(), &"storage".into());
    if let Ok(storage) = storage
        && !storage.is_undefined()
    {
        let asked = storage
            .unchecked_into::<web_sys::StorageManager>()
            .persist();
        if let Ok(promise) = asked {
            spawn_local(async move {
                let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
            });
        }
    }
}
