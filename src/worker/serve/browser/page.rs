//! The page, seen from its worker.

use futures_util::future::LocalBoxFuture;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use crate::worker::protocol::{Answer, RequestId, Task};
use crate::worker::serve::browser::crash;
use crate::worker::serve::browser::scope::scope;
use crate::worker::serve::context::Page;

/// The page that started this worker.
pub(crate) struct BrowserPage {
    /// Browsers throttle the timers of hidden tabs, but not messages.
    channel: MessageChannel,
}

impl BrowserPage {
    /// # Errors
    /// The browser's.
    pub(crate) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            channel: MessageChannel::new()?,
        })
    }
}

impl Page for BrowserPage {
    fn post(&self, answer: &Answer) {
        let posted = serde_wasm_bindgen::to_value(answer)
            .map_err(JsValue::from)
            .and_then(|value| scope().post_message(&value));
        if let Err(why) = posted {
            // Otherwise the page would wait for ever.
            crash::report(&format!("an event could not be posted: {why:?}"));
        }
    }

    fn turn(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {
            let promise = Promise::new(&mut |resolve, _| {
                self.channel.port1().set_onmessage(Some(&resolve));
                if self.channel.port2().post_message(&JsValue::NULL).is_err() {
                    let _ = resolve.call0(&JsValue::NULL);
                }
            });
            let _ = JsFuture::from(promise).await;
        })
    }

    fn work_on(&self, id: Option<RequestId>, task: Task) {
        crash::work_on(id, task);
    }

    fn set_gpu(&self, gpu: bool) {
        crash::set_gpu(gpu);
    }

    fn now(&self) -> String {
        js_sys::Date::new_0().to_iso_string().into()
    }
}
