//! Reading over HTTP in a browser: an answer's body, chunk by chunk as it arrives.

use gloo::net::http::{RequestBuilder, Response};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

use crate::error::{Error, Result};

/// The most memory asked for before any byte has come.
const FIRST_CAPACITY: u64 = 16 << 20;

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct Body {
    url: String,
    reader: ReadableStreamDefaultReader,
    chunk: Uint8Array,
    position: u32,
    /// Nothing more will come: the end was reached or the connection broke.
    over: bool,
}

impl Body {
    /// Asks for a file.
    ///
    /// # Errors
    /// `Io` if the server cannot be reached, has no such file, or answers with a web page.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let response = ask(url).await?;
        if !response.ok() {
            return Err(Error::Io(format!(
                "The server has no {url} (it answers {} {}). Check the address of the base.",
                response.status(),
                response.status_text()
            )));
        }
        if is_page(&response) {
            return Err(Error::Io(format!(
                "The server answers {url} with a web page, not with the file. Check the address of the base."
            )));
        }
        let Some(stream) = response.body() else {
            return Err(Error::Io(format!(
                "The server's answer to {url} is empty. Try again."
            )));
        };
        Ok(Self {
            url: url.to_owned(),
            reader: stream.get_reader().unchecked_into(),
            chunk: Uint8Array::new_with_length(0),
            position: 0,
            over: false,
        })
    }

    /// The next `count` bytes, or fewer if the body ends before.
    ///
    /// # Errors
    /// `Io` if the connection breaks.
    pub(crate) async fn read(&mut self, count: u64) -> Result<Vec<u8>> {
        let count = usize::try_from(count).map_err(|_| {
            Error::Io(format!(
                "{} has a tensor of {count} bytes, more than a browser tab can hold.",
                self.url
            ))
        })?;
        let mut bytes = Vec::with_capacity(count.min(FIRST_CAPACITY as usize));
        while bytes.len() < count {
            if self.position == self.chunk.length() && !self.next_chunk().await? {
                break;
            }
            let missing = u32::try_from(count - bytes.len()).unwrap_or(u32::MAX);
            let end = self.position + missing.min(self.chunk.length() - self.position);
            let start = bytes.len();
            bytes.resize(start + (end - self.position) as usize, 0);
            self.chunk
                .subarray(self.position, end)
                .copy_to(&mut bytes[start..]);
            self.position = end;
        }
        Ok(bytes)
    }

    /// Waits for more; false at the end.
    async fn next_chunk(&mut self) -> Result<bool> {
        self.over = true;
        let broken = |what: &JsValue| {
            Error::Io(format!(
                "The connection broke while {} was on its way ({what:?}). Check the network and try again.",
                self.url
            ))
        };
        let answer = JsFuture::from(self.reader.read())
            .await
            .map_err(|error| broken(&error))?;
        let done = Reflect::get(&answer, &"done".into()).map_err(|error| broken(&error))?;
        if done.is_truthy() {
            return Ok(false);
        }
        let value = Reflect::get(&answer, &"value".into()).map_err(|error| broken(&error))?;
        self.chunk = value.dyn_into().map_err(|value| broken(&value))?;
        self.position = 0;
        self.over = false;
        Ok(true)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if !self.over {
            // The browser stops the download; nobody waits for its word on that.
            let _ = self.reader.cancel();
        }
    }
}

/// Whether the server has this file; asked with GET, the only method the page ever uses, and
/// broken off before the body comes.
pub(crate) async fn exists(url: &str) -> bool {
    Body::open(url).await.is_ok()
}

async fn ask(url: &str) -> Result<Response> {
    RequestBuilder::new(url).send().await.map_err(|error| {
        Error::Io(format!(
            "{url} cannot be reached ({error}). Check the network and try again."
        ))
    })
}

/// Servers of single-page apps answer every unknown address with the page itself.
fn is_page(response: &Response) -> bool {
    response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"))
}
