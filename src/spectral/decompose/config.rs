//! How matrices are decomposed and where their factors are stored: on threads and in a folder
//! natively, in web workers and the origin-private file system in a browser.
//!
//! One thread works on a matrix from start to end, so the factors do not depend on the number of
//! threads.

use std::future::Future;

use crate::error::Result;
use crate::spectral::svd;
use crate::spectral::svd::Decomposition;

/// Decomposes single matrices.
pub trait Decomposer {
    /// Matrices that can be decomposed at a time, at least 1. The number may fall during the work.
    fn concurrency(&self) -> usize;

    /// Decomposes a row-major matrix as [`svd::decompose`] does. Returns `None` if the worker was
    /// lost; the caller then asks again.
    ///
    /// # Errors
    /// Those of [`svd::decompose`].
    fn decompose(
        &self,
        matrix: Vec<f32>,
        shape: [usize; 2],
    ) -> impl Future<Output = Result<Option<Decomposition>>>;
}

/// Stores the factors of layers as files. Its errors never stop a decomposition.
pub trait FactorStore {
    /// Reads a file; `None` if it does not exist or cannot be read.
    fn load(&self, name: &str) -> impl Future<Output = Option<Vec<u8>>>;
    /// Writes a file, replacing one of the same name.
    ///
    /// # Errors
    /// `Io`.
    fn save(&self, name: &str, bytes: &[u8]) -> impl Future<Output = Result<()>>;
}

/// Decomposes on the calling thread, which is blocked meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct CurrentThread;

impl Decomposer for CurrentThread {
    fn concurrency(&self) -> usize {
        1
    }

    async fn decompose(
        &self,
        matrix: Vec<f32>,
        [rows, cols]: [usize; 2],
    ) -> Result<Option<Decomposition>> {
        svd::decompose(&matrix, rows, cols).map(Some)
    }
}

/// Stores nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl FactorStore for NoStore {
    async fn load(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    async fn save(&self, _: &str, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// The decomposer and the store of one decomposition.
#[derive(Debug)]
pub struct DecomposeConfig<'a, D, S> {
    /// Decomposes the matrices.
    pub decomposer: &'a D,
    /// Stores the factors.
    pub store: &'a S,
}

// Derived impls would require `D: Clone` and `S: Clone`.
impl<D, S> Clone for DecomposeConfig<'_, D, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D, S> Copy for DecomposeConfig<'_, D, S> {}
