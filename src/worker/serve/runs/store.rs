//! Files in the browser's private file system (OPFS), or in memory where there is none.

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle, StorageManager,
};

use crate::error::{Error, Result};
use crate::train::checkpoint::slots::{Disk, MemoryDisk};
use crate::worker::serve::browser::scope::{describe, scope};

const FOLDER: &str = "deltabooth";
/// Open for as long as the worker lives, so that a second tab keeps its hands off.
const LOCK: &str = "lock";
/// A worker that was just ended may still hold the lock for a moment.
const TRIES: u32 = 10;
const PAUSE_MS: i32 = 200;
/// More is none of our files.
const MAX_FILE: f64 = (1_u64 << 30) as f64;

/// Where checkpoints are kept.
pub(crate) enum Store {
    /// Across visits.
    Browser {
        folder: FileSystemDirectoryHandle,
        _lock: FileSystemSyncAccessHandle,
    },
    /// Until the tab is closed.
    Memory(MemoryDisk),
}

impl Store {
    /// Opens the folder; otherwise memory, and words for the person.
    pub(crate) async fn open() -> (Self, Option<String>) {
        let (why, advice) = match folder().await {
            Ok(folder) => match lock(&folder).await {
                Ok(lock) => {
                    return (
                        Self::Browser {
                            folder,
                            _lock: lock,
                        },
                        None,
                    );
                }
                Err(_) => (
                    "DeltaBooth is open in another tab, which holds the checkpoints".to_owned(),
                    "close the other tab and reload this one before a long training",
                ),
            },
            Err(thrown) => (
                format!("This browser gives no storage here ({})", describe(&thrown)),
                "if this is a private window, use a normal one for a long training",
            ),
        };
        let message = format!(
            "{why}, so a training run is lost when this tab closes. Everything else works; {advice}."
        );
        (Self::Memory(MemoryDisk::default()), Some(message))
    }
}

impl Disk for Store {
    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Memory(memory) => memory.read(name).await,
            Self::Browser { folder, .. } => {
                let found: Result<FileSystemFileHandle, _> =
                    come(folder.get_file_handle(name)).await;
                match found {
                    Ok(file) => read(&file)
                        .await
                        .map(Some)
                        .map_err(|why| failed("read", name, &why)),
                    Err(thrown) if is_missing(&thrown) => Ok(None),
                    Err(thrown) => Err(failed("opened", name, &describe(&thrown))),
                }
            }
        }
    }

    async fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Memory(memory) => memory.write(name, bytes).await,
            Self::Browser { folder, .. } => write(folder, name, bytes)
                .await
                .map_err(|why| failed("written", name, &why)),
        }
    }

    async fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Memory(memory) => memory.remove(name).await,
            Self::Browser { folder, .. } => match JsFuture::from(folder.remove_entry(name)).await {
                Err(thrown) if !is_missing(&thrown) => {
                    Err(failed("removed", name, &describe(&thrown)))
                }
                _ => Ok(()),
            },
        }
    }
}

async fn folder() -> Result<FileSystemDirectoryHandle, JsValue> {
    let storage = js_sys::Reflect::get(&scope().navigator(), &"storage".into())?;
    let ask = js_sys::Reflect::get(&storage, &"getDirectory".into())
        .ok()
        .filter(JsValue::is_function);
    if ask.is_none() {
        return Err("it has no private file system".into());
    }
    let root: FileSystemDirectoryHandle =
        come(storage.unchecked_into::<StorageManager>().get_directory()).await?;
    // The same option by the same name, for files and for folders.
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let get: Function = js_sys::Reflect::get(&root, &"getDirectoryHandle".into())?.dyn_into()?;
    let promise = get.call2(&root, &FOLDER.into(), &options)?;
    come(Promise::resolve(&promise)).await
}

async fn lock(folder: &FileSystemDirectoryHandle) -> Result<FileSystemSyncAccessHandle, JsValue> {
    let file = create(folder, LOCK).await?;
    let mut tries = 1;
    loop {
        match come(file.create_sync_access_handle()).await {
            Err(_) if tries < TRIES => tries += 1,
            outcome => return outcome,
        }
        let sleep = Promise::new(&mut |resolve, _| {
            let _ =
                scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, PAUSE_MS);
        });
        let _ = JsFuture::from(sleep).await;
    }
}

async fn create(
    folder: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    come(folder.get_file_handle_with_options(name, &options)).await
}

async fn read(file: &FileSystemFileHandle) -> Result<Vec<u8>, String> {
    let handle = Open::new(file).await?;
    let size = handle.0.get_size().map_err(|thrown| describe(&thrown))?;
    if !(0.0..=MAX_FILE).contains(&size) {
        return Err(format!("it has {size} bytes"));
    }
    let mut bytes = vec![0; size as usize];
    let mut done = 0;
    while done < bytes.len() {
        let options = at(done);
        let read = handle
            .0
            .read_with_u8_array_and_options(&mut bytes[done..], &options)
            .map_err(|thrown| describe(&thrown))?;
        if read < 1.0 {
            return Err("it ends early".into());
        }
        done += read as usize;
    }
    Ok(bytes)
}

async fn write(folder: &FileSystemDirectoryHandle, name: &str, bytes: &[u8]) -> Result<(), String> {
    let told = |thrown: JsValue| describe(&thrown);
    let file = create(folder, name).await.map_err(told)?;
    let handle = Open::new(&file).await?;
    handle.0.truncate_with_u32(0).map_err(told)?;
    let mut done = 0;
    while done < bytes.len() {
        let written = handle
            .0
            .write_with_u8_array_and_options(&bytes[done..], &at(done))
            .map_err(told)?;
        if written < 1.0 {
            return Err("there is no room left".into());
        }
        done += written as usize;
    }
    handle.0.flush().map_err(told)
}

/// Closed when dropped, whatever happened: an open file cannot be opened again.
struct Open(FileSystemSyncAccessHandle);

impl Open {
    async fn new(file: &FileSystemFileHandle) -> Result<Self, String> {
        come(file.create_sync_access_handle())
            .await
            .map(Self)
            .map_err(|thrown| describe(&thrown))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn at(position: usize) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at_f64(position as f64);
    options
}

/// What a promise brings.
async fn come<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

fn is_missing(thrown: &JsValue) -> bool {
    let name = js_sys::Reflect::get(thrown, &"name".into()).ok();
    name.and_then(|name| name.as_string()).as_deref() == Some("NotFoundError")
}

fn failed(what: &str, name: &str, why: &str) -> Error {
    Error::Io(format!(
        "'{name}' could not be {what} in this browser's storage ({why}). Check that the disk is not full and that this site may store data."
    ))
}
