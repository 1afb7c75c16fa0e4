//! Row-wise softmax on the CPU, and its gradient.

use crate::ops::simd::{exp, largest, sum};

/// Replaces every row of `scores` `[rows, keys]` by softmax(scale · scores), and writes its largest
/// score and 1 / Σ to `saved` `[rows, 2]`, unless that is empty.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32], keys: usize, scale: f32, saved: &mut [f32]) {
    let mut saved = saved.chunks_exact_mut(2);
    for row in scores.chunks_exact_mut(keys) {
        let top = largest(row);
        row.iter_mut()
            .for_each(|score| *score = exp((*score - top) * scale));
        let whole = sum(row, row, |weight, _| weight).recip();
        row.iter_mut().for_each(|weight| *weight *= whole);
        if let Some(saved) = saved.next() {
            saved.copy_from_slice(&[top, whole]);
        }
    }
}

/// Replaces every row of `scores` by the same softmax, from the numbers that [`softmax`] saved.
#[inline(always)]
pub(super) fn softmax_from_rows(scores: &mut [f32], keys: usize, scale: f32, saved: &[f32]) {
    for (row, saved) in scores.chunks_exact_mut(keys).zip(saved.chunks_exact(2)) {
        let (top, whole) = (saved[0], saved[1]);
        row.iter_mut()
            .for_each(|score| *score = exp((*score - top) * scale) * whole);
    }
}

/// Replaces ∂P in `gradients` `[rows, keys]` by ∂S.
#[inline(always)]
pub(crate) fn score_gradients(gradients: &mut [f32], weights: &[f32], keys: usize, scale: f32) {
    let rows = gradients.chunks_exact_mut(keys);
    for (gradients, weights) in rows.zip(weights.chunks_exact(keys)) {
        let mean = sum(gradients, weights, |gradient, weight| gradient * weight);
        for (gradient, weight) in gradients.iter_mut().zip(weights) {
            *gradient = weight * (*gradient - mean) * scale;
        }
    }
}
