//! OpenCLIP's names (`cond_stage_model.model.`), for Stable Diffusion 2.

use crate::weights::format::single_file::names::{
    OPEN_CLIP, OPEN_CLIP_IN_PROJ, OPEN_CLIP_LAYER, to_diffusers,
};

/// Layers that are used: Stable Diffusion 2 takes the output of the penultimate of OpenCLIP-H's 24.
const LAYERS: usize = 23;

/// What an original tensor becomes.
pub(crate) enum Found {
    /// One tensor.
    One(String),
    /// Three tensors of a third of its rows each: query, key, value.
    Three([String; 3]),
    /// Nothing: it belongs to the last layer, or is used only to compare texts with pictures.
    Unused,
}

/// What the tensor `name` becomes; `None` if OpenCLIP has no such tensor.
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
