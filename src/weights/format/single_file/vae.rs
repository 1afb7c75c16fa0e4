//! Names of the autoencoder; the original numbers the levels of the decoder in reverse order.

use crate::weights::format::single_file::names::{
    VAE_ATTENTION, VAE_ENDS, VAE_RESNET, to_diffusers,
};

/// Levels of the decoder, from all names of an autoencoder.
pub(crate) fn levels<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let level = |name: &str| -> Option<usize> {
        let (level, _) = name.strip_prefix("decoder.up.")?.split_once('.')?;
        level.parse().ok()
    };
    names
        .filter_map(level)
        .max()
        .map_or(0, |last| last.saturating_add(1))
}

/// Name in diffusers of the tensor `name`; `None` if an AutoencoderKL of `levels` has no such tensor.
pub(crate) fn find(name: &str, levels: usize) -> Option<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let resnet = |leaf| to_diffusers(VAE_RESNET, leaf);
    match parts[..] {
        ["encoder", "down", i, "block", j, leaf, end] => Some(format!(
            "encoder.down_blocks.{i}.resnets.{j}.{}.{end}",
            resnet(leaf)?
        )),
        ["encoder", "down", i, "downsample", "conv", end] => {
            Some(format!("encoder.down_blocks.{i}.downsamplers.0.conv.{end}"))
        }
        ["decoder", "up", i, "block", j, leaf, end] => Some(format!(
            "decoder.up_blocks.{}.resnets.{j}.{}.{end}",
            reversed(i, levels)?,
            resnet(leaf)?
        )),
        ["decoder", "up", i, "upsample", "conv", end] => Some(format!(
            "decoder.up_blocks.{}.upsamplers.0.conv.{end}",
            reversed(i, levels)?
        )),
        [half @ ("encoder" | "decoder"), "mid", "attn_1", leaf, end] => Some(format!(
            "{half}.mid_block.attentions.0.{}.{end}",
            to_diffusers(VAE_ATTENTION, leaf)?
        )),
        [half @ ("encoder" | "decoder"), "mid", block, leaf, end] => {
            let j = match block {
                "block_1" => 0,
                "block_2" => 1,
                _ => return None,
            };
            let leaf = resnet(leaf)?;
            Some(format!("{half}.mid_block.resnets.{j}.{leaf}.{end}"))
        }
        [half @ ("encoder" | "decoder"), leaf, end] => {
            Some(format!("{half}.{}.{end}", to_diffusers(VAE_ENDS, leaf)?))
        }
        ["quant_conv" | "post_quant_conv", _] => Some(name.to_owned()),
        _ => None,
    }
}

/// The index of a level, counted from the other end.
fn reversed(level: &str, levels: usize) -> Option<usize> {
    let level: usize = level.parse().ok()?;
    levels.checked_sub(level.checked_add(1)?)
}
