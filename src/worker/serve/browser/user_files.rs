//! Files of the person's disk, beside a request in a posted message.

use std::rc::Rc;

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

use crate::weights::local::{BrowserFile, LocalFile};
use crate::worker::protocol::FILES;
use crate::worker::serve::context::UserFiles;

/// The files in a posted message; entries that are not files are skipped.
pub(crate) fn beside(message: &JsValue) -> UserFiles {
    let Ok(list) = Reflect::get(message, &FILES.into()) else {
        return UserFiles::new();
    };
    let Some(list) = list.dyn_ref::<Array>() else {
        return UserFiles::new();
    };
    let file = |entry: JsValue| {
        let path = Reflect::get(&entry, &"path".into()).ok()?.as_string()?;
        let file: File = Reflect::get(&entry, &"file".into()).ok()?.dyn_into().ok()?;
        Some((path, Rc::new(BrowserFile::new(file)) as Rc<dyn LocalFile>))
    };
    list.iter().filter_map(file).collect()
}
