//! The browser's private file system (OPFS), its locks and its room. Workers only.

use std::collections::BTreeMap;

use js_sys::{Date, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle, StorageManager,
};

use crate::error::{Error, Result};
use crate::weights::cache::folder::{Bytes, File, Folder, LockKind};
use crate::weights::download::{Browser, Transport};

const FOLDER: &str = "deltabooth-bases";
const TRIES: u32 = 10;
const PAUSE_MS: u32 = 200;
/// The index is small.
const MAX_SMALL: f64 = (64_u32 << 20) as f64;

/// A folder of this site's private file system.
pub struct Opfs {
    name: &'static str,
    folder: FileSystemDirectoryHandle,
    storage: StorageManager,
    locks: JsValue,
}

impl Opfs {
    /// Opens the folder of bases. The error says why there is none, without a full stop.
    ///
    /// # Errors
    /// Private windows, pages without https and old browsers have none.
    pub async fn open() -> Result<Self, String> {
        Self::open_at(FOLDER).await
    }

    /// As [`open`](Self::open), another folder.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_at(name: &'static str) -> Result<Self, String> {
        let navigator = get(&js_sys::global(), "navigator");
        let storage = get(&navigator, "storage");
        let locks = get(&navigator, "locks");
        if !get(&storage, "getDirectory").is_function() || !get(&locks, "request").is_function() {
            return Err("it has no private file system".into());
        }
        let storage: StorageManager = storage.unchecked_into();
        let root: FileSystemDirectoryHandle = come(storage.get_directory())
            .await
            .map_err(|why| said(&why))?;
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        // The same option by the same name, for files and for folders.
        let folder = call(&root, "getDirectoryHandle", &[name.into(), options.into()]);
        let folder = come(promise(folder)).await.map_err(|why| said(&why))?;
        Ok(Self {
            name,
            folder,
            storage,
            locks,
        })
    }

    async fn handle(
        &self,
        name: &str,
        create: bool,
    ) -> Result<Option<FileSystemFileHandle>, JsValue> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        let found = come(self.folder.get_file_handle_with_options(name, &options)).await;
        match found {
            Err(why) if is(&why, "NotFoundError") => Ok(None),
            found => found.map(Some),
        }
    }

    /// A file as it is now, to be read by any number of tabs.
    async fn blob(&self, name: &str) -> Result<Option<web_sys::File>, JsValue> {
        let Some(handle) = self.handle(name, false).await? else {
            return Ok(None);
        };
        come(handle.get_file()).await.map(Some)
    }

    /// Whether the browser promised not to clear what this site stores.
    pub async fn is_persistent(&self) -> bool {
        let answer = match self.storage.persisted() {
            Ok(promise) => JsFuture::from(promise).await,
            Err(why) => Err(why),
        };
        answer.is_ok_and(|answer| answer.is_truthy())
    }
}

impl Folder for Opfs {
    type File = Writing;
    type Bytes = Reading;
    type Lock = Lock;

    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let failed = |why: JsValue| failed("read", name, &why);
        let Some(blob) = self.blob(name).await.map_err(failed)? else {
            return Ok(None);
        };
        if blob.size() > MAX_SMALL {
            return Ok(Some(Vec::new()));
        }
        let bytes = JsFuture::from(blob.array_buffer()).await.map_err(failed)?;
        Ok(Some(Uint8Array::new(&bytes).to_vec()))
    }

    async fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.append(name).await?;
        file.clear()?;
        file.append(bytes)?;
        file.flush()
    }

    async fn remove(&self, name: &str) -> Result<()> {
        let mut tries = 1;
        loop {
            match JsFuture::from(self.folder.remove_entry(name)).await {
                // Another tab is reading a piece of it.
                Err(why) if tries < TRIES && is(&why, "NoModificationAllowedError") => tries += 1,
                Err(why) if !is(&why, "NotFoundError") => {
                    return Err(failed("removed", name, &why));
                }
                _ => return Ok(()),
            }
            Browser.sleep(PAUSE_MS).await;
        }
    }

    async fn sizes(&self) -> Result<BTreeMap<String, u64>> {
        let failed = |why: JsValue| failed("listed", self.name, &why);
        let names = call(&self.folder, "keys", &[]).map_err(failed)?;
        let mut sizes = BTreeMap::new();
        loop {
            let next = JsFuture::from(promise(call(&names, "next", &[])));
            let next = next.await.map_err(failed)?;
            if get(&next, "done").is_truthy() {
                return Ok(sizes);
            }
            let name = get(&next, "value").as_string().unwrap_or_default();
            // One that is being written or was just removed has no size to speak of.
            let size = match self.blob(&name).await {
                Ok(Some(blob)) => blob.size() as u64,
                _ => 0,
            };
            sizes.insert(name, size);
        }
    }

    async fn append(&self, name: &str) -> Result<Writing> {
        let failed = |why: JsValue| failed("opened", name, &why);
        let handle = self.handle(name, true).await.map_err(failed)?;
        let handle = handle.ok_or_else(|| failed("it was not made".into()))?;
        // A worker that was just ended may still hold it for a moment.
        let mut tries = 1;
        let handle = loop {
            match come(handle.create_sync_access_handle()).await {
                Err(why) if tries < TRIES && !is(&why, "QuotaExceededError") => tries += 1,
                outcome => break outcome.map_err(failed)?,
            }
            Browser.sleep(PAUSE_MS).await;
        };
        Ok(Writing {
            name: name.to_owned(),
            handle,
        })
    }

    async fn open(&self, name: &str) -> Result<Option<Reading>> {
        let failed = |why: JsValue| failed("opened", name, &why);
        let Some(handle) = self.handle(name, false).await.map_err(failed)? else {
            return Ok(None);
        };
        let blob = come(handle.get_file()).await.map_err(failed)?;
        Ok(Some(Reading {
            name: name.to_owned(),
            blob,
            shared: can_share().then_some(handle),
        }))
    }

    async fn lock(&self, name: &str, kind: LockKind, wait: bool) -> Result<Option<Lock>> {
        let options = Object::new();
        let mode = match kind {
            LockKind::Exclusive => "exclusive",
            LockKind::Shared => "shared",
        };
        let _ = Reflect::set(&options, &"mode".into(), &mode.into());
        let _ = Reflect::set(&options, &"ifAvailable".into(), &(!wait).into());
        // The browser holds a lock until the promise that its callback returns is settled.
        let (ended, end) = promise_to_settle();
        let (answered, answer) = promise_to_settle();
        let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if let Some(answer) = &answer {
                let _ = answer.call1(&JsValue::NULL, &lock.is_truthy().into());
            }
            if lock.is_truthy() {
                ended.into()
            } else {
                JsValue::NULL
            }
        });
        let held = Lock(end);
        let name = format!("{} {name}", self.name);
        let asked = call(
            &self.locks,
            "request",
            &[name.as_str().into(), options.into(), granted],
        );
        let asked = promise(asked);
        // Whichever comes first: the callback, or a refusal.
        let either = Promise::race(&js_sys::Array::of2(&answered, &asked));
        let got = JsFuture::from(either).await;
        let got = got.map_err(|why| failed("locked", &name, &why))?;
        Ok(got.is_truthy().then_some(held))
    }

    async fn room(&self) -> Option<(u64, u64)> {
        let estimate = JsFuture::from(self.storage.estimate().ok()?).await.ok()?;
        let number = |key| get(&estimate, key).as_f64().map(|number| number as u64);
        Some((number("usage")?, number("quota")?))
    }

    fn now(&self) -> f64 {
        Date::now()
    }
}

/// A lock among tabs; one that is dropped while it is waited for is given back when it comes.
#[derive(Debug)]
pub struct Lock(Option<Function>);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(end) = &self.0 {
            let _ = end.call0(&JsValue::NULL);
        }
    }
}

/// A file that is open for writing, by this tab alone.
#[derive(Debug)]
pub struct Writing {
    name: String,
    handle: FileSystemSyncAccessHandle,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl File for Writing {
    fn size(&self) -> Result<u64> {
        let size = self.handle.get_size();
        size.map(|size| size as u64)
            .map_err(|why| failed("read", &self.name, &why))
    }

    fn read(&self, at: u64, count: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = self
            .handle
            .read_with_u8_array_and_options(&mut bytes, &place(at));
        let read = read.map_err(|why| failed("read", &self.name, &why))?;
        bytes.truncate(read as usize);
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let failed = |why: &JsValue| failed("written", &self.name, why);
        let end = self.size()?;
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            let place = place(end + done as u64);
            let written = self.handle.write_with_u8_array_and_options(rest, &place);
            let written = written.map_err(|why| failed(&why))?;
            if written < 1.0 {
                return Err(failed(&"there is no room left".into()));
            }
            done += written as usize;
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<()> {
        let cleared = self.handle.truncate_with_u32(0);
        cleared.map_err(|why| failed("written", &self.name, &why))
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.handle.flush();
        flushed.map_err(|why| failed("written", &self.name, &why))
    }
}

/// A file that nobody writes any more.
#[derive(Debug)]
pub struct Reading {
    name: String,
    blob: web_sys::File,
    /// Where it may be opened by several tabs at once: then its bytes come without the detour through
    /// another process.
    shared: Option<FileSystemFileHandle>,
}

impl Bytes for Reading {
    fn size(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read(
        &self,
        at: u64,
        count: usize,
    ) -> impl Future<Output = Result<Vec<u8>>> + use<> + 'static {
        let end = self.size().min(at.saturating_add(count as u64));
        let blob = self.blob.clone();
        let part = move || {
            let part = blob.slice_with_f64_and_f64(at as f64, end as f64);
            part.map(|part| part.array_buffer())
        };
        let (name, shared) = (self.name.clone(), self.shared.clone());
        let begun = shared.is_none().then(&part);
        async move {
            if let Some(handle) = shared
                && let Some(bytes) = read_shared(&handle, at, end.saturating_sub(at)).await
            {
                return Ok(bytes);
            }
            let failed = |why: JsValue| failed("read", &name, &why);
            let bytes = JsFuture::from(begun.unwrap_or_else(part).map_err(failed)?);
            Ok(Uint8Array::new(&bytes.await.map_err(failed)?).to_vec())
        }
    }
}

/// Whether files can be opened for reading by several at once; older browsers would open them for one
/// alone.
fn can_share() -> bool {
    let class = get(&js_sys::global(), "FileSystemSyncAccessHandle");
    let mode = Reflect::has(&get(&class, "prototype"), &"mode".into());
    mode.unwrap_or(false)
}

/// Bytes of a file that is open for no longer than that, so that nobody else has to wait to remove
/// it. `None` if it cannot be opened now.
async fn read_shared(handle: &FileSystemFileHandle, at: u64, count: u64) -> Option<Vec<u8>> {
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"read-only".into()).ok()?;
    let open = call(handle, "createSyncAccessHandle", &[options.into()]);
    let handle: FileSystemSyncAccessHandle = come(promise(open)).await.ok()?;
    let mut bytes = vec![0; usize::try_from(count).ok()?];
    let read = handle.read_with_u8_array_and_options(&mut bytes, &place(at));
    handle.close();
    (read.ok()? == count as f64).then_some(bytes)
}

fn place(at: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at_f64(at as f64);
    options
}

/// A promise, and what settles it.
fn promise_to_settle() -> (Promise, Option<Function>) {
    let mut settle = None;
    let promise = Promise::new(&mut |resolve, _| settle = Some(resolve));
    (promise, settle)
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = get(object, method).dyn_into()?;
    method.apply(object, &arguments.iter().collect())
}

/// What a method returned, as a promise; what it threw, as a refused one.
fn promise(returned: Result<JsValue, JsValue>) -> Promise {
    returned.map_or_else(
        |why| Promise::reject(&why),
        |value| Promise::resolve(&value),
    )
}

/// What a promise brings.
async fn come<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

fn is(why: &JsValue, name: &str) -> bool {
    get(why, "name").as_string().as_deref() == Some(name)
}

fn said(why: &JsValue) -> String {
    match why.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", error.name(), error.message()),
        None => why.as_string().unwrap_or_else(|| format!("{why:?}")),
    }
}

fn failed(what: &str, name: &str, why: &JsValue) -> Error {
    let reason = if is(why, "QuotaExceededError") {
        "the browser gives this site no more room".to_owned()
    } else {
        said(why)
    };
    Error::Io(format!(
        "'{name}' could not be {what} in this browser's storage ({reason}). Check that the disk is not full and that this site may store data."
    ))
}
