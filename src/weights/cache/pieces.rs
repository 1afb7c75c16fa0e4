//! Whether a file's bytes are the right ones: by the SHA-256 of the whole the first time, by those of
//! its pieces from then on.
//!
//! The SHA-256 of a whole file has to be computed byte after byte in WebAssembly; that of a piece
//! is computed by the browser. What the index says of the pieces was computed from the very bytes
//! whose whole was found right.

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::weights::cache::index::PIECE;
use crate::weights::digest::sha256;
use crate::weights::hash::hex;

/// Holds a file's bytes, as they come, against what is known of them.
pub(crate) enum Check {
    /// Nothing is known of the pieces.
    Whole { hash: Sha256, pieces: Pieces },
    /// SHA-256 of each piece.
    Pieces(std::vec::IntoIter<String>),
}

/// The SHA-256 of every piece of what came so far.
#[derive(Default)]
pub(crate) struct Pieces {
    /// The beginning of a piece.
    begun: Vec<u8>,
    found: Vec<String>,
}

impl Check {
    /// By these pieces, or by the whole if there are none.
    pub(crate) fn new(pieces: Vec<String>) -> Self {
        if pieces.is_empty() {
            return Self::Whole {
                hash: Sha256::new(),
                pieces: Pieces::default(),
            };
        }
        Self::Pieces(pieces.into_iter())
    }

    /// The next bytes of the file; where pieces are known, one of them. False if it is damaged.
    ///
    /// # Errors
    /// `Io` if the browser computes no hash.
    pub(crate) async fn add(&mut self, bytes: &[u8]) -> Result<bool> {
        match self {
            Self::Whole { hash, pieces } => {
                hash.update(bytes);
                pieces.add(bytes).await?;
                Ok(true)
            }
            Self::Pieces(known) => {
                let found = hex(&sha256(bytes).await?);
                Ok(known.next().is_some_and(|known| known == found))
            }
        }
    }

    /// After the last bytes: the SHA-256 of the whole and of the pieces, if the whole was computed.
    ///
    /// # Errors
    /// `Io` if the browser computes no hash.
    pub(crate) async fn found(&mut self) -> Result<Option<(String, Vec<String>)>> {
        match self {
            Self::Whole { hash, pieces } => {
                let whole = hex(&hash.clone().finalize());
                Ok(Some((whole, std::mem::take(pieces).end().await?)))
            }
            Self::Pieces(_) => Ok(None),
        }
    }
}

impl Pieces {
    async fn add(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let missing = PIECE as usize - self.begun.len();
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.begun.extend(now);
            bytes = later;
            if self.begun.len() as u64 == PIECE {
                self.found.push(hex(&sha256(&self.begun).await?));
                self.begun.clear();
            }
        }
        Ok(())
    }

    async fn end(mut self) -> Result<Vec<String>> {
        if !self.begun.is_empty() {
            self.found.push(hex(&sha256(&self.begun).await?));
        }
        Ok(self.found)
    }
}
