//! The catalogue, what is kept of bases, and what a page hears of a download.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Date, Reflect};
use serde::de::DeserializeOwned;
use web_sys::Url;

use crate::error::{Error, Result};
use crate::weights::Files;
use crate::weights::cache::{Folder, ListedFile, Opfs, Shelf};
use crate::weights::catalogue::clip_tokenizer::ClipTokenizer;
use crate::weights::catalogue::{Catalogue, Entry};
use crate::weights::download::{From, News, Overseer};
use crate::worker::protocol::{
    BaseDefaults, BaseSource, BytesFrom, CatalogueBase, Event, Licence, StoredBase, StoredFile,
    TokenizerOffer,
};
use crate::worker::serve::control::Control;
use crate::worker::serve::model::sources::{key, source};
use crate::worker::serve::page::{post, scope, warn};
use crate::worker::serve::session::Session;

/// A longer catalogue is none.
const CATALOGUE_LIMIT: u64 = 1 << 20;
/// The page shows no more than this many words a second on a file's bytes.
const NEWS_EVERY_MS: f64 = 100.0;

/// The catalogue and the shelf; each is opened at the first need.
#[derive(Default)]
pub(crate) struct Bases {
    catalogue: Option<Rc<Catalogue>>,
    /// The shelf, or why there is none.
    shelf: Option<Result<Rc<Shelf<Opfs>>, String>>,
}

impl Bases {
    /// Answers with the catalogue.
    ///
    /// # Errors
    /// `Io` if there is none, `Config` if it cannot be used.
    pub(crate) async fn list_catalogue(&mut self) -> Result<()> {
        let catalogue = self.catalogue().await?;
        let stored = self.stored(None).await.unwrap_or_default();
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
        post(&Event::Catalogue { bases, tokenizer });
        Ok(())
    }

    /// The catalogue, read once.
    ///
    /// # Errors
    /// `Io` if there is none, `Config` if it cannot be used.
    pub(crate) async fn catalogue(&mut self) -> Result<Rc<Catalogue>> {
        if let Some(catalogue) = &self.catalogue {
            return Ok(catalogue.clone());
        }
        let app = Files::Http(resolve(""));
        let bytes = app.read("catalogue.json", CATALOGUE_LIMIT).await?;
        let catalogue = Rc::new(Catalogue::parse(&bytes)?);
        Ok(self.catalogue.insert(catalogue).clone())
    }

    pub(crate) async fn shelf(&mut self) -> Result<Rc<Shelf<Opfs>>, String> {
        if let Some(shelf) = &self.shelf {
            return shelf.clone();
        }
        let opened = Opfs::open().await;
        let shelf = opened.map(|folder| Rc::new(Shelf::new(folder)));
        self.shelf.insert(shelf).clone()
    }

    /// What is kept; `in_use` is the key of the base that is loaded.
    async fn stored(&mut self, in_use: Option<&str>) -> Result<Vec<StoredBase>> {
        let Ok(shelf) = self.shelf().await else {
            return Ok(Vec::new());
        };
        let index = shelf.index().await?;
        let sizes = shelf.folder().sizes().await?;
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

impl Session {
    /// Answers with what is kept.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) async fn list_stored(&mut self) -> Result<()> {
        let in_use = self.key_in_use();
        let mut bases = self.bases.stored(in_use.as_deref()).await?;
        let keys: Vec<&str> = bases.iter().map(|base| base.key.as_str()).collect();
        let factors = self.factors.kept(&keys, in_use.as_deref()).await?;
        for base in &mut bases {
            if let Some(&bytes) = factors.get(&base.key) {
                base.stored += bytes;
                base.bytes += bytes;
                base.files.push(StoredFile {
                    path: "factors of the weights".into(),
                    stored: bytes,
                    bytes,
                });
            }
        }
        post(&Event::Stored { bases });
        Ok(())
    }

    /// Removes bases, then answers with what is left.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) async fn remove_stored(&mut self, keys: &[String]) -> Result<()> {
        let in_use = self.key_in_use();
        if let Ok(shelf) = self.bases.shelf().await {
            for key in keys {
                // The lock that says so is this tab's own, or another's.
                if in_use.as_ref() == Some(key) || !shelf.remove(key).await? {
                    warn(
                        "A model that is loaded, here or in another tab, stays. Load another one, or close the other tab, then remove it.",
                    );
                }
            }
        }
        self.list_stored().await
    }

    /// What the base that is loaded was loaded by; none for that of the page itself.
    pub(crate) fn key_in_use(&self) -> Option<String> {
        match self.loaded.as_ref()?.opened.files() {
            Files::Kept(base) => Some(base.key().to_owned()),
            Files::Http(_) | Files::Given(_) => None,
        }
    }
}

/// What a page is told of a download, and when it holds or ends it.
pub(crate) struct Teller {
    control: Rc<Control>,
    /// Bytes of all files that are known beforehand.
    known: u64,
    /// Bytes done and bytes in all, by path.
    files: RefCell<BTreeMap<String, (u64, u64)>>,
    /// When bytes were told of last, and where they came from.
    last: Cell<(f64, From)>,
}

impl Overseer for Teller {
    fn between(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(self.control.between())
    }

    fn cancelled(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(self.control.cancelled())
    }

    fn tell(&self, news: News<'_>) {
        match news {
            News::Bytes {
                path,
                from,
                done,
                total,
            } => self.bytes(path, from, done, total.unwrap_or(0)),
            News::Retry {
                path,
                reason,
                after_ms,
            } => post(&Event::DownloadRetry {
                path: path.to_owned(),
                reason,
                seconds: after_ms as f32 / 1_000.0,
            }),
            News::Warning(words) => warn(words),
        }
    }
}

impl Teller {
    /// For files of which so many bytes are known beforehand.
    pub(crate) fn new(control: &Rc<Control>, known: u64) -> Rc<Self> {
        Rc::new(Self {
            control: control.clone(),
            known,
            files: RefCell::default(),
            last: Cell::new((0.0, From::Cache)),
        })
    }

    fn bytes(&self, path: &str, from: From, done: u64, total: u64) {
        let mut files = self.files.borrow_mut();
        files.insert(path.to_owned(), (done, total));
        let (then, before) = self.last.get();
        let now = Date::now();
        let soon = (0.0..NEWS_EVERY_MS).contains(&(now - then));
        if soon && from == before && done != total {
            return;
        }
        self.last.set((now, from));
        let sums = files.values();
        let (base_done, base_total) = sums.fold((0, 0), |(done, total), file| {
            (done + file.0, total + file.1)
        });
        let component = path.split_once('/').map_or("", |(folder, _)| folder);
        post(&Event::Download {
            component: component.to_owned(),
            path: path.to_owned(),
            from: match from {
                From::Cache => BytesFrom::Cache,
                From::Network => BytesFrom::Network,
                From::OtherTab => BytesFrom::OtherTab,
                From::Disk => BytesFrom::Disk,
            },
            done,
            total,
            base_done,
            base_total: base_total.max(self.known),
        });
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

/// The worker's own address; the app's files lie beside it.
pub(crate) fn here() -> String {
    let location = Reflect::get(&scope(), &"location".into()).unwrap_or_default();
    let href = Reflect::get(&location, &"href".into()).unwrap_or_default();
    href.as_string().unwrap_or_default()
}

/// The whole form of an address that is relative to the app.
pub(crate) fn resolve(address: &str) -> String {
    let base = here();
    let relative = if address.is_empty() { "./" } else { address };
    Url::new_with_base(relative, &base).map_or_else(|_| address.to_owned(), |url| url.href())
}

/// The site of the first of these files.
fn host(files: &[ListedFile]) -> String {
    let url = files.first().and_then(|file| Url::new(&file.url).ok());
    url.map_or_else(String::new, |url| url.host())
}
