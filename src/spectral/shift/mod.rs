//! Shifts δ by layer, and their arithmetic: σ + Σ strength·δ.

pub mod geometry;
pub mod preset;
pub mod shifted_model;

pub(crate) mod bake;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How the weights of norms are shifted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormShift {
    /// One δ per channel, added to the weight (the authors' form).
    #[default]
    FullLength,
    /// One δ per norm, on the singular value of the weight as a 1×C row (svdiff-pytorch's form).
    Scalar,
}

/// What a shift is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShiftKind {
    /// The singular values of a linear, convolution or embedding weight: W = U diag(relu(σ+δ)) Vᵀ.
    Spectral,
    /// A norm's weight, per channel: w + δ.
    NormFull,
    /// The one singular value of a norm's weight, its Euclidean norm: w · relu(σ+δ) / σ.
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
    /// What it is added to.
    pub kind: ShiftKind,
    /// δ: `[min(c_out, fan_in)]`, `[channels]` or `[1]`, by kind.
    pub delta: Vec<f32>,
}

/// The shifts of one model, by the layer's path (`down_blocks.0.resnets.0.conv1`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShiftSet {
    /// Path to δ; a layer that is not there is not shifted.
    pub entries: BTreeMap<String, Shift>,
}

impl ShiftSet {
    /// No shifts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Numbers in all layers together.
    pub fn len(&self) -> usize {
        self.entries.values().map(|shift| shift.delta.len()).sum()
    }

    /// Whether no layer has a shift.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shift of a layer.
    pub fn get(&self, path: &str) -> Option<&Shift> {
        self.entries.get(path)
    }

    /// Sets the shift of a layer; gives back the one it had.
    pub fn insert(
        &mut self,
        path: impl Into<String>,
        kind: ShiftKind,
        delta: Vec<f32>,
    ) -> Option<Shift> {
        self.entries.insert(path.into(), Shift { kind, delta })
    }

    /// Layers in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Shift)> {
        self.entries
            .iter()
            .map(|(path, shift)| (path.as_str(), shift))
    }

    /// Σ strength·δ over any number of sets; layers that only some sets shift count as 0 elsewhere.
    ///
    /// # Errors
    /// `Delta` if two sets shift the same layer in different ways or lengths, by the layer's path.
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
