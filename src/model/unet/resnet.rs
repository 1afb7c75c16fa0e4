//! Residual blocks, down- and upsampling layers of the UNet and the autoencoder (diffusers
//! `resnet.py`, `downsampling.py`, `upsampling.py`).

use burn::tensor::{
    Tensor,
    module::interpolate,
    ops::{InterpolateMode, InterpolateOptions, PadMode},
};

use crate::error::Result;
use crate::model::layers::{Conv2d, GroupNorm, LayerMut, Linear, Visitor};
use crate::weights::Weights;

/// The options of all residual blocks of one model.
#[derive(Clone, Copy, Debug)]
pub struct ResnetOptions {
    /// Channels of the time embedding; `None` in the autoencoder.
    pub temb_channels: Option<usize>,
    /// Groups of both norms.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f64,
}

/// diffusers `ResnetBlock2D`: x + conv2(silu(norm2(conv1(silu(norm1(x))) + time))).
#[derive(Clone, Debug)]
pub struct ResnetBlock2D {
    /// GroupNorm of the input.
    pub norm1: GroupNorm,
    /// 3×3, from the input's to the output's channels.
    pub conv1: Conv2d,
    /// From the time embedding to one shift per output channel.
    pub time_emb_proj: Option<Linear>,
    /// GroupNorm after `conv1`.
    pub norm2: GroupNorm,
    /// 3×3.
    pub conv2: Conv2d,
    /// 1×1, if input and output channels differ.
    pub conv_shortcut: Option<Conv2d>,
}

impl ResnetBlock2D {
    /// Takes its tensors under `path`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        [c_in, c_out]: [usize; 2],
        options: ResnetOptions,
    ) -> Result<Self> {
        let ResnetOptions {
            temb_channels,
            groups,
            eps,
        } = options;
        let at = |name: &str| format!("{path}.{name}");
        Ok(Self {
            norm1: GroupNorm::load(weights, &at("norm1"), c_in, groups, eps)?,
            conv1: Conv2d::load(weights, &at("conv1"), [c_in, c_out], 3, 1, 1)?,
            time_emb_proj: temb_channels
                .map(|temb| Linear::load(weights, &at("time_emb_proj"), temb, c_out, true))
                .transpose()?,
            norm2: GroupNorm::load(weights, &at("norm2"), c_out, groups, eps)?,
            conv2: Conv2d::load(weights, &at("conv2"), [c_out, c_out], 3, 1, 1)?,
            conv_shortcut: (c_in != c_out)
                .then(|| Conv2d::load(weights, &at("conv_shortcut"), [c_in, c_out], 1, 1, 0))
                .transpose()?,
        })
    }

    /// `[batch, c_in, h, w]` to `[batch, c_out, h, w]`.
    ///
    /// `silu_temb` `[batch, temb_channels]` is the time embedding **after** SiLU, which the caller
    /// computes once for all blocks.
    pub fn forward(&self, x: Tensor<4>, silu_temb: Option<&Tensor<2>>) -> Tensor<4> {
        let mut y = self.conv1.forward(self.norm1.forward_silu(x.clone()));
        if let (Some(projection), Some(temb)) = (&self.time_emb_proj, silu_temb) {
            let [batch, channels, ..] = y.dims();
            let shift = projection.forward_2d(temb.clone());
            y = y + shift.reshape([batch, channels, 1, 1]);
        }
        let y = self.conv2.forward(self.norm2.forward_silu(y));
        match &self.conv_shortcut {
            Some(shortcut) => shortcut.forward(x) + y,
            None => x + y,
        }
    }

    /// Calls `visitor` for every layer.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        visitor(
            &format!("{path}.norm1"),
            LayerMut::Norm(&mut self.norm1.weight),
        )?;
        visitor(&format!("{path}.conv1"), LayerMut::Conv2d(&mut self.conv1))?;
        if let Some(projection) = &mut self.time_emb_proj {
            visitor(
                &format!("{path}.time_emb_proj"),
                LayerMut::Linear(projection),
            )?;
        }
        visitor(
            &format!("{path}.norm2"),
            LayerMut::Norm(&mut self.norm2.weight),
        )?;
        visitor(&format!("{path}.conv2"), LayerMut::Conv2d(&mut self.conv2))?;
        if let Some(shortcut) = &mut self.conv_shortcut {
            visitor(&format!("{path}.conv_shortcut"), LayerMut::Conv2d(shortcut))?;
        }
        Ok(())
    }
}

/// diffusers `Downsample2D` with a convolution of stride 2.
#[derive(Clone, Debug)]
pub struct Downsample2D {
    /// 3×3, stride 2.
    pub conv: Conv2d,
}

impl Downsample2D {
    /// Takes `{path}.conv`. `padding` is 1 in the UNet; with 0, in the autoencoder, one column of
    /// zeros is added at the right and one row at the bottom.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        channels: usize,
        padding: usize,
    ) -> Result<Self> {
        let conv = Conv2d::load(
            weights,
            &format!("{path}.conv"),
            [channels, channels],
            3,
            2,
            padding,
        )?;
        Ok(Self { conv })
    }

    /// `[batch, channels, h, w]` to `[batch, channels, h / 2, w / 2]`; odd sides round up in the UNet.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        if self.conv.padding > 0 {
            return self.conv.forward(x);
        }
        self.conv
            .forward(x.pad((0, 1, 0, 1), PadMode::Constant(0.0)))
    }
}

/// diffusers `Upsample2D`: nearest-neighbour interpolation, then a convolution.
#[derive(Clone, Debug)]
pub struct Upsample2D {
    /// 3×3.
    pub conv: Conv2d,
}

impl Upsample2D {
    /// Takes `{path}.conv`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(weights: &mut Weights, path: &str, channels: usize) -> Result<Self> {
        let conv = Conv2d::load(
            weights,
            &format!("{path}.conv"),
            [channels, channels],
            3,
            1,
            1,
        )?;
        Ok(Self { conv })
    }

    /// `[batch, channels, h, w]` to `[batch, channels, size[0], size[1]]`.
    pub fn forward(&self, x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        let nearest = InterpolateOptions::new(InterpolateMode::Nearest).with_output_size(size);
        self.conv.forward(interpolate(x, nearest))
    }
}
