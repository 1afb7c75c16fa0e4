//! Where matrices are taken apart, and where their factors are kept: what differs between a
//! terminal and a tab.
//!
//! Matrices go out largest first, as many at once as the [`Decomposer`] has concurrency. Each is worked on
//! by one thread from beginning to end, so its factors do not depend on how many there are.

use std::collections::VecDeque;
use std::future::Future;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::error::{Error, Result};
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::decomposed_model::read;
use crate::spectral::svd;
use crate::spectral::svd::Decomposition;
use crate::weights::Stored;

/// Takes matrices apart.
pub trait Decomposer {
    /// Matrices that it works on at once; never 0. It may fall while work is under way.
    fn concurrency(&self) -> usize;

    /// As [`svd::decompose`]. `None` if whatever worked on it is gone: then it has to be asked
    /// again, and has fewer concurrency.
    fn decompose(
        &self,
        matrix: Vec<f32>,
        shape: [usize; 2],
    ) -> impl Future<Output = Result<Option<Decomposition>>>;
}

/// Keeps files of factors. What goes wrong in it costs time only, and stops no work.
pub trait FactorStore {
    /// The file of this name, if there is one that can be read.
    fn load(&self, name: &str) -> impl Future<Output = Option<Vec<u8>>>;
    /// Keeps a file, in the place of one of the same name.
    fn save(&self, name: &str, bytes: &[u8]) -> impl Future<Output = Result<()>>;
}

/// The caller's own thread, which does nothing else meanwhile.
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

/// Keeps nothing.
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

/// How layers are decomposed.
#[derive(Debug)]
pub struct DecomposeConfig<'a, D, S> {
    /// Who takes matrices apart.
    pub decomposer: &'a D,
    /// Where factors are kept.
    pub store: &'a S,
}

impl<D, S> Clone for DecomposeConfig<'_, D, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D, S> Copy for DecomposeConfig<'_, D, S> {}

/// What decomposing cost and brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Matrices that were taken apart.
    pub made: usize,
    /// Matrices whose factors were in the store.
    pub found: usize,
    /// Files in the store that were of no use, and were made again.
    pub damaged: usize,
    /// Bytes of U, σ and Vᵀ of all of them, as they are stored.
    pub bytes: u64,
    /// The largest residual, before rounding to F16.
    pub residual: f64,
    /// The largest orthogonality error, before rounding to F16.
    pub orthogonality_error: f64,
    /// Why factors could not be kept, the first time.
    pub not_kept: Option<Error>,
}

impl Summary {
    /// Both together.
    pub(crate) fn add(&mut self, more: Self) {
        self.made += more.made;
        self.found += more.found;
        self.damaged += more.damaged;
        self.bytes += more.bytes;
        self.residual = self.residual.max(more.residual);
        self.orthogonality_error = self.orthogonality_error.max(more.orthogonality_error);
        if self.not_kept.is_none() {
            self.not_kept = more.not_kept;
        }
    }

    /// Counts one matrix.
    pub(crate) fn count(&mut self, factors: &Decomposition, stored: Stored) {
        let large = (factors.u.len() + factors.vt.len()) as u64;
        let each = match stored {
            Stored::F32 => 4,
            Stored::F16 => 2,
        };
        self.bytes += each * large + 4 * factors.sigma.len() as u64;
        self.residual = self.residual.max(factors.accuracy.residual);
        self.orthogonality_error = self
            .orthogonality_error
            .max(factors.accuracy.orthogonality_error);
    }
}

/// A matrix that waits.
pub(crate) struct Job {
    /// Its place in the model's visit.
    pub(crate) index: usize,
    /// Its layer.
    pub(crate) path: String,
    /// On its device until its turn comes.
    pub(crate) weight: Matrix,
}

impl Job {
    /// Rows and columns.
    pub(crate) fn shape(&self) -> [usize; 2] {
        self.weight.dims()
    }

    /// What it costs, in millions of multiply-adds for each pass over the matrix; at least 1.
    pub(crate) fn work(&self) -> usize {
        let [rows, cols] = self.shape();
        1 + (rows as u64 * cols as u64 * rows.min(cols) as u64 / 1_000_000) as usize
    }
}

/// Decomposes all `jobs`; `done` is awaited with each as it is finished, and its error ends the
/// work, of which nothing more is heard.
///
/// # Errors
/// `Decomposition`, naming the layer; `Device` if a weight cannot be read; those of `done`.
pub(crate) async fn decompose_all<D: Decomposer>(
    decomposer: &D,
    mut jobs: Vec<Job>,
    mut done: impl AsyncFnMut(Job, Decomposition) -> Result<()>,
) -> Result<()> {
    jobs.sort_by_key(|job| std::cmp::Reverse(job.work()));
    let mut waiting = VecDeque::from(jobs);
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < decomposer.concurrency()
            && let Some(job) = waiting.pop_front()
        {
            let matrix = read(job.weight.f32()).await?;
            under_way.push(async move {
                let made = decomposer.decompose(matrix, job.shape()).await;
                (job, made)
            });
        }
        let Some((job, made)) = under_way.next().await else {
            return Ok(());
        };
        match made {
            Ok(Some(factors)) => done(job, factors).await?,
            Ok(None) => waiting.push_front(job),
            Err(error) => {
                return Err(Error::Decomposition(format!("'{}': {error}", job.path)));
            }
        }
    }
}
