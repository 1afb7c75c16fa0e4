//! A `File` of the browser, chosen or dropped by a person.

use futures_util::future::LocalBoxFuture;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::js;
use crate::weights::local::source::LocalFile;

/// A file on the person's disk; the browser reads it slice by slice.
#[derive(Clone, Debug)]
pub struct BrowserFile(web_sys::File);

impl BrowserFile {
    /// From the browser's handle.
    pub fn new(file: web_sys::File) -> Self {
        Self(file)
    }
}

impl LocalFile for BrowserFile {
    fn size(&self) -> u64 {
        // Exact up to 2⁵³.
        self.0.size() as u64
    }

    fn read_at(&self, offset: u64, count: u64) -> LocalBoxFuture<'_, Result<Vec<u8>, String>> {
        let text = |why: JsValue| js::describe(&why).trim_end_matches('.').to_owned();
        Box::pin(async move {
            let end = offset.saturating_add(count);
            let slice = self.0.slice_with_f64_and_f64(offset as f64, end as f64);
            let bytes = JsFuture::from(slice.map_err(text)?.array_buffer()).await;
            Ok(Uint8Array::new(&bytes.map_err(text)?).to_vec())
        })
    }
}
