//! Decomposes a list of matrices, several at a time.

use std::collections::VecDeque;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::error::{Error, Result};
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::config::Decomposer;
use crate::spectral::decompose::transfer::read;
use crate::spectral::svd::Decomposition;

/// A layer whose weight is to be decomposed.
pub(crate) struct LayerJob {
    /// Position of the layer in the order of [`visit_mut`](crate::model::visit_layers::VisitLayers).
    pub(crate) index: usize,
    /// Path of the layer.
    pub(crate) path: String,
    /// The weight `[c_out, fan_in]`; it stays on its device until the job starts.
    pub(crate) weight: Matrix,
}

impl LayerJob {
    /// Rows and columns of the weight.
    pub(crate) fn shape(&self) -> [usize; 2] {
        self.weight.dims()
    }

    /// Estimated cost in millions of multiply-adds for each pass over the matrix, at least 1.
    pub(crate) fn work(&self) -> usize {
        let [rows, cols] = self.shape();
        1 + (rows as u64 * cols as u64 * rows.min(cols) as u64 / 1_000_000) as usize
    }
}

/// Decomposes all jobs, the largest first, and awaits `on_done` for each finished one. Up to
/// [`Decomposer::concurrency`] jobs run at a time.
///
/// The first error stops the work; running jobs are dropped.
///
/// # Errors
/// `Decomposition`, naming the layer; `Device` if a weight cannot be read; the errors of `on_done`.
pub(crate) async fn decompose_all<D: Decomposer>(
    decomposer: &D,
    mut jobs: Vec<LayerJob>,
    mut on_done: impl AsyncFnMut(LayerJob, Decomposition) -> Result<()>,
) -> Result<()> {
    jobs.sort_by_key(|job| std::cmp::Reverse(job.work()));
    let mut waiting = VecDeque::from(jobs);
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < decomposer.concurrency()
            && let Some(job) = waiting.pop_front()
        {
            let matrix = read(job.weight.f32()).await?;
            running.push(async move {
                let outcome = decomposer.decompose(matrix, job.shape()).await;
                (job, outcome)
            });
        }
        let Some((job, outcome)) = running.next().await else {
            return Ok(());
        };
        match outcome {
            Ok(Some(factors)) => on_done(job, factors).await?,
            Ok(None) => waiting.push_front(job),
            Err(error) => {
                return Err(Error::Decomposition(format!("'{}': {error}", job.path)));
            }
        }
    }
}
