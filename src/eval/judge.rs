//! The judge: a classifier of the sprite, ground and layout in a picture, trained by
//! `tools/base/judge.py`.
//!
//! Convolutions, each with GroupNorm and SiLU, then the mean over the whole map or one of its halves,
//! then three linear heads: the sprite from each region, the ground from the whole map, the layout
//! from all regions concatenated. `judge.json` has shapes and names, `judge.safetensors` weights.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData, activation::softmax};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::layers::{Conv2d, GroupNorm, Linear};
use crate::read_back::read_back;
use crate::weights::{BaseHash, Files, Place, Weights};

/// The largest `judge.json`, in bytes.
const ABOUT_LIMIT: u64 = 1 << 20;
/// Pictures per batch.
const BATCH: usize = 32;

/// The contents of `judge.json`.
#[derive(Clone, Debug, Deserialize)]
struct About {
    input: Input,
    features: Vec<Feature>,
    /// Top, bottom, left and right in the map, ends exclusive.
    regions: BTreeMap<String, [usize; 4]>,
    heads: BTreeMap<String, Head>,
    grounds: Vec<String>,
    layouts: Vec<String>,
    /// Thing and style.
    sprites: Vec<[String; 2]>,
}

#[derive(Clone, Debug, Deserialize)]
struct Head {
    linear: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Input {
    /// "n", channels, height, width.
    shape: (String, usize, usize, usize),
}

#[derive(Clone, Debug, Deserialize)]
struct Feature {
    conv: String,
    kernel_size: usize,
    stride: usize,
    padding: usize,
    out_channels: usize,
    norm: String,
    groups: usize,
    eps: f64,
}

/// The network, on the CPU.
#[derive(Clone, Debug)]
pub struct Judge {
    about: About,
    features: Vec<(Conv2d, GroupNorm)>,
    sprite: Linear,
    ground: Linear,
    layout: Linear,
}

/// The likeliest class of a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Index into [`Judge::sprites`].
    pub sprite: usize,
    /// Its probability, 0 to 1.
    pub probability: f32,
}

/// The classification of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The likeliest sprite of each of [`REGIONS`].
    pub regions: [Seen; 5],
    /// The likeliest ground, an index into [`Judge::grounds`].
    pub ground: usize,
    /// The likeliest layout: 0 one object, 1 side by side, 2 one above the other.
    pub layout: usize,
}

/// The regions of a [`Verdict`], in order.
pub const REGIONS: [&str; 5] = ["whole", "left", "right", "top", "bottom"];

impl Judge {
    /// Loads `judge.json` and `judge.safetensors` from a folder.
    ///
    /// # Errors
    /// `Io` for a missing file; `Config` or `Weights` if the files do not match.
    pub async fn load(folder: &Path) -> Result<Self> {
        let files = Files::Folder(folder.to_owned());
        let about = files.read("judge.json", ABOUT_LIMIT).await?;
        let about: About = serde_json::from_slice(&about).map_err(|error| {
            Error::Config(format!(
                "judge.json in {} cannot be read ({error}). Make it with tools/base/judge.py.",
                folder.display()
            ))
        })?;
        let device = Device::flex();
        let (mut hash, path) = (BaseHash::new(), "judge.safetensors");
        let mut weights = files
            .weights(
                path,
                "judge",
                &Place::from(&device),
                &mut hash,
                &mut |_, _| {},
            )
            .await?;
        let features = load_features(&about, &mut weights)?;
        let channels = about
            .features
            .last()
            .map_or(about.input.shape.1, |feature| feature.out_channels);
        let mut head = |name: &str, width: usize, classes: usize| {
            let head = about.heads.get(name).ok_or_else(|| {
                Error::Config(format!(
                    "judge.json names no head '{name}'. Make it with tools/base/judge.py."
                ))
            })?;
            Linear::load(&mut weights, &head.linear, width, classes, true)
        };
        let (sprite, ground, layout) = (
            head("sprite", channels, about.sprites.len())?,
            head("ground", channels, about.grounds.len())?,
            head("layout", REGIONS.len() * channels, about.layouts.len())?,
        );
        weights.finish()?;
        if let Some(missing) = REGIONS
            .iter()
            .find(|name| !about.regions.contains_key(**name))
        {
            return Err(Error::Config(format!(
                "judge.json names no region '{missing}'. Make it with tools/base/judge.py."
            )));
        }
        Ok(Self {
            about,
            features,
            sprite,
            ground,
            layout,
        })
    }

    /// Side of its input pictures, in pixels.
    pub fn size(&self) -> usize {
        self.about.input.shape.2
    }

    /// Object and style of each sprite.
    pub fn sprites(&self) -> &[[String; 2]] {
        &self.about.sprites
    }

    /// Grounds: scenes as in captions ("on grass"), then colours.
    pub fn grounds(&self) -> &[String] {
        &self.about.grounds
    }

    /// Classifies pictures `[3, size, size]` in [-1, 1].
    ///
    /// # Errors
    /// `Picture` if one has another size; `Device` if the device fails.
    pub async fn look(&self, pictures: &[Vec<f32>]) -> Result<Vec<Verdict>> {
        let size = self.size();
        let mut verdicts = Vec::with_capacity(pictures.len());
        for some in pictures.chunks(BATCH) {
            if some.iter().any(|picture| picture.len() != 3 * size * size) {
                return Err(Error::Picture(format!(
                    "The judge looks at pictures of {size} × {size} pixels, but this base makes others. Train a judge for it with tools/base/judge.py."
                )));
            }
            let data = TensorData::new(some.concat(), [some.len(), 3, size, size]);
            verdicts.extend(self.judge(Tensor::from_data(data, &Device::flex())).await?);
        }
        Ok(verdicts)
    }

    async fn judge(&self, pictures: Tensor<4>) -> Result<Vec<Verdict>> {
        let count = pictures.dims()[0];
        let map = self.features.iter().fold(pictures, |x, (conv, norm)| {
            norm.forward_silu(conv.forward(x))
        });
        let pooled = REGIONS.map(|name| {
            let [top, bottom, left, right] = self.about.regions[name];
            let region = map
                .clone()
                .slice([0..count, 0..map.dims()[1], top..bottom, left..right]);
            let mean: Tensor<2> = region
                .mean_dim(3)
                .mean_dim(2)
                .flatten::<3>(2, 3)
                .squeeze_dim(2);
            mean
        });
        let (whole, all) = (pooled[0].clone(), Tensor::cat(pooled.to_vec(), 1));
        let likeliest = async |head: &Linear, of: Tensor<2>| -> Result<Vec<Seen>> {
            let classes = softmax(head.forward_2d(of), 1);
            let width = classes.dims()[1];
            let values = read(classes).await?;
            let rows = values.chunks(width).map(|row| {
                let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
                let (sprite, probability) = best.map_or((0, 0.0), |(i, p)| (i, *p));
                Seen {
                    sprite,
                    probability,
                }
            });
            Ok(rows.collect())
        };
        let grounds = likeliest(&self.ground, whole).await?;
        let layouts = likeliest(&self.layout, all).await?;
        let mut regions = Vec::new();
        for of in pooled {
            regions.push(likeliest(&self.sprite, of).await?);
        }
        Ok((0..count)
            .map(|index| Verdict {
                regions: std::array::from_fn(|region| regions[region][index]),
                ground: grounds[index].sprite,
                layout: layouts[index].sprite,
            })
            .collect())
    }
}

/// The convolutions of the network, each with its norm.
fn load_features(about: &About, weights: &mut Weights) -> Result<Vec<(Conv2d, GroupNorm)>> {
    let mut channels = about.input.shape.1;
    let load = |feature: &Feature| {
        let out = feature.out_channels;
        let conv = Conv2d::load(
            weights,
            &feature.conv,
            [channels, out],
            feature.kernel_size,
            feature.stride,
            feature.padding,
        )?;
        channels = out;
        let norm = GroupNorm::load(weights, &feature.norm, out, feature.groups, feature.eps)?;
        Ok((conv, norm))
    };
    about.features.iter().map(load).collect()
}

async fn read(tensor: Tensor<2>) -> Result<Vec<f32>> {
    read_back(tensor, |reason| {
        Error::Device(format!("The judge's answer was lost ({reason})."))
    })
    .await
}
