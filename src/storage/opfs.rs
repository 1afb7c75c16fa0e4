//! Files in the browser's origin private file system (OPFS), for dedicated workers.
//!
//! Writing uses `FileSystemSyncAccessHandle`, locks are those of the Web Locks API
//! (<https://fs.spec.whatwg.org>, <https://w3c.github.io/web-locks>).

mod file;

use std::collections::BTreeMap;

use futures_util::future::LocalBoxFuture;
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions, StorageManager,
};

use crate::error::Result;
use crate::js;
use crate::storage::opfs::file::{OpfsReader, OpfsWriter, failed};
use crate::storage::traits::{Estimate, FileReader, FileWriter, Lock, LockKind, Storage};

/// A worker that was just terminated may still hold a file for a moment.
const TRIES: u32 = 10;
const PAUSE_MS: u32 = 200;

/// A folder of this site's private file system.
pub struct Opfs {
    name: &'static str,
    folder: FileSystemDirectoryHandle,
    storage: StorageManager,
    locks: JsValue,
}

impl Opfs {
    /// Opens a folder, and creates it if needed.
    ///
    /// # Errors
    /// Why there is none, without full stop: private windows, pages without https and old browsers
    /// have no OPFS.
    pub async fn open_folder(name: &'static str) -> Result<Self, String> {
        let navigator = js::get(&js_sys::global(), "navigator");
        let storage = js::get(&navigator, "storage");
        let locks = js::get(&navigator, "locks");
        let has_folders = js::get(&storage, "getDirectory").is_function();
        if !has_folders || !js::get(&locks, "request").is_function() {
            return Err("it has no private file system".into());
        }
        let storage: StorageManager = storage.unchecked_into();
        let root: FileSystemDirectoryHandle = js::resolved(storage.get_directory())
            .await
            .map_err(|why| js::describe(&why))?;
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        // The options of files and folders have the same field.
        let folder = js::call(&root, "getDirectoryHandle", &[name.into(), options.into()]);
        let folder = js::resolved(js::promise(folder));
        Ok(Self {
            name,
            folder: folder.await.map_err(|why| js::describe(&why))?,
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
        let found = js::resolved(self.folder.get_file_handle_with_options(name, &options)).await;
        match found {
            Err(why) if js::has_name(&why, "NotFoundError") => Ok(None),
            found => found.map(Some),
        }
    }

    async fn open_writer(&self, name: &str) -> Result<OpfsWriter> {
        let failed = |why: JsValue| failed("opened", name, &why);
        let handle = self.handle(name, true).await.map_err(failed)?;
        let handle = handle.ok_or_else(|| failed("it was not made".into()))?;
        let mut tries = 1;
        let handle = loop {
            match js::resolved(handle.create_sync_access_handle()).await {
                Err(why) if tries < TRIES && !js::has_name(&why, "QuotaExceededError") => {
                    tries += 1;
                }
                outcome => break outcome.map_err(failed)?,
            }
            js::sleep(PAUSE_MS).await;
        };
        Ok(OpfsWriter::new(name, handle))
    }

    async fn size(&self, name: &str) -> Result<Option<u64>, JsValue> {
        let Some(handle) = self.handle(name, false).await? else {
            return Ok(None);
        };
        let file: web_sys::File = js::resolved(handle.get_file()).await?;
        Ok(Some(file.size() as u64))
    }

    async fn sizes(&self) -> Result<BTreeMap<String, u64>, JsValue> {
        let names = js::call(&self.folder, "keys", &[])?;
        let mut sizes = BTreeMap::new();
        loop {
            let next = JsFuture::from(js::promise(js::call(&names, "next", &[]))).await?;
            if js::get(&next, "done").is_truthy() {
                return Ok(sizes);
            }
            let name = js::get(&next, "value").as_string().unwrap_or_default();
            // A file that is open for writing or was just removed may have no size.
            let size = self.size(&name).await.ok().flatten().unwrap_or(0);
            sizes.insert(name, size);
        }
    }

    async fn take_lock(&self, name: &str, kind: LockKind, wait: bool) -> Result<Option<Lock>> {
        let options = Object::new();
        let mode = match kind {
            LockKind::Exclusive => "exclusive",
            LockKind::Shared => "shared",
        };
        let _ = Reflect::set(&options, &"mode".into(), &mode.into());
        let _ = Reflect::set(&options, &"ifAvailable".into(), &(!wait).into());
        // The browser holds a lock until the promise that the callback returns is settled.
        let (released, release) = js::promise_with_resolver();
        let (answered, answer) = js::promise_with_resolver();
        let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if let Some(answer) = &answer {
                let _ = answer.call1(&JsValue::NULL, &lock.is_truthy().into());
            }
            if lock.is_truthy() {
                released.into()
            } else {
                JsValue::NULL
            }
        });
        // Made before the answer: a lock that is granted after this future was dropped is released.
        let lock = Lock::new(move || {
            if let Some(release) = release {
                let _ = release.call0(&JsValue::NULL);
            }
        });
        let name = format!("{} {name}", self.name);
        let request = [name.as_str().into(), options.into(), granted];
        let request = js::promise(js::call(&self.locks, "request", &request));
        // The callback answers, or the request is refused.
        let either = Promise::race(&js_sys::Array::of2(&answered, &request));
        let got = JsFuture::from(either).await;
        let got = got.map_err(|why| failed("locked", &name, &why))?;
        Ok(got.is_truthy().then_some(lock))
    }
}

impl Storage for Opfs {
    fn open<'a>(
        &'a self,
        name: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<Box<dyn FileReader>>>> {
        Box::pin(async move {
            let failed = |why: JsValue| failed("opened", name, &why);
            let Some(handle) = self.handle(name, false).await.map_err(failed)? else {
                return Ok(None);
            };
            let reader = OpfsReader::open(name, handle).await.map_err(failed)?;
            Ok(Some(Box::new(reader) as Box<dyn FileReader>))
        })
    }

    fn create<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn FileWriter>>> {
        Box::pin(async move {
            let writer = self.open_writer(name).await?;
            Ok(Box::new(writer) as Box<dyn FileWriter>)
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut tries = 1;
            loop {
                match JsFuture::from(self.folder.remove_entry(name)).await {
                    // Another tab is reading from it.
                    Err(why)
                        if tries < TRIES && js::has_name(&why, "NoModificationAllowedError") =>
                    {
                        tries += 1;
                    }
                    Err(why) if !js::has_name(&why, "NotFoundError") => {
                        return Err(failed("removed", name, &why));
                    }
                    _ => return Ok(()),
                }
                js::sleep(PAUSE_MS).await;
            }
        })
    }

    fn list(&self) -> LocalBoxFuture<'_, Result<BTreeMap<String, u64>>> {
        Box::pin(async move {
            let sizes = self.sizes().await;
            sizes.map_err(|why| failed("listed", self.name, &why))
        })
    }

    fn lock<'a>(
        &'a self,
        name: &'a str,
        kind: LockKind,
        wait: bool,
    ) -> LocalBoxFuture<'a, Result<Option<Lock>>> {
        Box::pin(self.take_lock(name, kind, wait))
    }

    fn estimate(&self) -> LocalBoxFuture<'_, Option<Estimate>> {
        Box::pin(async move {
            let estimate = JsFuture::from(self.storage.estimate().ok()?).await.ok()?;
            let bytes = |key| js::get(&estimate, key).as_f64().map(|bytes| bytes as u64);
            Some(Estimate {
                usage: bytes("usage")?,
                quota: bytes("quota")?,
            })
        })
    }

    fn is_persistent(&self) -> bool {
        true
    }
}
