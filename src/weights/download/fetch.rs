//! The browser's transport.

use gloo::net::http::{RequestBuilder, Response};
use gloo::timers::callback::Timeout;
use js_sys::{Math, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, ReferrerPolicy, RequestCache};

use super::transport::{Answer, Body, Facts, Span, Transport};

/// `fetch`: no cookies go to other sites, no referrer, and nothing into the browser's own cache,
/// where everything would lie twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser;

/// The bytes of an answer.
#[derive(Debug)]
pub struct Stream {
    reader: ReadableStreamDefaultReader,
    /// Nothing more will come: the end was reached or the connection broke.
    over: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.over {
            // The browser stops the transfer; nobody waits for its word on that.
            let _ = self.reader.cancel();
        }
    }
}

impl Transport for Browser {
    type Body = Stream;

    async fn get(&self, url: &str, span: Option<Span>) -> Result<Answer<Stream>, String> {
        let mut request = RequestBuilder::new(url)
            .cache(RequestCache::NoStore)
            .referrer_policy(ReferrerPolicy::NoReferrer);
        if let Some(span) = span {
            request = request.header("Range", &span.header());
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        let facts = facts(&response);
        let stream = response.body().ok_or("the answer is empty")?;
        let body = Stream {
            reader: stream.get_reader().unchecked_into(),
            over: false,
        };
        Ok(Answer { facts, body })
    }

    async fn sleep(&self, ms: u32) {
        // Cleared when this is dropped: most of these never ring.
        let mut timer = None;
        let rings = Promise::new(&mut |resolve, _| {
            timer = Some(Timeout::new(ms, move || {
                let _ = resolve.call0(&JsValue::NULL);
            }));
        });
        let _ = JsFuture::from(rings).await;
        drop(timer);
    }

    fn random(&self) -> f64 {
        Math::random()
    }
}

impl Body for Stream {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        let said = |what: JsValue| format!("{what:?}");
        let answer = JsFuture::from(self.reader.read()).await;
        let answer = answer.inspect_err(|_| self.over = true).map_err(said)?;
        let done = Reflect::get(&answer, &"done".into()).map_err(said)?;
        if done.is_truthy() {
            self.over = true;
            return Ok(None);
        }
        let value = Reflect::get(&answer, &"value".into()).map_err(said)?;
        let chunk: Uint8Array = value.dyn_into().map_err(said)?;
        Ok(Some(chunk.to_vec()))
    }
}

fn facts(response: &Response) -> Facts {
    let headers = response.headers();
    Facts {
        status: response.status(),
        content_type: headers.get("content-type"),
        content_range: headers.get("content-range"),
        etag: headers.get("etag"),
        linked_etag: headers.get("x-linked-etag"),
        linked_size: headers
            .get("x-linked-size")
            .and_then(|value| value.trim().parse().ok()),
        retry_after: headers.get("retry-after"),
    }
}
