//! The down, middle and up blocks (diffusers `unet_2d_blocks.py`).
//!
//! `CrossAttnDownBlock2D` and `DownBlock2D` differ only by their attentions, so one struct stands
//! for both; the same holds for the up blocks. The forward pass is in [`super::stages`].

use crate::error::Result;
use crate::model::layers::{LayerMut, Visitor};
use crate::model::unet::resnet::{Downsample2D, ResnetBlock2D, ResnetOptions, Upsample2D};
use crate::model::unet::transformer::Transformer2DModel;
use crate::model::unet::transformer_block::TransformerOptions;
use crate::weights::Weights;

/// diffusers `CrossAttnDownBlock2D` and `DownBlock2D`.
#[derive(Clone, Debug)]
pub struct DownBlock2D {
    /// One per resnet, or none at all.
    pub attentions: Vec<Transformer2DModel>,
    /// `layers_per_block` of them.
    pub resnets: Vec<ResnetBlock2D>,
    /// `downsamplers.0` in the checkpoint; the last block has none.
    pub downsampler: Option<Downsample2D>,
}

/// diffusers `UNetMidBlock2DCrossAttn`.
#[derive(Clone, Debug)]
pub struct MidBlock2D {
    /// One transformer.
    pub attentions: Vec<Transformer2DModel>,
    /// Two, before and after the transformer.
    pub resnets: Vec<ResnetBlock2D>,
}

/// diffusers `CrossAttnUpBlock2D` and `UpBlock2D`.
#[derive(Clone, Debug)]
pub struct UpBlock2D {
    /// One per resnet, or none at all.
    pub attentions: Vec<Transformer2DModel>,
    /// One more than the down block of the same level has.
    pub resnets: Vec<ResnetBlock2D>,
    /// `upsamplers.0` in the checkpoint; the last block has none.
    pub upsampler: Option<Upsample2D>,
}

impl DownBlock2D {
    /// Takes its tensors under `path`: `layers` resnets from `c_in` to `c_out` channels.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        [c_in, c_out]: [usize; 2],
        layers: usize,
        resnet: ResnetOptions,
        attention: Option<TransformerOptions>,
        downsample: bool,
    ) -> Result<Self> {
        let channels = (0..layers).map(|j| [if j == 0 { c_in } else { c_out }, c_out]);
        Ok(Self {
            attentions: load_attentions(weights, path, layers, attention)?,
            resnets: load_resnets(weights, path, channels, resnet)?,
            downsampler: downsample
                .then(|| Downsample2D::load(weights, &format!("{path}.downsamplers.0"), c_out, 1))
                .transpose()?,
        })
    }

    /// Calls `visitor` for every layer.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        visit_layers(&mut self.attentions, &mut self.resnets, path, visitor)?;
        match &mut self.downsampler {
            Some(layer) => visitor(
                &format!("{path}.downsamplers.0.conv"),
                LayerMut::Conv2d(&mut layer.conv),
            ),
            None => Ok(()),
        }
    }
}

impl MidBlock2D {
    /// Takes its tensors under `path`: resnet, attention, resnet.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        resnet: ResnetOptions,
        attention: TransformerOptions,
    ) -> Result<Self> {
        let channels = [[attention.channels; 2]; 2];
        Ok(Self {
            attentions: load_attentions(weights, path, 1, Some(attention))?,
            resnets: load_resnets(weights, path, channels.into_iter(), resnet)?,
        })
    }

    /// Calls `visitor` for every layer.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        visit_layers(&mut self.attentions, &mut self.resnets, path, visitor)
    }
}

/// Channels of the inputs and the output of an up block.
#[derive(Clone, Copy, Debug)]
pub struct UpChannels {
    /// Of the output of the block before.
    pub previous: usize,
    /// Of the output, and of every skip but the last.
    pub out: usize,
    /// Of the last skip, which comes from the next level up.
    pub last_skip: usize,
}

impl UpBlock2D {
    /// Takes its tensors under `path`: `layers` resnets, each with a skip connection as second input.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        channels: UpChannels,
        layers: usize,
        resnet: ResnetOptions,
        attention: Option<TransformerOptions>,
        upsample: bool,
    ) -> Result<Self> {
        let UpChannels {
            previous,
            out,
            last_skip,
        } = channels;
        let per_resnet = (0..layers).map(|j| {
            let own = if j == 0 { previous } else { out };
            let skip = if j + 1 == layers { last_skip } else { out };
            [own + skip, out]
        });
        Ok(Self {
            attentions: load_attentions(weights, path, layers, attention)?,
            resnets: load_resnets(weights, path, per_resnet, resnet)?,
            upsampler: upsample
                .then(|| Upsample2D::load(weights, &format!("{path}.upsamplers.0"), out))
                .transpose()?,
        })
    }

    /// Calls `visitor` for every layer.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        visit_layers(&mut self.attentions, &mut self.resnets, path, visitor)?;
        match &mut self.upsampler {
            Some(layer) => visitor(
                &format!("{path}.upsamplers.0.conv"),
                LayerMut::Conv2d(&mut layer.conv),
            ),
            None => Ok(()),
        }
    }
}

fn load_attentions(
    weights: &mut Weights,
    path: &str,
    count: usize,
    options: Option<TransformerOptions>,
) -> Result<Vec<Transformer2DModel>> {
    let Some(options) = options else {
        return Ok(Vec::new());
    };
    (0..count)
        .map(|j| Transformer2DModel::load(weights, &format!("{path}.attentions.{j}"), options))
        .collect()
}

fn load_resnets(
    weights: &mut Weights,
    path: &str,
    channels: impl Iterator<Item = [usize; 2]>,
    options: ResnetOptions,
) -> Result<Vec<ResnetBlock2D>> {
    channels
        .enumerate()
        .map(|(j, channels)| {
            ResnetBlock2D::load(weights, &format!("{path}.resnets.{j}"), channels, options)
        })
        .collect()
}

/// Visits the attentions before the resnets, as diffusers' checkpoints order them.
fn visit_layers(
    attentions: &mut [Transformer2DModel],
    resnets: &mut [ResnetBlock2D],
    path: &str,
    visitor: &mut Visitor<'_>,
) -> Result<()> {
    for (j, attention) in attentions.iter_mut().enumerate() {
        attention.visit_mut(&format!("{path}.attentions.{j}"), visitor)?;
    }
    for (j, resnet) in resnets.iter_mut().enumerate() {
        resnet.visit_mut(&format!("{path}.resnets.{j}"), visitor)?;
    }
    Ok(())
}
