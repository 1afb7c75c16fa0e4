//! A file of the browser's, as a person chose or dropped it.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::weights::local::{Slice, Slices};

/// A file on the person's disk; the browser reads it slice by slice.
#[derive(Clone, Debug)]
pub struct DiskFile(web_sys::File);

impl DiskFile {
    /// The browser's handle of it.
    pub fn new(file: web_sys::File) -> Self {
        Self(file)
    }
}

impl Slices for DiskFile {
    fn size(&self) -> u64 {
        // Exact up to 2⁵³.
        self.0.size() as u64
    }

    fn slice(&self, at: u64, count: u64) -> Slice<'_> {
        Box::pin(async move {
            let end = at.saturating_add(count);
            let part = self.0.slice_with_f64_and_f64(at as f64, end as f64);
            let bytes = JsFuture::from(part.map_err(said)?.array_buffer()).await;
            Ok(Uint8Array::new(&bytes.map_err(said)?).to_vec())
        })
    }
}

/// What the browser says of a file that it cannot read.
fn said(why: JsValue) -> String {
    match why.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => format!("{why:?}"),
    }
    .trim_end_matches('.')
    .to_owned()
}
