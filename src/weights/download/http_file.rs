//! Files of the app's own site: read as one stream, left to the browser's HTTP cache.

use gloo::net::http::{RequestBuilder, Response};

use super::buffered::{Buffered, ChunkSource};
use super::fetch::BodyStream;
use super::transport::Body;
use crate::error::{Error, Result};

/// A file that is being read.
pub(crate) type HttpFile = Buffered<HttpChunks>;

/// The chunks of a response.
#[derive(Debug)]
pub(crate) struct HttpChunks {
    url: String,
    body: BodyStream,
}

impl ChunkSource for HttpChunks {
    async fn next_chunk(&mut self) -> Result<Vec<u8>> {
        // An empty chunk would be the end.
        loop {
            match self.body.chunk().await {
                Ok(Some(chunk)) if chunk.is_empty() => {}
                Ok(chunk) => return Ok(chunk.unwrap_or_default()),
                Err(what) => {
                    return Err(Error::Io(format!(
                        "The connection broke while {} was on its way ({what}). Check the network and try again.",
                        self.url
                    )));
                }
            }
        }
    }

    fn name(&self) -> &str {
        &self.url
    }
}

/// Requests a file.
///
/// # Errors
/// `Io` if the server cannot be reached, has no such file, or sends a web page instead.
pub(crate) async fn open(url: &str) -> Result<HttpFile> {
    let response = RequestBuilder::new(url).send().await.map_err(|error| {
        Error::Io(format!(
            "{url} cannot be reached ({error}). Check the network and try again."
        ))
    })?;
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
    Ok(Buffered::new(HttpChunks {
        url: url.to_owned(),
        body: BodyStream::new(&stream),
    }))
}

/// Whether the server has this file. Uses GET, the only method that static servers need to know, and
/// cancels the transfer of the body.
pub(crate) async fn exists(url: &str) -> bool {
    open(url).await.is_ok()
}

/// Servers of single-page apps answer every unknown address with the page itself.
fn is_page(response: &Response) -> bool {
    response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"))
}
