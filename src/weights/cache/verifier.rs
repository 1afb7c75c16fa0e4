//! Hashes of a file: of the whole the first time, of its pieces from then on.
//!
//! The SHA-256 of a whole file must be computed sequentially in WebAssembly, that of a piece can be
//! computed by the browser in one call. The hashes of the pieces in the index were computed from the
//! same bytes as the verified hash of the whole.

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::sha256::{digest_async, hex};
use crate::weights::cache::index::PIECE;

/// Compares a file's bytes, as they come, with the known hashes.
pub(super) enum Verifier {
    /// No piece has a known hash.
    Whole { hash: Sha256, pieces: PieceHasher },
    /// SHA-256 of the pieces that have not come yet.
    Pieces(std::vec::IntoIter<String>),
}

/// Computes the SHA-256 of every piece.
#[derive(Default)]
pub(super) struct PieceHasher {
    /// Bytes of a piece that is not complete.
    incomplete: Vec<u8>,
    hashes: Vec<String>,
}

/// The computed hashes of a file.
pub(super) struct FileHashes {
    /// SHA-256 of the whole.
    pub(super) sha256: String,
    /// SHA-256 of the pieces.
    pub(super) pieces: Vec<String>,
}

impl Verifier {
    /// Verifies pieces with these hashes; without any, computes the hashes of the file.
    pub(super) fn new(pieces: Vec<String>) -> Self {
        if pieces.is_empty() {
            return Self::Whole {
                hash: Sha256::new(),
                pieces: PieceHasher::default(),
            };
        }
        Self::Pieces(pieces.into_iter())
    }

    /// Takes the next bytes, exactly one piece if pieces are verified. False if they are damaged.
    ///
    /// # Errors
    /// `Io` if the browser cannot compute a hash.
    pub(super) async fn update(&mut self, bytes: &[u8]) -> Result<bool> {
        match self {
            Self::Whole { hash, pieces } => {
                hash.update(bytes);
                pieces.update(bytes).await?;
                Ok(true)
            }
            Self::Pieces(known) => {
                let found = hex(&digest_async(bytes).await?);
                Ok(known.next().is_some_and(|known| known == found))
            }
        }
    }

    /// After the last bytes: the hashes, if they were computed.
    ///
    /// # Errors
    /// `Io` if the browser cannot compute a hash.
    pub(super) async fn finish(&mut self) -> Result<Option<FileHashes>> {
        match self {
            Self::Whole { hash, pieces } => Ok(Some(FileHashes {
                sha256: hex(&hash.clone().finalize()),
                pieces: std::mem::take(pieces).finish().await?,
            })),
            Self::Pieces(_) => Ok(None),
        }
    }
}

impl PieceHasher {
    async fn update(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let missing = PIECE as usize - self.incomplete.len();
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.incomplete.extend(now);
            bytes = later;
            if self.incomplete.len() as u64 == PIECE {
                self.hash_piece().await?;
            }
        }
        Ok(())
    }

    async fn hash_piece(&mut self) -> Result<()> {
        self.hashes
            .push(hex(&digest_async(&self.incomplete).await?));
        self.incomplete.clear();
        Ok(())
    }

    async fn finish(mut self) -> Result<Vec<String>> {
        if !self.incomplete.is_empty() {
            self.hash_piece().await?;
        }
        Ok(self.hashes)
    }
}
