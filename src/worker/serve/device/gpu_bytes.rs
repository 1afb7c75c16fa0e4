//! Bytes of GPU buffers. WebGPU reports no totals, so they are counted.
//!
//! `GPUDevice.createBuffer` and `GPUBuffer.destroy` are wrapped before Burn opens its device. wgpu
//! drops buffers without destroying them; such buffers count until they are garbage-collected.

use std::cell::Cell;

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::worker::serve::device::chosen::DeviceMemory;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    static NOW: Cell<f64> = const { Cell::new(0.0) };
    static PEAK: Cell<f64> = const { Cell::new(0.0) };
}

/// Begins to count, once. Nothing is counted where the browser does not allow it.
pub(crate) fn count() {
    if !COUNTS.get() && wrap().is_ok() {
        COUNTS.set(true);
    }
}

/// Bytes of all buffers; `None` where they are not counted.
pub(crate) fn held() -> Option<u64> {
    COUNTS.get().then(|| NOW.get() as u64)
}

/// The peak is counted anew from what is held now.
pub(crate) fn begin_peak() {
    PEAK.set(NOW.get());
}

/// Bytes in use, and their peak since [`begin_peak`].
pub(crate) fn memory() -> DeviceMemory {
    let counts = COUNTS.get();
    DeviceMemory {
        gpu_peak: counts.then(|| PEAK.get() as u64),
        gpu: counts.then(|| NOW.get() as u64),
        wasm: wasm_bytes(),
    }
}

/// Bytes of WebAssembly memory.
fn wasm_bytes() -> u64 {
    let buffer = Reflect::get(&wasm_bindgen::memory(), &"buffer".into()).unwrap_or_default();
    let length = Reflect::get(&buffer, &"byteLength".into()).unwrap_or_default();
    length.as_f64().unwrap_or(0.0) as u64
}

fn add(bytes: f64) {
    NOW.set(NOW.get() + bytes);
    PEAK.set(PEAK.get().max(NOW.get()));
}

fn wrap() -> Result<(), JsValue> {
    let global = js_sys::global();
    // A buffer that is collected was dropped without being destroyed.
    let collected = Closure::<dyn Fn(JsValue)>::new(|bytes: JsValue| {
        add(-bytes.as_f64().unwrap_or(0.0));
    });
    let registry = Reflect::get(&global, &"FinalizationRegistry".into())?;
    let registry: Function = registry.dyn_into()?;
    let registry = Reflect::construct(&registry, &Array::of1(collected.as_ref()))?;
    collected.forget();
    let method = |name: &str| Reflect::get(&registry, &name.into());
    let register: Function = method("register")?.dyn_into()?;
    let unregister: Function = method("unregister")?.dyn_into()?;

    let on = registry.clone();
    replace("GPUDevice", "createBuffer", move |make, device, given| {
        let buffer = Reflect::apply(make, device, given)?;
        let bytes = Reflect::get(&buffer, &"size".into())?;
        add(bytes.as_f64().unwrap_or(0.0));
        register.call3(&on, &buffer, &bytes, &buffer)?;
        Ok(buffer)
    })?;
    replace("GPUBuffer", "destroy", move |end, buffer, given| {
        // Only the first time: a buffer may be destroyed again.
        if unregister.call1(&registry, buffer)?.is_truthy() {
            let bytes = Reflect::get(buffer, &"size".into())?;
            add(-bytes.as_f64().unwrap_or(0.0));
        }
        Reflect::apply(end, buffer, given)
    })
}

/// Replaces a method by `instead`, which gets the method, its object and its arguments.
fn replace(
    class: &str,
    name: &str,
    instead: impl Fn(&Function, &JsValue, &Array) -> Result<JsValue, JsValue> + 'static,
) -> Result<(), JsValue> {
    let class = Reflect::get(&js_sys::global(), &class.into())?;
    let prototype = Reflect::get(&class, &"prototype".into())?;
    let method = Reflect::get(&prototype, &name.into())?;
    // A closure does not know its `this`; a proxy's handler gets it as an argument.
    let apply = Closure::<dyn Fn(Function, JsValue, Array) -> Result<JsValue, JsValue>>::new(
        move |method: Function, this: JsValue, given: Array| instead(&method, &this, &given),
    );
    let handler = Object::new();
    Reflect::set(&handler, &"apply".into(), apply.as_ref())?;
    apply.forget();
    let proxy = js_sys::Proxy::new(&method, &handler);
    Reflect::set(&prototype, &name.into(), &proxy)?;
    Ok(())
}
