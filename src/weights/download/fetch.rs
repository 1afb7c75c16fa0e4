//! The browser's transport: `fetch` (<https://fetch.spec.whatwg.org>).

use gloo::net::http::{RequestBuilder, Response as FetchResponse};
use js_sys::{Math, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache};

use super::transport::{Body, ByteRange, Response, ResponseHead, Transport};
use crate::js;

/// `fetch` without cookies for other sites, without referrer, and past the browser's HTTP cache,
/// which would store every file a second time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetch;

/// The body of a response.
#[derive(Debug)]
pub struct BodyStream {
    reader: ReadableStreamDefaultReader,
    /// The end was reached or the connection broke.
    over: bool,
}

impl BodyStream {
    pub(super) fn new(stream: &ReadableStream) -> Self {
        Self {
            reader: stream.get_reader().unchecked_into(),
            over: false,
        }
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        if !self.over {
            // The browser stops the transfer; its answer is of no interest.
            let _ = self.reader.cancel();
        }
    }
}

impl Transport for Fetch {
    type Body = BodyStream;

    async fn get(
        &self,
        url: &str,
        range: Option<ByteRange>,
    ) -> Result<Response<BodyStream>, String> {
        let mut request = RequestBuilder::new(url)
            .cache(RequestCache::NoStore)
            .referrer_policy(ReferrerPolicy::NoReferrer);
        if let Some(range) = range {
            request = request.header("Range", &range.header());
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        let head = head(&response);
        let stream = response.body().ok_or("the answer is empty")?;
        let body = BodyStream::new(&stream);
        Ok(Response { head, body })
    }

    async fn sleep(&self, ms: u32) {
        js::sleep(ms).await;
    }

    fn random(&self) -> f64 {
        Math::random()
    }
}

impl Body for BodyStream {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        let text = |thrown: JsValue| format!("{thrown:?}");
        let answer = JsFuture::from(self.reader.read()).await;
        let answer = answer.inspect_err(|_| self.over = true).map_err(text)?;
        let done = Reflect::get(&answer, &"done".into()).map_err(text)?;
        if done.is_truthy() {
            self.over = true;
            return Ok(None);
        }
        let value = Reflect::get(&answer, &"value".into()).map_err(text)?;
        let chunk: Uint8Array = value.dyn_into().map_err(text)?;
        Ok(Some(chunk.to_vec()))
    }
}

fn head(response: &FetchResponse) -> ResponseHead {
    let headers = response.headers();
    ResponseHead {
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
