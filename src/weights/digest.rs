//! SHA-256 of bytes that are all there: in a browser by the browser, which is several times faster
//! than WebAssembly and works beside it.

use sha2::{Digest, Sha256};

use crate::error::Result;

/// SHA-256 of `bytes`, begun at once; what comes is waited for when it is needed.
///
/// # Errors
/// `Io` if the browser cannot compute it.
pub(super) fn sha256(bytes: &[u8]) -> impl Future<Output = Result<[u8; 32]>> + use<> {
    #[cfg(all(target_family = "wasm", feature = "web"))]
    let begun = browsers::begin(bytes);
    #[cfg(not(all(target_family = "wasm", feature = "web")))]
    let begun: Option<std::future::Ready<Result<[u8; 32]>>> = None;
    let own = begun.is_none().then(|| Sha256::digest(bytes).into());
    async move {
        match begun {
            Some(begun) => begun.await,
            None => Ok(own.unwrap_or_default()),
        }
    }
}

#[cfg(all(target_family = "wasm", feature = "web"))]
mod browsers {
    use js_sys::{Function, Promise, Reflect, Uint8Array};
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;

    use crate::error::{Error, Result};

    /// `None` on a page without https.
    pub(super) fn begin(bytes: &[u8]) -> Option<impl Future<Output = Result<[u8; 32]>> + use<>> {
        let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
        let subtle = Reflect::get(&crypto, &"subtle".into()).ok()?;
        let digest: Function = Reflect::get(&subtle, &"digest".into())
            .ok()?
            .dyn_into()
            .ok()?;
        let name = "SHA-256".into();
        // SAFETY: `digest` copies the bytes before it returns, and nothing is allocated meanwhile.
        let view = unsafe { Uint8Array::view(bytes) };
        let begun = digest.call2(&subtle, &name, &view);
        Some(async move {
            let digest = match begun {
                Ok(begun) => JsFuture::from(Promise::resolve(&begun)).await.ok(),
                Err(_) => None,
            };
            let digest = digest.map(|digest| Uint8Array::new(&digest).to_vec());
            digest.and_then(|digest| digest.try_into().ok()).ok_or_else(|| {
                Error::Io(
                    "The browser could not compute the SHA-256 of what it read. Its memory may be full: close other tabs and load the base again."
                        .into(),
                )
            })
        })
    }
}
