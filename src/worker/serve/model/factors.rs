//! Factors of weights in the browser's private file system.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::Result;
use crate::spectral::decompose::factor_cache::FactorCache;
use crate::weights::cache::Opfs;

const FOLDER: &str = "deltabooth-factors";
/// What the page's own base is loaded by; it is never removed.
pub(crate) const OWN: &str = "own";

/// Where factors are kept, once somebody has asked.
#[derive(Default)]
pub(crate) struct Factors(Option<Option<Rc<FactorCache<Opfs>>>>);

impl Factors {
    /// `None` where the browser has no place for them.
    pub(crate) async fn shelf(&mut self) -> Option<Rc<FactorCache<Opfs>>> {
        if let Some(shelf) = &self.0 {
            return shelf.clone();
        }
        let opened = Opfs::open_at(FOLDER).await.ok();
        let shelf = opened.map(|folder| Rc::new(FactorCache::new(folder)));
        self.0.insert(shelf).clone()
    }

    /// Bytes of the factors of each base, by what it is loaded by. Those of bases that are neither
    /// kept nor loaded are removed first.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) async fn kept(
        &mut self,
        kept: &[&str],
        in_use: Option<&str>,
    ) -> Result<BTreeMap<String, u64>> {
        let Some(shelf) = self.shelf().await else {
            return Ok(BTreeMap::new());
        };
        let known = |key: &str| key == OWN || in_use == Some(key) || kept.contains(&key);
        shelf.sweep(known).await?;
        shelf.sizes().await
    }
}
