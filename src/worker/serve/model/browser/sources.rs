//! The catalogue and the storage of models, opened when they are first needed.

use std::rc::Rc;

use js_sys::Date;

use crate::error::Result;
use crate::storage::Opfs;
use crate::weights::Files;
use crate::weights::cache::ModelCache;
use crate::weights::catalogue::Catalogue;
use crate::worker::serve::browser::scope::resolve;

/// Folder of the downloaded models.
const FOLDER: &str = "deltabooth-bases";
/// A larger file is not a catalogue.
const CATALOGUE_LIMIT: u64 = 1 << 20;

/// Where models come from.
#[derive(Default)]
pub(crate) struct Sources {
    catalogue: Option<Rc<Catalogue>>,
    /// The storage, or why there is none.
    cache: Option<Result<Rc<ModelCache>, String>>,
}

impl Sources {
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

    /// The storage, or why there is none.
    pub(crate) async fn cache(&mut self) -> Result<Rc<ModelCache>, String> {
        if let Some(cache) = &self.cache {
            return cache.clone();
        }
        let opened = Opfs::open_folder(FOLDER).await;
        let cache = opened.map(|storage| Rc::new(ModelCache::new(Rc::new(storage), Date::now)));
        self.cache.insert(cache).clone()
    }
}
