//! Statistics of one decomposition of a model.

use crate::error::Error;
use crate::spectral::svd::Decomposition;
use crate::weights::Stored;

/// Statistics of a call that decomposed the layers of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DecomposeSummary {
    /// Matrices that were decomposed.
    pub decomposed: usize,
    /// Matrices whose factors were read from the store.
    pub cached: usize,
    /// Files in the store that could not be used; their matrices were decomposed again.
    pub damaged: usize,
    /// Bytes of U, σ and Vᵀ of all matrices in their storage type.
    pub bytes: u64,
    /// The largest residual, before rounding to F16.
    pub residual: f64,
    /// The largest orthogonality error, before rounding to F16.
    pub orthogonality_error: f64,
    /// The first error of the store while saving.
    pub store_error: Option<Error>,
}

impl DecomposeSummary {
    /// Adds the statistics of another model.
    pub(crate) fn add(&mut self, other: Self) {
        self.decomposed += other.decomposed;
        self.cached += other.cached;
        self.damaged += other.damaged;
        self.bytes += other.bytes;
        self.residual = self.residual.max(other.residual);
        self.orthogonality_error = self.orthogonality_error.max(other.orthogonality_error);
        if self.store_error.is_none() {
            self.store_error = other.store_error;
        }
    }

    /// Adds size and accuracy of one matrix, whose factors are stored as `stored`.
    pub(crate) fn add_factors(&mut self, factors: &Decomposition, stored: Stored) {
        let numbers = (factors.u.len() + factors.vt.len()) as u64;
        self.bytes += stored.bytes(numbers) + 4 * factors.sigma.len() as u64;
        self.residual = self.residual.max(factors.accuracy.residual);
        self.orthogonality_error = self
            .orthogonality_error
            .max(factors.accuracy.orthogonality_error);
    }
}
