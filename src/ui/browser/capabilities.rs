//! What the browser offers and what it lacks.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::api;

/// Gigabytes of memory below which training may not fit beside other tabs.
const LITTLE_MEMORY: f64 = 4.0;

/// Something that the user should know before they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingCapability {
    /// No WebGPU.
    WebGpu,
    /// WebGPU, but no hardware GPU.
    Gpu,
    /// Little memory.
    Memory,
    /// No persistent storage.
    Storage,
}

/// The capabilities that this browser lacks.
#[derive(Clone, Copy)]
pub struct Capabilities {
    /// Those that the user has not dismissed.
    pub missing: RwSignal<Vec<MissingCapability>>,
}

impl Capabilities {
    /// Checks what can be checked when the page opens.
    pub fn new() -> Self {
        let mut missing = Vec::new();
        if !has_webgpu() {
            missing.push(MissingCapability::WebGpu);
        }
        let memory = api::of_navigator("deviceMemory").and_then(|memory| memory.as_f64());
        if memory.is_some_and(|memory| memory < LITTLE_MEMORY) {
            missing.push(MissingCapability::Memory);
        }
        Self {
            missing: RwSignal::new(missing),
        }
    }

    /// Adds one, unless it is shown already.
    pub fn add(self, capability: MissingCapability) {
        self.missing.update(|missing| {
            if !missing.contains(&capability) {
                missing.push(capability);
            }
        });
    }

    /// The user has read it.
    pub fn dismiss(self, capability: MissingCapability) {
        self.missing
            .update(|missing| missing.retain(|of| *of != capability));
    }
}

/// True if the browser has WebGPU.
pub fn has_webgpu() -> bool {
    api::of_navigator("gpu").is_some()
}

/// True if the user asked the browser to save data.
pub fn saves_data() -> bool {
    api::of_navigator("connection")
        .and_then(|connection| api::get(&connection, "saveData"))
        .is_some_and(|saves| saves.is_truthy())
}

/// True if the system can share a link.
pub fn can_share() -> bool {
    api::of_navigator("share").is_some_and(|share| share.is_function())
}

/// True if the browser has an API for cameras.
pub fn has_camera() -> bool {
    api::of_navigator("mediaDevices")
        .and_then(|devices| api::get(&devices, "getUserMedia"))
        .is_some_and(|method| method.is_instance_of::<js_sys::Function>())
}

/// Registers the service worker, which keeps the page for visits without a connection.
pub fn work_offline() {
    let Some(workers) = api::of_navigator("serviceWorker") else {
        return;
    };
    spawn_local(async move {
        // Plain HTTP has no service workers; the page works without.
        let _ = api::call(&workers, "register", &["sw.js".into()]).await;
    });
}
