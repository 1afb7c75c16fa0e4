//! Where bases come from: an address, the catalogue, the person's disk.

use std::rc::Rc;

use web_sys::Url;

use crate::error::{Error, Result};
use crate::model::base_model::{BaseModel, Progress};
use crate::model::config::PredictionType;
use crate::plan::Configs;
use crate::weights::cache::{BaseFiles, Kept, ListedFile};
use crate::weights::catalogue::clip_tokenizer::ClipTokenizer;
use crate::weights::download::Browser;
use crate::weights::{Files, Given, Place};
use crate::worker::protocol::{BaseSource, Prediction, TokenizerFrom};
use crate::worker::serve::control::Control;
use crate::worker::serve::model::catalogue::{Bases, Teller, here, resolve};
use crate::worker::serve::page::warn;
use crate::worker::serve::user_files::Picked;

/// A base's files, ready to be read.
pub(crate) enum Opened {
    /// A diffusers folder.
    Folder(Files),
    /// A checkpoint of one file.
    Checkpoint {
        files: Files,
        /// The checkpoint's.
        path: String,
        /// Where CLIP's tokenizer is.
        tokenizer: Files,
        prediction: Option<PredictionType>,
    },
}

impl Opened {
    /// Loads the base onto a device, its matrices stored as the place says.
    ///
    /// # Errors
    /// As [`BaseModel::load`] and [`BaseModel::load_single_file`].
    pub(crate) async fn load(
        &self,
        place: Place,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<BaseModel> {
        match self {
            Self::Folder(files) => BaseModel::load(files, place, progress).await,
            Self::Checkpoint {
                files,
                path,
                tokenizer,
                prediction,
            } => {
                let prediction = *prediction;
                BaseModel::load_single_file(files, path, tokenizer, prediction, place, progress)
                    .await
            }
        }
    }

    /// What plans of the base rest on; no weight is read.
    ///
    /// # Errors
    /// As [`Configs::read`] and [`Configs::of_checkpoint`].
    pub(crate) async fn configs(&self) -> Result<Configs> {
        match self {
            Self::Folder(files) => Configs::read(files).await,
            Self::Checkpoint {
                files,
                path,
                prediction,
                ..
            } => Configs::of_checkpoint(files, path, *prediction).await,
        }
    }

    /// The files of the base itself.
    pub(crate) fn files(&self) -> &Files {
        match self {
            Self::Folder(files) | Self::Checkpoint { files, .. } => files,
        }
    }

    /// After a failure: whether something that was kept was damaged, and is no longer kept.
    pub(crate) async fn doubt(&self) -> bool {
        let tokenizer = match self {
            Self::Folder(_) => false,
            Self::Checkpoint { tokenizer, .. } => tokenizer.doubt().await,
        };
        self.files().doubt().await || tokenizer
    }

    /// The base was loaded to its end.
    ///
    /// # Errors
    /// `Io` if that could not be noted where files are kept.
    pub(crate) async fn loaded(&self) -> Result<()> {
        if let Self::Checkpoint { tokenizer, .. } = self {
            tokenizer.loaded().await?;
        }
        self.files().loaded().await
    }
}

impl Bases {
    /// Opens a base; `picked` are the files that lay beside the request.
    ///
    /// # Errors
    /// `Settings` for a base that is not in the catalogue or has no usable address; `Config` and
    /// `Io` for the catalogue and the storage.
    pub(crate) async fn open(
        &mut self,
        source: &BaseSource,
        picked: Picked,
        control: &Rc<Control>,
    ) -> Result<Opened> {
        match source {
            BaseSource::Folder { url } => {
                if is_own(url)? {
                    return Ok(Opened::Folder(Files::Http(url.clone())));
                }
                if !url.ends_with('/') {
                    return Err(no_address(url));
                }
                let files = BaseFiles::Folder(url.clone());
                let kept = self.kept(source, title_of(url), files, control).await?;
                Ok(Opened::Folder(kept))
            }
            BaseSource::Catalogue { id } => {
                let catalogue = self.catalogue().await?;
                let entry = catalogue.entry(id)?;
                if let Some(why) = &entry.unavailable {
                    return Err(Error::Settings(format!(
                        "'{}' cannot be loaded. {why}",
                        entry.title
                    )));
                }
                if entry.embedded {
                    return Ok(Opened::Folder(Files::Http(resolve(&entry.root))));
                }
                let files = BaseFiles::Listed(entry.listed(resolve));
                let kept = self.kept(source, entry.title.clone(), files, control);
                Ok(Opened::Folder(kept.await?))
            }
            BaseSource::Checkpoint {
                url,
                tokenizer,
                prediction,
            } => {
                let (folder, path) = split(url).ok_or_else(|| no_address(url))?;
                let files = if is_own(url)? {
                    Files::Http(folder.to_owned())
                } else {
                    let file = ListedFile {
                        path: path.to_owned(),
                        url: url.clone(),
                        bytes: None,
                        sha256: None,
                    };
                    let files = BaseFiles::Listed(vec![file]);
                    self.kept(source, path.to_owned(), files, control).await?
                };
                let beside = || given("tokenizer".into(), picked, control);
                let tokenizer = match tokenizer {
                    TokenizerFrom::Beside => beside(),
                    TokenizerFrom::Catalogue => self.tokenizer(control).await?,
                };
                Ok(Opened::Checkpoint {
                    files,
                    path: path.to_owned(),
                    tokenizer,
                    prediction: prediction.map(predicts),
                })
            }
            BaseSource::DiskFolder { title } => {
                Ok(Opened::Folder(given(title.clone(), picked, control)))
            }
            BaseSource::DiskCheckpoint {
                path,
                tokenizer,
                prediction,
            } => {
                let files = given(path.clone(), picked, control);
                let tokenizer = match tokenizer {
                    TokenizerFrom::Beside => files.clone(),
                    TokenizerFrom::Catalogue => self.tokenizer(control).await?,
                };
                Ok(Opened::Checkpoint {
                    files,
                    path: path.clone(),
                    tokenizer,
                    prediction: prediction.map(predicts),
                })
            }
        }
    }

    /// The catalogue's tokenizer, kept by itself.
    async fn tokenizer(&mut self, control: &Rc<Control>) -> Result<Files> {
        let catalogue = self.catalogue().await?;
        let offer = ClipTokenizer::find(&catalogue, resolve).ok_or_else(|| {
            Error::Settings(
                "This page's catalogue has no tokenizer. Choose vocab.json and merges.txt too: they are in the folder 'tokenizer' of any Stable Diffusion in diffusers' layout, and the same in all.".into(),
            )
        })?;
        let title = format!("{}: tokenizer", offer.title);
        let key = format!("{TOKENIZER_KEY}{}", offer.id);
        let files = BaseFiles::Listed(offer.files);
        self.kept_as(key, title, files, control).await
    }

    async fn kept(
        &mut self,
        source: &BaseSource,
        title: String,
        files: BaseFiles,
        control: &Rc<Control>,
    ) -> Result<Files> {
        match key(source) {
            Some(key) => self.kept_as(key, title, files, control).await,
            None => Err(Error::Settings(format!(
                "'{title}' lies on this machine's disk and is not kept a second time. Choose it again."
            ))),
        }
    }

    async fn kept_as(
        &mut self,
        key: String,
        title: String,
        files: BaseFiles,
        control: &Rc<Control>,
    ) -> Result<Files> {
        let shelf = match self.shelf().await {
            Ok(shelf) => Some(shelf),
            Err(why) => {
                warn(format!(
                    "This browser keeps no files here ({why}), so '{title}' will be fetched again next time. If this is a private window, use a normal one."
                ));
                None
            }
        };
        let known = match &files {
            BaseFiles::Listed(files) => files.iter().filter_map(|file| file.bytes).sum(),
            BaseFiles::Folder(_) => 0,
        };
        let teller = Teller::new(control, known);
        let kept = Kept::new(Rc::new(Browser), shelf, teller, key, title, files);
        Ok(Files::Kept(kept.await?))
    }
}

fn given(title: String, picked: Picked, control: &Rc<Control>) -> Files {
    // Which of a folder's files are read is not known beforehand.
    Files::Given(Rc::new(Given::new(title, picked, Teller::new(control, 0))))
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
    let here = Url::new(&here()).map_err(|_| no_address(url))?;
    let address = Url::new(url).map_err(|_| no_address(url))?;
    if address.origin() == here.origin() {
        return Ok(true);
    }
    match address.protocol().as_str() {
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

const CATALOGUE_KEY: &str = "catalogue ";
const FOLDER_KEY: &str = "folder ";
const CHECKPOINT_KEY: &str = "checkpoint ";
/// Followed by the id of the base that it is part of.
const TOKENIZER_KEY: &str = "tokenizer ";

/// What a base is kept by, as one text; `None` for one that is not kept.
pub(crate) fn key(source: &BaseSource) -> Option<String> {
    Some(match source {
        BaseSource::Catalogue { id } => format!("{CATALOGUE_KEY}{id}"),
        BaseSource::Folder { url } => format!("{FOLDER_KEY}{url}"),
        BaseSource::Checkpoint {
            url,
            tokenizer,
            prediction,
        } => {
            let tokenizer = match tokenizer {
                TokenizerFrom::Beside => "beside",
                TokenizerFrom::Catalogue => "catalogue",
            };
            let prediction = match prediction {
                None | Some(Prediction::Epsilon) => "epsilon",
                Some(Prediction::VPrediction) => "v_prediction",
                Some(Prediction::Sample) => "sample",
            };
            format!("{CHECKPOINT_KEY}{tokenizer} {prediction} {url}")
        }
        BaseSource::DiskFolder { .. } | BaseSource::DiskCheckpoint { .. } => return None,
    })
}

/// The base that is kept by a key; a tokenizer is none by itself.
pub(crate) fn source(key: &str) -> Option<BaseSource> {
    if let Some(id) = key.strip_prefix(CATALOGUE_KEY) {
        return Some(BaseSource::Catalogue { id: id.to_owned() });
    }
    if let Some(rest) = key.strip_prefix(CHECKPOINT_KEY) {
        let mut parts = rest.splitn(3, ' ');
        let tokenizer = match parts.next()? {
            "beside" => TokenizerFrom::Beside,
            _ => TokenizerFrom::Catalogue,
        };
        let prediction = match parts.next()? {
            "v_prediction" => Some(Prediction::VPrediction),
            "sample" => Some(Prediction::Sample),
            _ => None,
        };
        let url = parts.next()?.to_owned();
        return Some(BaseSource::Checkpoint {
            url,
            tokenizer,
            prediction,
        });
    }
    let url = key.strip_prefix(FOLDER_KEY)?;
    Some(BaseSource::Folder {
        url: url.to_owned(),
    })
}

/// What to call a folder: `owner/name` on Hugging Face, otherwise its last part.
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
