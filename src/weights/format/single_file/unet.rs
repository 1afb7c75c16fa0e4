//! Names of the UNet: the original numbers all blocks in a row, diffusers numbers them per level.
//!
//! ```text
//! input_blocks.n.0    resnet j of level i, or its downsampler (`op`)
//! input_blocks.n.1    attention j of level i
//! middle_block.m      resnet, attention, resnet
//! output_blocks.n.*   resnet, attention, upsampler (`conv`)
//! ```
//!
//! A level ends at its sampler. Levels are found this way rather than computed from n, because models
//! with one layer per block are numbered in two ways: in a row, or as the layers of models with two.

use std::collections::BTreeMap;

use crate::weights::format::single_file::names::{UNET, UNET_RESNET, to_diffusers};

/// Level and index in it of every numbered block.
pub(crate) struct UnetNames {
    down: BTreeMap<usize, [usize; 2]>,
    up: BTreeMap<usize, [usize; 2]>,
}

/// Content of a numbered block.
#[derive(Clone, Copy, Default)]
struct Content {
    resnet: bool,
    sampler: bool,
}

impl UnetNames {
    /// From all names of a UNet.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        Self {
            down: places(names.clone(), "input_blocks", "op"),
            up: places(names, "output_blocks", "conv"),
        }
    }

    /// Name in diffusers of the tensor `name`; `None` if a UNet of Stable Diffusion has no such tensor.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        let (path, end) = name.rsplit_once('.')?;
        let found = match to_diffusers(UNET, path) {
            Some(found) => found.to_owned(),
            None => self.in_block(path)?,
        };
        Some(format!("{found}.{end}"))
    }

    fn in_block(&self, path: &str) -> Option<String> {
        if let Some((n, m, rest)) = numbered(path, "input_blocks") {
            let [level, j] = self.down.get(&n)?;
            let block = format!("down_blocks.{level}");
            return match rest {
                "op" => Some(format!("{block}.downsamplers.0.conv")),
                _ => layer(&block, m, *j, rest),
            };
        }
        if let Some((n, m, rest)) = numbered(path, "output_blocks") {
            let [level, j] = self.up.get(&n)?;
            let block = format!("up_blocks.{level}");
            return match rest {
                "conv" => Some(format!("{block}.upsamplers.0.conv")),
                _ => layer(&block, m, *j, rest),
            };
        }
        let (m, rest) = path.strip_prefix("middle_block.")?.split_once('.')?;
        let m: usize = m.parse().ok()?;
        layer("mid_block", m % 2, m / 2, rest)
    }
}

/// Level and index of every block of `section`; `sampler` is the name of the layer that ends a level.
fn places<'a>(
    names: impl Iterator<Item = &'a str>,
    section: &str,
    sampler: &str,
) -> BTreeMap<usize, [usize; 2]> {
    let mut contents: BTreeMap<usize, Content> = BTreeMap::new();
    for name in names {
        let Some((n, m, rest)) = numbered(name, section) else {
            continue;
        };
        // The first input block is the convolution before all levels.
        if section == "input_blocks" && n == 0 {
            continue;
        }
        let content = contents.entry(n).or_default();
        if rest.split('.').next() == Some(sampler) {
            content.sampler = true;
        } else if m == 0 {
            content.resnet = true;
        }
    }
    let (mut level, mut j) = (0, 0);
    let mut places = BTreeMap::new();
    for (n, content) in contents {
        places.insert(n, [level, j]);
        j += usize::from(content.resnet);
        if content.sampler {
            (level, j) = (level + 1, 0);
        }
    }
    places
}

/// `{section}.{n}.{m}.{rest}`.
fn numbered<'a>(name: &'a str, section: &str) -> Option<(usize, usize, &'a str)> {
    let name = name.strip_prefix(section)?.strip_prefix('.')?;
    let (n, name) = name.split_once('.')?;
    let (m, rest) = name.split_once('.')?;
    Some((n.parse().ok()?, m.parse().ok()?, rest))
}

/// A layer of the resnet (`m` = 0) or attention (`m` = 1) with index `j`.
fn layer(block: &str, m: usize, j: usize, rest: &str) -> Option<String> {
    match m {
        0 => {
            let name = to_diffusers(UNET_RESNET, rest)?;
            Some(format!("{block}.resnets.{j}.{name}"))
        }
        1 => {
            let first = rest.split('.').next()?;
            ["norm", "proj_in", "transformer_blocks", "proj_out"]
                .contains(&first)
                .then(|| format!("{block}.attentions.{j}.{rest}"))
        }
        _ => None,
    }
}
