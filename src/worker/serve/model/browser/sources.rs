//! The catalogue and the storage of models, opened when they are first needed.

use std::rc::Rc;

use crate::error::Result;
use crate::weights::Files;
use crate::weights::cache::{Opfs, Shelf};
use crate::weights::catalogue::Catalogue;
use crate::worker::serve::browser::scope::resolve;

/// A larger file is not a catalogue.
const CATALOGUE_LIMIT: u64 = 1 << 20;

/// Where models come from.
#[derive(Default)]
pub(crate) struct Sources {
    catalogue: Option<Rc<Catalogue>>,
    /// The storage, or why there is none.
    shelf: Option<Result<Rc<Shelf<Opfs>>, String>>,
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
    pub(crate) async fn shelf(&mut self) -> Result<Rc<Shelf<Opfs>>, String> {
        if let Some(shelf) = &self.shelf {
            return shelf.clone();
        }
        let opened = Opfs::open().await;
        let shelf = opened.map(|folder| Rc::new(Shelf::new(folder)));
        self.shelf.insert(shelf).clone()
    }
}
