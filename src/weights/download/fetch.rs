//! The browser's transport.

use gloo::net::http::{RequestBuilder, Response};
use gloo::timers::callback::Timeout;
use js_sys::{Math, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache};

use super::transport::{Answer, Body, Facts, Span, Transport};

/// `fetch`: no cookies go to other sites, no referrer, and nothing into the browser's own cache,
/// where everything would lie twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser;

/// The bytes of an answer.
#[derive(Debug)]
pub struct Stream {
    reader: ReadableStreamDefaultReader,
    _ends: Ends,
}

/// Ends a request when dropped: one that nobody reads would go on.
#[derive(Debug)]
struct Ends(Option<AbortController>);

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

impl Transport for Browser {
    type Body = Stream;

    async fn get(&self, url: &str, span: Option<Span>) -> Result<Answer<Stream>, String> {
        let ends = Ends(AbortController::new().ok());
        let signal = ends.0.as_ref().map(AbortController::signal);
        let mut request = RequestBuilder::new(url)
            .cache(RequestCache::NoStore)
            .referrer_policy(ReferrerPolicy::NoReferrer)
            .abort_signal(signal.as_ref());
        if let Some(span) = span {
            request = request.header("Range", &span.header());
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        let facts = facts(&response);
        let stream = response.body().ok_or("the answer is empty")?;
        Ok(Answer {
            facts,
            body: Stream {
                reader: stream.get_reader().unchecked_into(),
                _ends: ends,
            },
        })
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
        let answer = JsFuture::from(self.reader.read()).await.map_err(said)?;
        let done = Reflect::get(&answer, &"done".into()).map_err(said)?;
        if done.is_truthy() {
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
