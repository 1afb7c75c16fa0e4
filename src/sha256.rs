//! SHA-256 (FIPS 180-4): of bytes in memory, and as text.
//!
//! In a browser [`digest_async`] uses `crypto.subtle`, which is several times faster than
//! WebAssembly and runs beside it. Streams of unknown length are hashed with the `sha2` crate.

#[cfg(feature = "tensor")]
use sha2::{Digest, Sha256};

use crate::error::Result;

/// SHA-256 of `bytes`. The computation starts at once; `bytes` may be freed before it is awaited.
///
/// # Errors
/// `Io` if the browser cannot compute it.
pub fn digest_async(bytes: &[u8]) -> impl Future<Output = Result<[u8; 32]>> + use<> {
    #[cfg(all(target_family = "wasm", feature = "web"))]
    let pending = subtle::digest(bytes);
    #[cfg(not(all(target_family = "wasm", feature = "web")))]
    let pending: Option<std::future::Ready<Result<[u8; 32]>>> = None;
    let computed = if pending.is_none() {
        fallback(bytes)
    } else {
        None
    };
    async move {
        match (pending, computed) {
            (Some(pending), _) => pending.await,
            (None, Some(digest)) => Ok(digest),
            (None, None) => Err(unavailable()),
        }
    }
}

#[cfg(feature = "tensor")]
fn fallback(bytes: &[u8]) -> Option<[u8; 32]> {
    Some(Sha256::digest(bytes).into())
}

/// The page does not link the `sha2` crate.
#[cfg(not(feature = "tensor"))]
fn fallback(_bytes: &[u8]) -> Option<[u8; 32]> {
    None
}

fn unavailable() -> crate::error::Error {
    crate::error::Error::Io(
        "The browser could not compute the SHA-256 of what it read. Its memory may be full: close other tabs and load the base again."
            .into(),
    )
}

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
#[cfg(feature = "tensor")]
pub fn hex_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `text` is 64 lower-case hexadecimal digits.
pub fn is_hex_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The browser's `SubtleCrypto`.
#[cfg(all(target_family = "wasm", feature = "web"))]
mod subtle {
    use js_sys::{Function, Promise, Reflect, Uint8Array};
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;

    use super::unavailable;
    use crate::error::Result;

    /// `None` on a page without https, where there is no `crypto.subtle`.
    pub(super) fn digest(bytes: &[u8]) -> Option<impl Future<Output = Result<[u8; 32]>> + use<>> {
        let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
        let subtle = Reflect::get(&crypto, &"subtle".into()).ok()?;
        let digest = Reflect::get(&subtle, &"digest".into()).ok()?;
        let digest: Function = digest.dyn_into().ok()?;
        let name = "SHA-256".into();
        // SAFETY: `digest` copies the bytes before it returns, and nothing is allocated meanwhile.
        let view = unsafe { Uint8Array::view(bytes) };
        let pending = digest.call2(&subtle, &name, &view);
        Some(async move {
            let digest = match pending {
                Ok(pending) => JsFuture::from(Promise::resolve(&pending)).await.ok(),
                Err(_) => None,
            };
            let digest = digest.map(|digest| Uint8Array::new(&digest).to_vec());
            digest
                .and_then(|digest| digest.try_into().ok())
                .ok_or_else(unavailable)
        })
    }
}

#[cfg(all(test, feature = "tensor"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn sha256_is_the_standard_one() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex_digest(b"abc"), expected);
        let digest = pollster::block_on(digest_async(b"abc")).unwrap();
        assert_eq!(hex(&digest), expected);
        assert!(is_hex_digest(expected) && !is_hex_digest(&expected.to_uppercase()));
    }
}
