//! Bytes of GPU buffers, counted where the browser makes and ends them: WebGPU tells no sums.
//!
//! `GPUDevice.createBuffer` and `GPUBuffer.destroy` are wrapped before Burn opens its device.
//! wgpu destroys no buffer that it lets go of: that one's memory is the browser's until its garbage
//! collector has been there, and so long it counts.

use std::cell::Cell;

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::worker::protocol::{Event, MemoryUse, Task};
use crate::worker::serve::page::post;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    static NOW: Cell<f64> = const { Cell::new(0.0) };
    static PEAK: Cell<f64> = const { Cell::new(0.0) };
}

/// Begins to count, once; a browser in which that is not possible is none the worse for it.
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
pub(crate) fn begin() {
    PEAK.set(NOW.get());
}

/// Tells the page what `task` took since [`begin`], beside the bytes that were `planned`.
pub(crate) fn tell(task: Task, planned: u64) {
    let counts = COUNTS.get();
    post(&Event::MemoryUsed {
        used: MemoryUse {
            task,
            planned,
            gpu_peak: counts.then(|| PEAK.get() as u64),
            gpu: counts.then(|| NOW.get() as u64),
            wasm: wasm_bytes(),
        },
    });
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
    // A buffer that is collected was let go of without being destroyed.
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

/// Puts `instead` in the place of a method; it gets the method, its object and its arguments.
fn replace(
    class: &str,
    name: &str,
    instead: impl Fn(&Function, &JsValue, &Array) -> Result<JsValue, JsValue> + 'static,
) -> Result<(), JsValue> {
    let class = Reflect::get(&js_sys::global(), &class.into())?;
    let prototype = Reflect::get(&class, &"prototype".into())?;
    let method = Reflect::get(&prototype, &name.into())?;
    // Of a closure's own `this` nothing is known; a proxy's handler is told it.
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
