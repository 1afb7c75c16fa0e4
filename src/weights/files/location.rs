//! Where the files of a base model are.

#[cfg(not(target_family = "wasm"))]
use std::path::PathBuf;
use std::rc::Rc;

use crate::error::{Error, Result};
#[cfg(feature = "web")]
use crate::weights::cache::CachedFiles;
#[cfg(feature = "web")]
use crate::weights::download::{Fetch, http_file};
use crate::weights::files::byte_stream::ByteStream;
use crate::weights::format::shards::{INDEX_LIMIT, ShardIndex, WeightFiles};
use crate::weights::local::LocalFiles;

/// The files of a base model: a folder in diffusers' layout, or one with a single-file checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// In a folder of this machine.
    #[cfg(not(target_family = "wasm"))]
    Folder(PathBuf),
    /// Chosen by a person from their disk, in a browser.
    Local(Rc<LocalFiles>),
    /// On the site of the app: the address of the folder, with a trailing slash.
    #[cfg(feature = "web")]
    Http(String),
    /// On another site, stored in this browser.
    #[cfg(feature = "web")]
    Cached(Rc<CachedFiles<Fetch>>),
}

impl Files {
    /// Reads a small file of at most `limit` bytes; `path` is relative to the folder.
    ///
    /// # Errors
    /// `Io` if it does not exist, cannot be read, is larger, or is a web page.
    pub async fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>> {
        let mut stream = self.open(path).await?;
        let too_large = || {
            Error::Io(format!(
                "{path} has more than {limit} bytes, too many for what it is. Check the folder of the base."
            ))
        };
        if stream.len().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let bytes = stream.read(limit.saturating_add(1)).await?;
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Err(Error::Io(format!(
                "{path} is a web page, not the file that was asked for. Check the address of the base."
            )));
        }
        Ok(bytes)
    }

    /// Whether there is such a file.
    pub async fn exists(&self, path: &str) -> bool {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => folder.join(path).is_file(),
            Self::Local(files) => files.exists(path),
            #[cfg(feature = "web")]
            Self::Http(base) => http_file::exists(&format!("{base}{path}")).await,
            #[cfg(feature = "web")]
            Self::Cached(files) => files.exists(path).await,
        }
    }

    /// Whether the catalogue lists this file, so that it is part of the base model even if
    /// `model_index.json` does not name it.
    pub fn lists(&self, path: &str) -> bool {
        match self {
            #[cfg(feature = "web")]
            Self::Cached(files) => files.lists(path),
            _ => {
                let _ = path;
                false
            }
        }
    }

    /// Finds the weight files of a component: `{component}/{stem}.safetensors`, the same with `.fp16`,
    /// or the shards that `{component}/{stem}.safetensors.index.json` lists.
    ///
    /// # Errors
    /// `Io` if there are none, `Weights` for an invalid index.
    pub async fn weight_files(&self, component: &str, stem: &str) -> Result<WeightFiles> {
        let stem = format!("{component}/{stem}");
        for middle in ["", ".fp16"] {
            let path = format!("{stem}{middle}.safetensors");
            if self.exists(&path).await {
                return Ok(WeightFiles::One(path));
            }
        }
        for end in [
            ".safetensors.index.json",
            ".safetensors.index.fp16.json",
            ".fp16.safetensors.index.json",
        ] {
            let path = format!("{stem}{end}");
            if self.exists(&path).await {
                let json = self.read(&path, INDEX_LIMIT).await?;
                return Ok(WeightFiles::Shards(ShardIndex::parse(&path, &json)?));
            }
        }
        for name in ["diffusion_pytorch_model.bin", "pytorch_model.bin"] {
            let path = format!("{component}/{name}");
            if self.exists(&path).await {
                return Err(Error::Io(format!(
                    "The base has its weights in {path}, a pickle of PyTorch. Such a file is a program that runs when it is opened, so it is never opened here. Take the version with .safetensors, or convert it where you trust it."
                )));
            }
        }
        Err(Error::Io(format!(
            "The base has neither {stem}.safetensors nor {stem}.fp16.safetensors, nor an index of shards. It must be a folder in diffusers' layout; check its place."
        )))
    }

    /// After a failure: removes damaged files from the cache. True if there were any, so that another
    /// attempt may succeed.
    pub async fn remove_damaged(&self) -> bool {
        match self {
            #[cfg(feature = "web")]
            Self::Cached(files) => files.remove_damaged().await,
            _ => false,
        }
    }

    /// Records in the cache that the base model was loaded completely.
    ///
    /// # Errors
    /// `Io`.
    pub async fn mark_complete(&self) -> Result<()> {
        match self {
            #[cfg(feature = "web")]
            Self::Cached(files) => files.mark_complete().await,
            _ => Ok(()),
        }
    }

    /// Opens a file.
    ///
    /// # Errors
    /// `Io` if it does not exist or cannot be opened, `Cancelled`.
    pub(super) async fn open(&self, path: &str) -> Result<ByteStream> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => ByteStream::open(&folder.join(path)),
            Self::Local(files) => Ok(ByteStream::Local(files.open(path)?)),
            #[cfg(feature = "web")]
            Self::Http(base) => {
                let file = http_file::open(&format!("{base}{path}")).await?;
                Ok(ByteStream::Http(file))
            }
            #[cfg(feature = "web")]
            Self::Cached(files) => Ok(ByteStream::Cached(Box::new(files.open(path).await?))),
        }
    }
}
