//! Combinations of deltas of one base model: sum, interpolation, style mixing, rank limit.
//!
//! | operation | singular values |
//! |---|---|
//! | sum | σ + Σ strength·δ; a strength may be negative or above 1 |
//! | interpolation | σ + α·δ₁ + (1 − α)·δ₂ |
//! | style mixing | σ + δ₁ in the [geometry layers](GeometryLayers), σ + δ₂ in the others |
//! | rank limit | per layer, only the k shifts with the largest \|relu(σ + δ) − σ\| |
//!
//! Source: SVDiff, section 3.2 (sum) and section 4 (interpolation, style mixing, rank).

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::spectral::decompose::decomposed_model::DecomposedModel;
use crate::spectral::decompose::layer_factors::LayerFactors;
use crate::spectral::delta::metadata::{MAX_LINE, MAX_PROMPTS, MAX_SUBJECTS};
use crate::spectral::delta::{Combination, CombinationKind, Delta, DeltaMetadata, Parent};
use crate::spectral::shift::bake::sigma_changes;
use crate::spectral::shift::geometry::GeometryLayers;
use crate::spectral::shift::{ShiftKind, ShiftSet};

/// A combination of deltas.
#[derive(Clone, Debug, PartialEq)]
pub enum Combine {
    /// Σ strength·δ, with one strength per delta.
    Sum(Vec<f32>),
    /// α·δ₁ + (1 − α)·δ₂ of two deltas; α outside 0 to 1 extrapolates.
    Interpolate(f32),
    /// Geometry of the first delta, appearance of the second.
    StyleMix,
}

impl Combine {
    /// Combines `parents`, given as deltas and their content hashes.
    ///
    /// A style mix takes the text encoder's shifts from the geometry delta, whose subject the
    /// prompt names. Subjects, prompts and texts of the metadata are joined, and the parents are
    /// recorded with their strengths.
    ///
    /// # Errors
    /// `Delta` if the parents were made for different bases or shift a layer in different ways;
    /// `Settings` for a wrong number of parents or an invalid strength.
    pub fn apply(&self, parents: &[(&Delta, String)]) -> Result<Delta> {
        let strengths = self.strengths(parents.len())?;
        check_same_base(parents)?;
        let deltas: Vec<&Delta> = parents.iter().map(|(delta, _)| *delta).collect();
        let (unet, text_encoder) = match self {
            Self::StyleMix => (
                mix_styles(&deltas[0].unet, &deltas[1].unet)?,
                deltas[0].text_encoder.clone(),
            ),
            _ => {
                let sum = |set: fn(&Delta) -> &ShiftSet| {
                    let sets = deltas.iter().map(|delta| set(delta));
                    weighted(sets.zip(strengths.iter().copied()).collect())
                };
                (sum(|d| &d.unet)?, sum(|d| &d.text_encoder)?)
            }
        };
        let kind = match self {
            Self::Sum(_) => CombinationKind::Sum,
            Self::Interpolate(_) => CombinationKind::Interpolate,
            Self::StyleMix => CombinationKind::StyleMix,
        };
        let mut metadata = joined(&deltas);
        metadata.combination = Some(Combination { kind, rank: None });
        metadata.parents = parents
            .iter()
            .zip(strengths)
            .map(|((delta, content_sha256), strength)| Parent {
                title: delta.metadata.title.clone(),
                content_sha256: content_sha256.clone(),
                strength,
            })
            .collect();
        Ok(Delta {
            metadata,
            unet,
            text_encoder,
        })
    }

    fn strengths(&self, parents: usize) -> Result<Vec<f32>> {
        let strengths = match self {
            Self::Sum(strengths) => strengths.clone(),
            Self::Interpolate(alpha) => vec![*alpha, 1.0 - alpha],
            Self::StyleMix => vec![1.0; 2],
        };
        let wrong = if strengths.len() != parents {
            format!(
                "{parents} deltas were given, but {} are needed here: a sum takes one weight for each, interpolation and style mixing take two deltas.",
                strengths.len()
            )
        } else if parents > MAX_SUBJECTS {
            format!("{parents} deltas were given, but at most {MAX_SUBJECTS} can be combined.")
        } else if let Some(bad) = strengths.iter().find(|strength| !strength.is_finite()) {
            format!("A weight is {bad}; give a number such as 0.5, 1 or -0.3.")
        } else if strengths.iter().all(|&strength| strength == 0.0) {
            "Every weight is 0, so nothing would be left. Give at least one delta a weight.".into()
        } else {
            return Ok(strengths);
        };
        Err(Error::Settings(wrong))
    }
}

/// α·first + (1 − α)·second; a missing layer counts as 0.
///
/// # Errors
/// `Delta`, naming the layer, if both have shifts of different kinds or lengths for it.
pub fn interpolate(first: &ShiftSet, second: &ShiftSet, alpha: f32) -> Result<ShiftSet> {
    weighted(vec![(first, alpha), (second, 1.0 - alpha)])
}

/// The sum without sets of strength 0, which would only add layers of zeros.
fn weighted(mut terms: Vec<(&ShiftSet, f32)>) -> Result<ShiftSet> {
    terms.retain(|(_, strength)| *strength != 0.0);
    ShiftSet::weighted_sum(&terms)
}

/// Shifts of `geometry` in the [geometry layers](GeometryLayers), of `appearance` in the others.
///
/// # Errors
/// `Delta` if neither shifts an attention of the down blocks, which marks the geometry layers.
pub fn mix_styles(geometry: &ShiftSet, appearance: &ShiftSet) -> Result<ShiftSet> {
    let paths = [geometry, appearance].into_iter().flat_map(ShiftSet::iter);
    let layers = GeometryLayers::find(paths.map(|(path, _)| path)).ok_or_else(|| {
        Error::Delta("These deltas cannot be mixed by style: neither shifts an attention on the way down, where the geometry's layers begin. Train them on all layers, on the 2-D ones or on cross-attention.".into())
    })?;
    let taken = |set: &ShiftSet, inside: bool| {
        let kept = set.iter().filter(|(path, _)| layers.holds(path) == inside);
        kept.map(|(path, shift)| (path.to_owned(), shift.clone()))
            .collect::<Vec<_>>()
    };
    Ok(taken(geometry, true)
        .into_iter()
        .chain(taken(appearance, false))
        .collect())
}

/// Keeps the `k` shifts with the largest |relu(σ + δ) − σ| in every layer and sets the others to 0.
///
/// Layers with a rank below `k`, and norms, which have no rank, are unchanged. Of equal changes the
/// one at the larger singular value is kept.
///
/// # Errors
/// `Delta` if the shifts do not fit the base model.
pub fn limit_rank(shifts: &ShiftSet, base: &DecomposedModel, k: usize) -> Result<ShiftSet> {
    base.check(shifts)?;
    let mut limited = shifts.clone();
    for (path, layer) in base.layers() {
        let LayerFactors::Matrix { sigma, .. } = layer else {
            continue;
        };
        if let Some(shift) = limited.entries.get_mut(path) {
            for dropped in by_change(sigma, &shift.delta).into_iter().skip(k) {
                shift.delta[dropped] = 0.0;
            }
        }
    }
    Ok(limited)
}

/// Checks that `k` is a valid rank limit for a delta.
///
/// # Errors
/// `Settings` if `k` is 0 or above the rank of every layer that is shifted.
pub fn check_rank(delta: &Delta, k: usize) -> Result<()> {
    let ranks = [&delta.unet, &delta.text_encoder]
        .into_iter()
        .flat_map(ShiftSet::iter)
        .filter(|(_, shift)| shift.kind == ShiftKind::Spectral)
        .map(|(_, shift)| shift.delta.len());
    match ranks.max() {
        None => Err(Error::Settings(
            "The delta shifts norms only, and norms have no rank to limit. Leave the rank out."
                .into(),
        )),
        Some(highest) if k == 0 || k > highest => Err(Error::Settings(format!(
            "The rank is {k}, but the layers of this delta have ranks of at most {highest}. Give 1 to {highest}; layers of a lower rank then keep all they have."
        ))),
        Some(_) => Ok(()),
    }
}

/// Indices of the singular values, in descending order of |relu(σ + δ) − σ|.
pub(crate) fn by_change(sigma: &[f32], delta: &[f32]) -> Vec<usize> {
    let change: Vec<f32> = sigma_changes(sigma, delta).map(f32::abs).collect();
    let mut indices: Vec<usize> = (0..change.len()).collect();
    indices.sort_by(|&a, &b| change[b].total_cmp(&change[a]));
    indices
}

fn check_same_base(parents: &[(&Delta, String)]) -> Result<()> {
    let name = |delta: &Delta| {
        let about = &delta.metadata;
        let hash: String = about.base_sha256.chars().take(16).collect();
        format!("'{}' ({hash}…, {})", about.base_id, about.precision)
    };
    let first = parents[0].0;
    let other = parents.iter().map(|(delta, _)| *delta).find(|delta| {
        delta.metadata.base_sha256 != first.metadata.base_sha256
            || delta.metadata.precision != first.metadata.precision
    });
    match other {
        None => Ok(()),
        Some(other) => Err(Error::Delta(format!(
            "These deltas were made for different bases: {} and {}. A shift belongs to the singular vectors of its own base, so their sum would mean nothing. Combine deltas of one base.",
            name(first),
            name(other)
        ))),
    }
}

/// The metadata of a combination, joined from its parents.
fn joined(deltas: &[&Delta]) -> DeltaMetadata {
    let all = |field: fn(&DeltaMetadata) -> &str, between: &str| {
        let mut seen = BTreeSet::new();
        let texts = deltas.iter().map(|delta| field(&delta.metadata));
        let texts: Vec<&str> = texts
            .filter(|text| !text.is_empty() && seen.insert(*text))
            .collect();
        cut(texts.join(between))
    };
    let mut metadata = DeltaMetadata {
        base_id: deltas[0].metadata.base_id.clone(),
        base_sha256: deltas[0].metadata.base_sha256.clone(),
        precision: deltas[0].metadata.precision.clone(),
        trigger_phrase: all(|m| &m.trigger_phrase, " and "),
        title: all(|m| &m.title, " + "),
        author: all(|m| &m.author, ", "),
        licence: all(|m| &m.licence, ", "),
        ..DeltaMetadata::default()
    };
    for about in deltas.iter().map(|delta| &delta.metadata) {
        for subject in &about.subjects {
            if metadata.subjects.len() < MAX_SUBJECTS && !metadata.subjects.contains(subject) {
                metadata.subjects.push(subject.clone());
            }
        }
        for prompt in &about.prompts {
            if metadata.prompts.len() < MAX_PROMPTS && !metadata.prompts.contains(prompt) {
                metadata.prompts.push(prompt.clone());
            }
        }
    }
    metadata
}

/// A text, truncated to [`MAX_LINE`] bytes.
fn cut(mut text: String) -> String {
    while text.len() > MAX_LINE {
        text.pop();
    }
    text
}

#[cfg(test)]
#[path = "combine_tests.rs"]
mod tests;
