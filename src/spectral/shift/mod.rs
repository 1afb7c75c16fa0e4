//! Spectral shifts δ of a model, by layer, and their sum Σ strength·δ.
//!
//! | file | content |
//! |---|---|
//! | [`bake`] | shifts baked into weights, for inference |
//! | [`shifted_model`] | a model whose shifts are trained, as one flat vector |
//! | [`prepare`] | makes a [`shifted_model`] from a decomposed model |
//! | [`with_graph`] | such a model in an autodiff graph, and its gradients |
//! | [`preset`] | named subsets of layers |
//! | [`geometry`] | the layers that determine the geometry of a picture |
//!
//! Source: SVDiff, section 3.2. W_δ = U diag(relu(σ + δ)) Vᵀ for matrices; norms have no singular
//! vectors and are shifted as [`NormShift`] says.

pub mod bake;
pub mod geometry;
pub mod prepare;
pub mod preset;
pub mod shifted_model;
pub mod with_graph;

use std::collections::BTreeMap;

pub use crate::config::NormShift;
use crate::error::{Error, Result};

/// The kind of a layer's shift: what δ is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShiftKind {
    /// The singular values of a linear, convolution or embedding weight: W = U diag(relu(σ+δ)) Vᵀ.
    Spectral,
    /// The weight of a norm, per channel: w + δ.
    NormFull,
    /// The Euclidean norm σ of a norm's weight, its only singular value: w · relu(σ+δ) / σ.
    NormScalar,
}

impl From<NormShift> for ShiftKind {
    fn from(norms: NormShift) -> Self {
        match norms {
            NormShift::FullLength => Self::NormFull,
            NormShift::Scalar => Self::NormScalar,
        }
    }
}

/// The shift of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// What δ is added to.
    pub kind: ShiftKind,
    /// δ: `[min(c_out, fan_in)]`, `[channels]` or `[1]`, depending on the kind.
    pub delta: Vec<f32>,
}

/// The shifts of one model, by the layer's path (`down_blocks.0.resnets.0.conv1`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShiftSet {
    /// Shifts by path; layers without an entry are not shifted.
    pub entries: BTreeMap<String, Shift>,
}

impl ShiftSet {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of shifts of all layers.
    pub fn len(&self) -> usize {
        self.entries.values().map(|shift| shift.delta.len()).sum()
    }

    /// Whether there are no shifts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shift of a layer.
    pub fn get(&self, path: &str) -> Option<&Shift> {
        self.entries.get(path)
    }

    /// Sets the shift of a layer; returns the previous one.
    pub fn insert(
        &mut self,
        path: impl Into<String>,
        kind: ShiftKind,
        delta: Vec<f32>,
    ) -> Option<Shift> {
        self.entries.insert(path.into(), Shift { kind, delta })
    }

    /// Paths and shifts, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Shift)> {
        self.entries
            .iter()
            .map(|(path, shift)| (path.as_str(), shift))
    }

    /// Σ strength·δ over all sets; a layer missing from a set counts as 0 there.
    ///
    /// # Errors
    /// `Delta`, naming the layer, if two sets have shifts of different kinds or lengths for it.
    pub fn weighted_sum(sets: &[(&Self, f32)]) -> Result<Self> {
        let mut sum = Self::new();
        for &(set, strength) in sets {
            for (path, shift) in set.iter() {
                let total = sum.entries.entry(path.to_owned()).or_insert_with(|| Shift {
                    kind: shift.kind,
                    delta: vec![0.0; shift.delta.len()],
                });
                if total.kind != shift.kind || total.delta.len() != shift.delta.len() {
                    return Err(Error::Delta(format!(
                        "These deltas cannot be added: at '{path}' one has {} numbers ({:?}), the other {} ({:?}). They were trained with different settings or for different bases; apply them one at a time.",
                        total.delta.len(),
                        total.kind,
                        shift.delta.len(),
                        shift.kind
                    )));
                }
                for (total, delta) in total.delta.iter_mut().zip(&shift.delta) {
                    *total += strength * delta;
                }
            }
        }
        Ok(sum)
    }
}

impl FromIterator<(String, Shift)> for ShiftSet {
    fn from_iter<I: IntoIterator<Item = (String, Shift)>>(entries: I) -> Self {
        Self {
            entries: entries.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn set(path: &str, kind: ShiftKind, delta: &[f32]) -> ShiftSet {
        let mut set = ShiftSet::new();
        set.insert(path, kind, delta.to_vec());
        set
    }

    #[test]
    fn a_weighted_sum_adds_layer_by_layer_and_keeps_lone_layers() {
        let a = set("conv_in", ShiftKind::Spectral, &[1.0, -2.0]);
        let mut b = set("conv_in", ShiftKind::Spectral, &[10.0, 20.0]);
        b.insert("norm1", ShiftKind::NormFull, vec![4.0; 3]);
        let sum = ShiftSet::weighted_sum(&[(&a, 2.0), (&b, 0.5)]).unwrap();
        assert_eq!(sum.get("conv_in").unwrap().delta, [7.0, 6.0]);
        assert_eq!(
            sum.get("norm1").unwrap(),
            &Shift {
                kind: ShiftKind::NormFull,
                delta: vec![2.0; 3]
            }
        );
        assert_eq!(sum.len(), 5);
        assert!(ShiftSet::weighted_sum(&[]).unwrap().is_empty());
    }

    #[test]
    fn shifts_that_do_not_match_are_refused_by_path() {
        let full = set("norm1", ShiftKind::NormFull, &[1.0]);
        let scalar = set("norm1", ShiftKind::NormScalar, &[1.0]);
        let longer = set("norm1", ShiftKind::NormFull, &[1.0, 1.0]);
        for other in [&scalar, &longer] {
            let error = ShiftSet::weighted_sum(&[(&full, 1.0), (other, 1.0)]).unwrap_err();
            assert!(error.to_string().contains("'norm1'"), "{error}");
        }
    }
}
