//! OpenCLIP's names (`cond_stage_model.model.`), for Stable Diffusion 2.

use crate::weights::format::single_file::names::{
    OPEN_CLIP, OPEN_CLIP_IN_PROJ, OPEN_CLIP_LAYER, to_diffusers,
};

/// The layers that are used: Stable Diffusion 2 takes the last but one of OpenCLIP-H's 24.
const LAYERS: usize = 23;

/// What an original tensor becomes.
pub(crate) enum Found {
    /// One tensor.
    One(String),
    /// Its rows in three parts: query, key, value.
    Three([String; 3]),
    /// Nothing: the last layer, and what only comparing with pictures needs.
    Unused,
}

/// What becomes of the tensor `name`, if OpenCLIP has one.
pub(crate) fn find(name: &str) -> Option<Found> {
    if let Some(found) = to_diffusers(OPEN_CLIP, name) {
        return Some(Found::One(found.to_owned()));
    }
    if ["text_projection", "logit_scale", "attn_mask"].contains(&name) {
        return Some(Found::Unused);
    }
    let name = name.strip_prefix("transformer.resblocks.")?;
    let (n, rest) = name.split_once('.')?;
    let n: usize = n.parse().ok()?;
    if n >= LAYERS {
        return Some(Found::Unused);
    }
    let layer = format!("encoder.layers.{n}");
    if let Some(end) = rest.strip_prefix("attn.in_proj_") {
        let names = OPEN_CLIP_IN_PROJ.map(|part| format!("{layer}.self_attn.{part}.{end}"));
        return Some(Found::Three(names));
    }
    let (path, end) = rest.rsplit_once('.')?;
    let path = to_diffusers(OPEN_CLIP_LAYER, path)?;
    Some(Found::One(format!("{layer}.{path}.{end}")))
}
