//! The catalogue of whoever hosts the page, and the models that this browser stores.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use web_sys::Url;

use crate::error::{Error, Result};
use crate::weights::Files;
use crate::weights::cache::ListedFile;
use crate::weights::catalogue::clip_tokenizer::ClipTokenizer;
use crate::weights::catalogue::{Entry, LoraEntry};
use crate::worker::protocol::{
    BaseDefaults, BaseSource, CatalogueBase, Licence, StoredBase, StoredFile, TokenizerOffer,
};
use crate::worker::serve::browser::scope::resolve;
use crate::worker::serve::context::{Context, UserFiles};
use crate::worker::serve::model::browser::keys::{key, source};
use crate::worker::serve::model::browser::open::Opener;
use crate::worker::serve::model::browser::sources::Sources;
use crate::worker::serve::model::library::ModelLibrary;
use crate::worker::serve::model::opened::OpenedModel;

/// The models of the catalogue and of this browser's storage.
#[derive(Default)]
pub(crate) struct BrowserLibrary {
    sources: Sources,
}

impl ModelLibrary for BrowserLibrary {
    fn catalogue(
        &mut self,
    ) -> LocalBoxFuture<'_, Result<(Vec<CatalogueBase>, Option<TokenizerOffer>)>> {
        Box::pin(self.list_catalogue())
    }

    fn stored<'a>(
        &'a mut self,
        in_use: Option<&'a str>,
    ) -> LocalBoxFuture<'a, Result<Vec<StoredBase>>> {
        Box::pin(self.list_stored(in_use))
    }

    fn remove<'a>(&'a mut self, key: &'a str) -> LocalBoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            match self.sources.cache().await {
                Ok(cache) => cache.remove(key).await,
                Err(_) => Ok(true),
            }
        })
    }

    fn open<'a>(
        &'a mut self,
        source: &'a BaseSource,
        files: UserFiles,
        cx: &'a Rc<Context>,
    ) -> LocalBoxFuture<'a, Result<OpenedModel>> {
        let sources = &mut self.sources;
        Box::pin(Opener { sources, cx }.open(source, files))
    }

    fn config_files<'a>(&'a mut self, source: &'a BaseSource) -> LocalBoxFuture<'a, Result<Files>> {
        Box::pin(async move {
            match source {
                BaseSource::Folder { url } => Ok(Files::Http(url.clone())),
                BaseSource::Catalogue { id } => {
                    let catalogue = self.sources.catalogue().await?;
                    Ok(Files::Http(resolve(&catalogue.entry(id)?.root)))
                }
                _ => Err(Error::Settings(
                    "What such a model takes of memory is said when it is loaded, before any of its weights is read."
                        .into(),
                )),
            }
        })
    }

    fn lora<'a>(
        &'a mut self,
        source: &'a BaseSource,
    ) -> LocalBoxFuture<'a, Result<Option<LoraEntry>>> {
        Box::pin(async move {
            match source {
                BaseSource::Catalogue { id } => {
                    Ok(self.sources.catalogue().await?.entry(id)?.lora.clone())
                }
                _ => Ok(None),
            }
        })
    }
}

impl BrowserLibrary {
    async fn list_catalogue(&mut self) -> Result<(Vec<CatalogueBase>, Option<TokenizerOffer>)> {
        let catalogue = self.sources.catalogue().await?;
        let stored = self.list_stored(None).await.unwrap_or_default();
        let mut bases = Vec::with_capacity(catalogue.bases.len());
        for entry in &catalogue.bases {
            let key = key(&BaseSource::Catalogue {
                id: entry.id.clone(),
            });
            let kept = stored.iter().find(|base| Some(&base.key) == key.as_ref());
            bases.push(shown(entry, kept.map_or(0, |base| base.stored))?);
        }
        let tokenizer = ClipTokenizer::find(&catalogue, resolve).map(|offer| TokenizerOffer {
            host: host(&offer.files),
            bytes: offer.files.iter().filter_map(|file| file.bytes).sum(),
            title: offer.title,
        });
        Ok((bases, tokenizer))
    }

    async fn list_stored(&mut self, in_use: Option<&str>) -> Result<Vec<StoredBase>> {
        let Ok(cache) = self.sources.cache().await else {
            return Ok(Vec::new());
        };
        let index = cache.index().await?;
        let sizes = cache.storage().list().await?;
        let mut bases: Vec<StoredBase> = Vec::new();
        for base in &index.bases {
            let files = base.parts.iter().map(|part| StoredFile {
                path: part.path.clone(),
                stored: sizes.get(&part.file).copied().unwrap_or(0),
                bytes: index
                    .file(&part.file)
                    .and_then(|file| file.total)
                    .unwrap_or(0),
            });
            let files: Vec<StoredFile> = files.collect();
            let stored = files.iter().map(|file| file.stored).sum();
            let total = files.iter().map(|file| file.bytes).sum();
            bases.push(StoredBase {
                key: base.key.clone(),
                source: source(&base.key),
                title: base.title.clone(),
                stored,
                bytes: base.bytes.max(total),
                interrupted: !base.whole,
                in_use: in_use == Some(&base.key),
                used: base.used,
                files,
            });
        }
        bases.sort_by(|a, b| b.used.total_cmp(&a.used));
        Ok(bases)
    }
}

/// A catalogue's entry, as the page shows it.
fn shown(entry: &Entry, stored: u64) -> Result<CatalogueBase> {
    let defaults = &entry.defaults;
    Ok(CatalogueBase {
        id: entry.id.clone(),
        title: entry.title.clone(),
        description: entry.description.clone(),
        page: entry.page.as_deref().map_or_else(String::new, resolve),
        licence: Licence {
            name: entry.licence.name.clone(),
            url: resolve(&entry.licence.url),
            consent: entry.licence.consent,
        },
        embedded: entry.embedded,
        unavailable: entry.unavailable.clone(),
        bytes: entry.bytes(),
        stored,
        defaults: BaseDefaults {
            sampler: named(&entry.id, "sampler", &defaults.sampler)?,
            steps: defaults.steps,
            guidance_scale: defaults.guidance_scale,
            resolution: defaults.resolution,
            prediction: named(&entry.id, "prediction", &defaults.prediction)?,
        },
        memory_to_generate: entry.memory.generate,
        memory_to_train: entry.memory.train,
    })
}

/// A kind by its name in the catalogue.
fn named<T: DeserializeOwned>(id: &str, field: &str, name: &str) -> Result<T> {
    serde_json::from_value(name.into()).map_err(|why| {
        Error::Config(format!(
            "catalogue.json cannot be used: in the base '{id}' the {field} is none that this page knows ({why}). Whoever hosts this page has to correct it."
        ))
    })
}

/// The site of the first of these files.
fn host(files: &[ListedFile]) -> String {
    let url = files.first().and_then(|file| Url::new(&file.url).ok());
    url.map_or_else(String::new, |url| url.host())
}
