//! Opens a base model: at an address, of the catalogue, from the person's disk.

use std::rc::Rc;

use web_sys::Url;

use crate::error::{Error, Result};
use crate::model::config::PredictionType;
use crate::weights::cache::{CachedFiles, ListedFile, RemoteFiles};
use crate::weights::catalogue::clip_tokenizer::ClipTokenizer;
use crate::weights::download::Fetch;
use crate::weights::{Files, LocalFiles};
use crate::worker::protocol::{BaseSource, Prediction, TokenizerFrom};
use crate::worker::serve::browser::scope::{address, resolve};
use crate::worker::serve::context::{Context, UserFiles};
use crate::worker::serve::model::browser::download::DownloadProgress;
use crate::worker::serve::model::browser::keys::{TOKENIZER_KEY, key};
use crate::worker::serve::model::browser::sources::Sources;
use crate::worker::serve::model::opened::OpenedModel;

/// Opens models.
pub(crate) struct Opener<'a> {
    /// Where models come from.
    pub(crate) sources: &'a mut Sources,
    /// What downloads are reported to.
    pub(crate) cx: &'a Rc<Context>,
}

impl Opener<'_> {
    /// Opens a model; `files` are those beside the request.
    ///
    /// # Errors
    /// `Settings` for a model that is not in the catalogue or has no usable address; `Config` and
    /// `Io` for the catalogue and the storage.
    pub(crate) async fn open(
        mut self,
        source: &BaseSource,
        files: UserFiles,
    ) -> Result<OpenedModel> {
        match source {
            BaseSource::Folder { url } => self.folder(source, url).await,
            BaseSource::Catalogue { id } => self.entry(source, id).await,
            BaseSource::Checkpoint {
                url,
                tokenizer,
                prediction,
            } => {
                let (checkpoint, path) = self.checkpoint(source, url).await?;
                let cx = self.cx;
                let beside = || local("tokenizer".into(), files, cx);
                Ok(OpenedModel::Checkpoint {
                    files: checkpoint,
                    path,
                    tokenizer: self.tokenizer(*tokenizer, beside).await?,
                    prediction: prediction.map(predicts),
                })
            }
            BaseSource::DiskFolder { title } => {
                Ok(OpenedModel::Folder(local(title.clone(), files, self.cx)))
            }
            BaseSource::DiskCheckpoint {
                path,
                tokenizer,
                prediction,
            } => {
                let files = local(path.clone(), files, self.cx);
                let beside = || files.clone();
                Ok(OpenedModel::Checkpoint {
                    tokenizer: self.tokenizer(*tokenizer, beside).await?,
                    files,
                    path: path.clone(),
                    prediction: prediction.map(predicts),
                })
            }
        }
    }

    async fn folder(&mut self, source: &BaseSource, url: &str) -> Result<OpenedModel> {
        if is_own(url)? {
            return Ok(OpenedModel::Folder(Files::Http(url.to_owned())));
        }
        if !url.ends_with('/') {
            return Err(no_address(url));
        }
        let files = RemoteFiles::Folder(url.to_owned());
        let files = self.cached(source, title_of(url), files).await?;
        Ok(OpenedModel::Folder(files))
    }

    async fn entry(&mut self, source: &BaseSource, id: &str) -> Result<OpenedModel> {
        let catalogue = self.sources.catalogue().await?;
        let entry = catalogue.entry(id)?;
        if let Some(why) = &entry.unavailable {
            return Err(Error::Settings(format!(
                "'{}' cannot be loaded. {why}",
                entry.title
            )));
        }
        if entry.embedded {
            return Ok(OpenedModel::Folder(Files::Http(resolve(&entry.root))));
        }
        let files = RemoteFiles::Listed(entry.listed(resolve));
        let files = self.cached(source, entry.title.clone(), files).await?;
        Ok(OpenedModel::Folder(files))
    }

    /// The folder of a checkpoint, and its path in it.
    async fn checkpoint(&mut self, source: &BaseSource, url: &str) -> Result<(Files, String)> {
        let (folder, path) = split(url).ok_or_else(|| no_address(url))?;
        if is_own(url)? {
            return Ok((Files::Http(folder.to_owned()), path.to_owned()));
        }
        let files = RemoteFiles::Listed(vec![ListedFile {
            path: path.to_owned(),
            url: url.to_owned(),
            bytes: None,
            sha256: None,
        }]);
        let files = self.cached(source, path.to_owned(), files).await?;
        Ok((files, path.to_owned()))
    }

    /// A checkpoint's tokenizer: files of the person's disk, or the catalogue's, stored by itself.
    async fn tokenizer(
        &mut self,
        from: TokenizerFrom,
        beside: impl FnOnce() -> Files,
    ) -> Result<Files> {
        if from == TokenizerFrom::Beside {
            return Ok(beside());
        }
        let catalogue = self.sources.catalogue().await?;
        let offer = ClipTokenizer::find(&catalogue, resolve).ok_or_else(|| {
            Error::Settings(
                "This page's catalogue has no tokenizer. Choose vocab.json and merges.txt too: they are in the folder 'tokenizer' of any Stable Diffusion in diffusers' layout, and the same in all.".into(),
            )
        })?;
        let title = format!("{}: tokenizer", offer.title);
        let key = format!("{TOKENIZER_KEY}{}", offer.id);
        let files = RemoteFiles::Listed(offer.files);
        self.cached_as(key, title, files).await
    }

    async fn cached(
        &mut self,
        source: &BaseSource,
        title: String,
        files: RemoteFiles,
    ) -> Result<Files> {
        match key(source) {
            Some(key) => self.cached_as(key, title, files).await,
            None => Err(Error::Settings(format!(
                "'{title}' lies on this machine's disk and is not kept a second time. Choose it again."
            ))),
        }
    }

    async fn cached_as(&mut self, key: String, title: String, files: RemoteFiles) -> Result<Files> {
        let cache = match self.sources.cache().await {
            Ok(cache) => Some(cache),
            Err(why) => {
                self.cx.warn(format!(
                    "This browser keeps no files here ({why}), so '{title}' will be fetched again next time. If this is a private window, use a normal one."
                ));
                None
            }
        };
        let progress = DownloadProgress::new(self.cx, files.known_bytes());
        let files = CachedFiles::new(Rc::new(Fetch), cache, progress, key, title, files);
        Ok(Files::Cached(Rc::new(files.await?)))
    }
}

/// Files of the person's disk.
fn local(title: String, files: UserFiles, cx: &Rc<Context>) -> Files {
    // It is not known beforehand which of a folder's files are read.
    let progress = DownloadProgress::new(cx, 0);
    Files::Local(Rc::new(LocalFiles::new(title, files, progress)))
}

fn predicts(prediction: Prediction) -> PredictionType {
    match prediction {
        Prediction::Epsilon => PredictionType::Epsilon,
        Prediction::VPrediction => PredictionType::VPrediction,
        Prediction::Sample => PredictionType::Sample,
    }
}

/// Whether an address is on the page's own site; others must be https.
fn is_own(url: &str) -> Result<bool> {
    let here = Url::new(&address()).map_err(|_| no_address(url))?;
    let other = Url::new(url).map_err(|_| no_address(url))?;
    if other.origin() == here.origin() {
        return Ok(true);
    }
    match other.protocol().as_str() {
        "https:" => Ok(false),
        _ => Err(no_address(url)),
    }
}

/// A file's folder, with its slash, and its name.
fn split(url: &str) -> Option<(&str, &str)> {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let slash = url[..end].rfind('/')?;
    let (folder, name) = url.split_at(slash + 1);
    (!name.is_empty()).then_some((folder, name))
}

/// The title of a folder: `owner/name` on Hugging Face, otherwise its last part.
fn title_of(url: &str) -> String {
    let path = url.trim_end_matches('/');
    let path = path.split_once("/resolve/").map_or(path, |(path, _)| path);
    let mut parts: Vec<&str> = path.rsplit('/').take(2).collect();
    if !url.contains("/resolve/") {
        parts.truncate(1);
    }
    parts.reverse();
    parts.join("/")
}

fn no_address(url: &str) -> Error {
    Error::Settings(format!(
        "'{url}' is no address of a base. It must be a folder in diffusers' layout with a slash at its end, or a .safetensors file, on this site or at an https address."
    ))
}
