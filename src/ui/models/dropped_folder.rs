//! The files of a folder that was dropped on the page, through the File and Directory Entries API.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::DataTransfer;

use crate::ui::browser::api;
use crate::worker::client::PickedFile;

/// Files collected at most.
pub const MAX_FILES: usize = 2_000;
/// Depth of the folders that are searched.
const MAX_DEPTH: usize = 4;

/// The entries of what was dropped; empty if the browser does not tell files from folders.
pub fn entries(data: &DataTransfer) -> Vec<JsValue> {
    let items = api::get(data, "items").unwrap_or_default();
    let count = api::number(&items, "length").unwrap_or(0.0) as u32;
    let entry = |i: u32| {
        let item = js_sys::Reflect::get_u32(&items, i).ok()?;
        let method: Function = api::get(&item, "webkitGetAsEntry")?.dyn_into().ok()?;
        method.call0(&item).ok().filter(|entry| !entry.is_null())
    };
    (0..count).filter_map(entry).collect()
}

/// True if an entry is a folder.
pub fn is_folder(entry: &JsValue) -> bool {
    api::get(entry, "isDirectory").is_some_and(|is| is.is_truthy())
}

/// Collects the files below a folder, with their paths.
pub async fn walk(folder: JsValue, found: &mut Vec<PickedFile>) {
    let mut waiting = vec![(folder, String::new(), 0)];
    while let Some((entry, parent, depth)) = waiting.pop() {
        if found.len() >= MAX_FILES {
            return;
        }
        let name = api::get(&entry, "name").and_then(|name| name.as_string());
        let path = format!("{parent}{}", name.unwrap_or_default());
        if !is_folder(&entry) {
            if let Ok(file) = callback_result(&entry, "file").await
                && let Ok(file) = file.dyn_into()
            {
                found.push((path, file));
            }
        } else if depth < MAX_DEPTH
            && let Some(reader) = create_reader(&entry)
        {
            // The reader returns some of the entries at a time, and none at the end.
            while let Ok(part) = callback_result(&reader, "readEntries").await {
                let part: Array = part.unchecked_into();
                if part.length() == 0 || waiting.len() >= MAX_FILES {
                    break;
                }
                waiting.extend(
                    part.iter()
                        .map(|entry| (entry, format!("{path}/"), depth + 1)),
                );
            }
        }
    }
}

fn create_reader(entry: &JsValue) -> Option<JsValue> {
    let method: Function = api::get(entry, "createReader")?.dyn_into().ok()?;
    method.call0(entry).ok()
}

/// Calls a method that takes two callbacks, and awaits what it passes to the first.
async fn callback_result(target: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    let method: Function = api::get(target, name)
        .and_then(|method| method.dyn_into().ok())
        .ok_or(JsValue::UNDEFINED)?;
    let promise = Promise::new(&mut |resolve, reject| {
        if let Err(why) = method.call2(target, &resolve, &reject) {
            let _ = reject.call1(&JsValue::UNDEFINED, &why);
        }
    });
    JsFuture::from(promise).await
}
