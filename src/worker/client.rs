//! The page's end of the worker. Stub: the real one comes with the engine.

use web_sys::Worker;

use super::protocol::{Event, Request};

/// The engine's worker, seen from the page.
pub struct EngineClient {
    worker: Option<Worker>,
}

impl EngineClient {
    /// Starts the worker; `on_event` is called with everything that it says.
    pub fn spawn(on_event: impl Fn(Event) + 'static) -> Self {
        use wasm_bindgen::{JsCast, closure::Closure};
        let worker = Worker::new("engine_loader.js").ok();
        let heard =
            Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |message: web_sys::MessageEvent| {
                if let Ok(event) = serde_wasm_bindgen::from_value::<Event>(message.data()) {
                    on_event(event);
                }
            });
        if let Some(worker) = &worker {
            worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        }
        heard.forget();
        Self { worker }
    }

    /// Sends a request.
    pub fn send(&self, request: Request) {
        if let (Some(worker), Ok(value)) = (&self.worker, serde_wasm_bindgen::to_value(&request)) {
            let _ = worker.post_message(&value);
        }
    }

    /// Starts the worker again.
    pub fn restart(&self) {}
}
