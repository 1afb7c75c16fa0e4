//! The factors of weights in the browser's storage.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::Result;
use crate::spectral::decompose::factor_cache::FactorCache;
use crate::storage::Opfs;

const FOLDER: &str = "deltabooth-factors";
/// Key of the app's own base model; its factors are never removed.
pub(crate) const OWN: &str = "own";

/// The cache of factors, opened when it is first needed; `None` if the browser has no storage.
#[derive(Default)]
pub(crate) struct Factors(Option<Option<Rc<FactorCache>>>);

impl Factors {
    /// The cache; `None` if the browser has no storage.
    pub(crate) async fn cache(&mut self) -> Option<Rc<FactorCache>> {
        if let Some(cache) = &self.0 {
            return cache.clone();
        }
        let opened = Opfs::open_folder(FOLDER).await.ok();
        let cache = opened.map(|storage| Rc::new(FactorCache::new(Rc::new(storage))));
        self.0.insert(cache).clone()
    }

    /// Bytes of the factors of each base model, by its key. Removes those of base models that are
    /// neither `stored` nor in use.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) async fn sizes(
        &mut self,
        stored: &[&str],
        in_use: Option<&str>,
    ) -> Result<BTreeMap<String, u64>> {
        let Some(cache) = self.cache().await else {
            return Ok(BTreeMap::new());
        };
        let known = |key: &str| key == OWN || in_use == Some(key) || stored.contains(&key);
        cache.retain(known).await?;
        cache.sizes().await
    }
}
