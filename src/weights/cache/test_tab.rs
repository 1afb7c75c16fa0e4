//! A browser tab that loads a base model of two files, for tests.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::cell::Cell;
use std::rc::Rc;

use crate::error::Result;
use crate::storage::faulty::FaultyStorage;
use crate::weights::cache::index::file_name;
use crate::weights::cache::{CachedFiles, ListedFile, ModelCache, RemoteFiles};
use crate::weights::download::fake::{FakeTransport, Recorder, Server, noise};

const ROOT: &str = "https://cdn.example/base/";
pub(crate) const UNET: &str = "unet/model.safetensors";

pub(crate) fn url(path: &str) -> String {
    format!("{ROOT}{path}")
}

/// The cache in this storage, with a clock that ticks whenever it is read.
pub(crate) fn cache(storage: &FaultyStorage) -> ModelCache {
    thread_local!(static NOW: Cell<f64> = const { Cell::new(0.0) });
    ModelCache::new(Rc::new(storage.clone()), || {
        NOW.set(NOW.get() + 1.0);
        NOW.get()
    })
}

/// A base model of two files in a folder, as one tab sees it.
pub(crate) struct Tab {
    pub(crate) server: Rc<Server>,
    pub(crate) storage: FaultyStorage,
    pub(crate) recorder: Rc<Recorder>,
    pub(crate) key: &'static str,
}

impl Tab {
    pub(crate) fn new(seed: u64, length: usize) -> Self {
        let server = Server::new(seed);
        server.put(&url(UNET), noise(seed, length), Some("\"one\""));
        server.put(&url("config.json"), b"{}".to_vec(), None);
        Self {
            server,
            storage: FaultyStorage::default(),
            recorder: Rc::default(),
            key: "base",
        }
    }

    /// Another tab of the same browser.
    pub(crate) fn beside(&self) -> Self {
        Self {
            server: self.server.clone(),
            storage: self.storage.clone(),
            recorder: Rc::default(),
            key: self.key,
        }
    }

    pub(crate) async fn base(&self, files: RemoteFiles) -> CachedFiles<FakeTransport> {
        CachedFiles::new(
            Rc::new(FakeTransport(self.server.clone())),
            Some(Rc::new(cache(&self.storage))),
            self.recorder.clone(),
            self.key.to_owned(),
            format!("the {}", self.key),
            files,
        )
        .await
        .unwrap()
    }

    pub(crate) fn folder() -> RemoteFiles {
        RemoteFiles::Folder(ROOT.to_owned())
    }

    pub(crate) fn listed(&self, sha256: Option<&str>) -> RemoteFiles {
        let bytes = self.server.files.borrow()[&url(UNET)].bytes.len() as u64;
        RemoteFiles::Listed(vec![ListedFile {
            path: UNET.to_owned(),
            url: url(UNET),
            bytes: Some(bytes),
            sha256: sha256.map(str::to_owned),
        }])
    }

    /// Loads the base model.
    pub(crate) async fn load(&self, files: RemoteFiles) -> Result<Vec<u8>> {
        let base = self.base(files.clone()).await;
        if files == Self::folder() {
            assert!(base.exists("config.json").await);
            assert!(!base.exists("unet/model.fp16.safetensors").await);
            assert_eq!(base.open("config.json").await?.read(9).await?, b"{}");
        }
        let bytes = read(&base, UNET).await?;
        base.mark_complete().await?;
        Ok(bytes)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.server.sent.replace(0)
    }

    pub(crate) fn stored(&self) -> u64 {
        let files = self.storage.snapshot();
        files
            .get(&file_name(&url(UNET)))
            .map_or(0, |file| file.len() as u64)
    }
}

/// Reads as the loader does: parts of other sizes than the chunks, and once more at the end.
pub(crate) async fn read(base: &CachedFiles<FakeTransport>, path: &str) -> Result<Vec<u8>> {
    let mut reader = base.open(path).await?;
    let mut bytes = reader.read(8).await?;
    loop {
        let piece = reader.read(777_777).await?;
        if piece.is_empty() {
            return Ok(bytes);
        }
        bytes.extend(piece);
    }
}
