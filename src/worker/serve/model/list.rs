//! Lists the catalogue and the stored models, and removes stored ones.

use crate::error::Result;
use crate::worker::protocol::Event;
#[cfg(feature = "engine")]
use crate::worker::protocol::StoredFile;
use crate::worker::serve::context::Context;
use crate::worker::serve::model::store::ModelStore;

/// Answers with the catalogue.
///
/// # Errors
/// `Io` if there is none, `Config` if it cannot be used.
pub(crate) async fn list_catalogue(cx: &Context, model: &mut ModelStore) -> Result<()> {
    let (bases, tokenizer) = model.library.catalogue().await?;
    cx.post(Event::Catalogue { bases, tokenizer });
    Ok(())
}

/// Answers with the stored models and their factors.
///
/// # Errors
/// `Io`.
pub(crate) async fn list_stored(cx: &Context, model: &mut ModelStore) -> Result<()> {
    let in_use = model.key_in_use();
    #[cfg_attr(
        not(feature = "engine"),
        expect(unused_mut, reason = "factors are added")
    )]
    let mut bases = model.library.stored(in_use.as_deref()).await?;
    #[cfg(feature = "engine")]
    {
        let keys: Vec<&str> = bases.iter().map(|base| base.key.as_str()).collect();
        let factors = model.factors.sizes(&keys, in_use.as_deref()).await?;
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
    }
    cx.post(Event::Stored { bases });
    Ok(())
}

/// Removes stored models, then answers with what is left.
///
/// # Errors
/// `Io`.
pub(crate) async fn remove_stored(
    cx: &Context,
    model: &mut ModelStore,
    keys: &[String],
) -> Result<()> {
    let in_use = model.key_in_use();
    for key in keys {
        // The lock of a loaded model is this tab's own, or another's.
        if in_use.as_ref() == Some(key) || !model.library.remove(key).await? {
            cx.warn(
                "A model that is loaded, here or in another tab, stays. Load another one, or close the other tab, then remove it.",
            );
        }
    }
    list_stored(cx, model).await
}
