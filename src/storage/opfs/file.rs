//! Open files of OPFS.

use futures_util::future::LocalBoxFuture;
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{FileSystemFileHandle, FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use crate::error::{Error, Result};
use crate::js;
use crate::storage::traits::{FileReader, FileWriter};

/// A file that this worker alone has open.
pub(super) struct OpfsWriter {
    name: String,
    handle: FileSystemSyncAccessHandle,
}

impl OpfsWriter {
    pub(super) fn new(name: &str, handle: FileSystemSyncAccessHandle) -> Self {
        Self {
            name: name.to_owned(),
            handle,
        }
    }
}

impl Drop for OpfsWriter {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl FileWriter for OpfsWriter {
    fn len(&self) -> Result<u64> {
        let size = self.handle.get_size();
        size.map(|size| size as u64)
            .map_err(|why| failed("read", &self.name, &why))
    }

    fn read_at(&self, offset: u64, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = self
            .handle
            .read_with_u8_array_and_options(&mut bytes, &at(offset));
        let read = read.map_err(|why| failed("read", &self.name, &why))?;
        bytes.truncate(read as usize);
        Ok(bytes)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let failed = |why: &JsValue| failed("written", &self.name, why);
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let at = at(offset + done as u64);
            let written = self.handle.write_with_u8_array_and_options(rest, &at);
            let written = written.map_err(|why| failed(&why))?;
            if written < 1.0 {
                return Err(failed(&"there is no room left".into()));
            }
            done += written as usize;
        }
        Ok(())
    }

    fn truncate(&mut self, size: u64) -> Result<()> {
        let cut = self.handle.truncate_with_f64(size as f64);
        cut.map_err(|why| failed("written", &self.name, &why))
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.handle.flush();
        flushed.map_err(|why| failed("written", &self.name, &why))
    }
}

/// A file that any number of workers may read.
pub(super) struct OpfsReader {
    name: String,
    file: web_sys::File,
    /// Present if several workers may open the file at once; reading through such a handle avoids
    /// the detour through the browser's main process.
    handle: Option<FileSystemFileHandle>,
}

impl OpfsReader {
    /// # Errors
    /// The browser's.
    pub(super) async fn open(name: &str, handle: FileSystemFileHandle) -> Result<Self, JsValue> {
        Ok(Self {
            name: name.to_owned(),
            file: js::resolved(handle.get_file()).await?,
            handle: can_open_read_only().then_some(handle),
        })
    }
}

impl FileReader for OpfsReader {
    fn len(&self) -> u64 {
        self.file.size() as u64
    }

    fn read_at(&self, offset: u64, count: usize) -> LocalBoxFuture<'static, Result<Vec<u8>>> {
        let end = self.len().min(offset.saturating_add(count as u64));
        let file = self.file.clone();
        let slice = move || {
            let slice = file.slice_with_f64_and_f64(offset as f64, end as f64);
            slice.map(|slice| slice.array_buffer())
        };
        let (name, handle) = (self.name.clone(), self.handle.clone());
        let pending = handle.is_none().then(&slice);
        Box::pin(async move {
            if let Some(handle) = handle
                && let Some(bytes) = read_through(&handle, offset, end.saturating_sub(offset)).await
            {
                return Ok(bytes);
            }
            let failed = |why: JsValue| failed("read", &name, &why);
            let bytes = JsFuture::from(pending.unwrap_or_else(slice).map_err(failed)?);
            Ok(Uint8Array::new(&bytes.await.map_err(failed)?).to_vec())
        })
    }
}

/// Whether the browser knows `mode: "read-only"`; others would take an exclusive handle.
fn can_open_read_only() -> bool {
    let class = js::get(&js_sys::global(), "FileSystemSyncAccessHandle");
    let mode = Reflect::has(&js::get(&class, "prototype"), &"mode".into());
    mode.unwrap_or(false)
}

/// Opens the file for this read only, because an open file cannot be removed. `None` if it cannot be
/// opened now.
async fn read_through(handle: &FileSystemFileHandle, offset: u64, count: u64) -> Option<Vec<u8>> {
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"read-only".into()).ok()?;
    let open = js::call(handle, "createSyncAccessHandle", &[options.into()]);
    let handle: FileSystemSyncAccessHandle = js::resolved(js::promise(open)).await.ok()?;
    let mut bytes = vec![0; usize::try_from(count).ok()?];
    let read = handle.read_with_u8_array_and_options(&mut bytes, &at(offset));
    handle.close();
    (read.ok()? == count as f64).then_some(bytes)
}

fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at_f64(offset as f64);
    options
}

/// The error for the person; `what` is a participle such as "read".
pub(super) fn failed(what: &str, name: &str, why: &JsValue) -> Error {
    let reason = if js::has_name(why, "QuotaExceededError") {
        "the browser gives this site no more room".to_owned()
    } else {
        js::describe(why)
    };
    Error::Io(format!(
        "'{name}' could not be {what} in this browser's storage ({reason}). Check that the disk is not full and that this site may store data."
    ))
}
