//! Files of the person's disk, which lie beside a request.

use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

use crate::weights::local::{DiskFile, Slices};
use crate::worker::protocol::FILES;

/// Files by their paths; the browser's handles, nothing of them is read yet.
pub(crate) type Picked = BTreeMap<String, Rc<dyn Slices>>;

/// The files of a posted request; what is no file is none.
pub(crate) fn beside(request: &JsValue) -> Picked {
    let Ok(list) = Reflect::get(request, &FILES.into()) else {
        return Picked::new();
    };
    let Some(list) = list.dyn_ref::<Array>() else {
        return Picked::new();
    };
    let file = |entry: JsValue| {
        let path = Reflect::get(&entry, &"path".into()).ok()?.as_string()?;
        let file: File = Reflect::get(&entry, &"file".into()).ok()?.dyn_into().ok()?;
        Some((path, Rc::new(DiskFile::new(file)) as Rc<dyn Slices>))
    };
    list.iter().filter_map(file).collect()
}
