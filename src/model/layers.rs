//! The four layers that everything is made of, and the two forms that a weight takes.
//!
//! A weight W, as a matrix `[c_out, c_in·k_h·k_w]`, is either [`Weight::Full`] or
//! [`Weight::Factored`], W = U diag(s) Vᵀ with `u: [c_out, r]`, `s: [r]`, `vt: [r, c_in·k_h·k_w]`.
//! In the factored form W itself is never built: a linear layer is `y = ((x V) ⊙ s) Uᵀ + b` and a
//! convolution is a convolution with Vᵀ, a scaling by s per channel, and a 1×1 convolution with U.

use burn::tensor::{Device, Tensor};

use crate::error::Result;
use crate::ops::conv::{ConvParams, conv2d, factored_conv2d};
use crate::ops::linear::{factored_linear, linear};
use crate::ops::matmul::stored_matrix::Matrix;
use crate::ops::matmul::workspace;
use crate::ops::norm::{group_norm, layer_norm};
use crate::weights::Weights;

/// A weight as a matrix `[c_out, fan_in]`, whole or as its factors.
#[expect(
    clippy::large_enum_variant,
    reason = "one per layer, and what it holds are handles"
)]
#[derive(Clone, Debug)]
pub enum Weight {
    /// W: `[c_out, fan_in]`.
    Full(Matrix),
    /// W = U diag(s) Vᵀ; U and V are frozen, s may carry a gradient.
    Factored {
        /// U: `[c_out, r]`.
        u: Matrix,
        /// s: `[r]`.
        s: Tensor<1>,
        /// Vᵀ: `[r, fan_in]`.
        vt: Matrix,
    },
}

/// `y = x Wᵀ + b` over the last dimension (torch.nn.Linear).
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[c_out, c_in]`.
    pub weight: Weight,
    /// `[c_out]`.
    pub bias: Option<Tensor<1>>,
}

/// A 2-D convolution (torch.nn.Conv2d), square kernel, same stride and padding both ways.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// `[c_out, c_in·k·k]`.
    pub weight: Weight,
    /// `[c_out]`.
    pub bias: Option<Tensor<1>>,
    /// Input channels.
    pub in_channels: usize,
    /// k, the kernel's side.
    pub kernel_size: usize,
    /// Step in pixels.
    pub stride: usize,
    /// Zeros added on every side.
    pub padding: usize,
}

/// Group normalisation (torch.nn.GroupNorm) over `[batch, channels, height, width]`.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    /// `[channels]`.
    pub weight: Tensor<1>,
    /// `[channels]`.
    pub bias: Tensor<1>,
    /// Groups that share mean and variance.
    pub num_groups: usize,
    /// Added to the variance.
    pub eps: f64,
}

/// Layer normalisation (torch.nn.LayerNorm) over the last dimension.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// `[channels]`.
    pub weight: Tensor<1>,
    /// `[channels]`.
    pub bias: Tensor<1>,
    /// Added to the variance.
    pub eps: f64,
}

/// One trainable layer, handed to a visitor together with its path (`down_blocks.0.resnets.0.conv1`).
#[derive(Debug)]
pub enum LayerMut<'a> {
    /// A linear layer.
    Linear(&'a mut Linear),
    /// A convolution.
    Conv2d(&'a mut Conv2d),
    /// The weight of a GroupNorm or LayerNorm, `[channels]`.
    Norm(&'a mut Tensor<1>),
    /// The weight of an embedding table, `[rows, channels]`.
    Embedding(&'a mut Matrix),
}

/// The kinds of layers that a visitor meets, with the paper's names of their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerForm {
    /// A norm's weight, `[channels]`: the paper's 1-D.
    Norm,
    /// A linear layer's, `[c_out, c_in]`: 2-D.
    Linear,
    /// A convolution's, `[c_out, c_in, k, k]`: 4-D.
    Conv2d,
    /// An embedding table, `[rows, channels]`; a UNet has none.
    Embedding,
}

impl LayerMut<'_> {
    /// Its kind.
    pub fn form(&self) -> LayerForm {
        match self {
            Self::Linear(_) => LayerForm::Linear,
            Self::Conv2d(_) => LayerForm::Conv2d,
            Self::Norm(_) => LayerForm::Norm,
            Self::Embedding(_) => LayerForm::Embedding,
        }
    }
}

/// Called once per layer, in the order of the checkpoint's modules.
pub type Visitor<'a> = dyn FnMut(&str, LayerMut<'_>) -> Result<()> + 'a;

impl Weight {
    /// Takes `{path}.weight`, whole.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub(super) fn take(weights: &mut Weights, path: &str, shape: &[usize]) -> Result<Self> {
        let matrix = Matrix::take(weights, &format!("{path}.weight"), shape)?;
        workspace::reserve(&matrix, matches!(shape, [_, _, k, _] if *k > 1));
        Ok(Self::Full(matrix))
    }

    /// Rows and columns.
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Full(w) => w.dims(),
            Self::Factored { u, vt, .. } => [u.dims()[0], vt.dims()[1]],
        }
    }

    /// Where it is.
    pub fn device(&self) -> Device {
        match self {
            Self::Full(w) => w.device(),
            Self::Factored { u, .. } => u.device(),
        }
    }
}

impl Linear {
    /// Takes `{path}.weight` `[c_out, c_in]` and, with `bias`, `{path}.bias` `[c_out]`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        c_in: usize,
        c_out: usize,
        bias: bool,
    ) -> Result<Self> {
        Ok(Self {
            weight: Weight::take(weights, path, &[c_out, c_in])?,
            bias: if bias {
                Some(weights.take(&format!("{path}.bias"), [c_out])?)
            } else {
                None
            },
        })
    }

    /// `[batch, tokens, c_in]` to `[batch, tokens, c_out]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, c_in] = x.dims();
        let y = self.forward_2d(x.reshape([batch * tokens, c_in]));
        let c_out = y.dims()[1];
        y.reshape([batch, tokens, c_out])
    }

    /// `[n, c_in]` to `[n, c_out]`.
    pub fn forward_2d(&self, x: Tensor<2>) -> Tensor<2> {
        let y = match &self.weight {
            Weight::Full(w) => linear(x, w),
            Weight::Factored { u, s, vt } => {
                return factored_linear(x, [u, vt], s.clone(), self.bias.clone());
            }
        };
        match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze(),
            None => y,
        }
    }
}

impl Conv2d {
    /// Takes `{path}.weight` `[c_out, c_in, k, k]` and `{path}.bias` `[c_out]`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        [c_in, c_out]: [usize; 2],
        kernel_size: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Self> {
        Ok(Self {
            weight: Weight::take(weights, path, &[c_out, c_in, kernel_size, kernel_size])?,
            bias: Some(weights.take(&format!("{path}.bias"), [c_out])?),
            in_channels: c_in,
            kernel_size,
            stride,
            padding,
        })
    }

    /// `[batch, c_in, height, width]` to `[batch, c_out, height', width']`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let params = ConvParams {
            kernel_size: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
        };
        let bias = self.bias.clone();
        match &self.weight {
            Weight::Full(w) => conv2d(x, w, bias, params),
            Weight::Factored { u, s, vt } => factored_conv2d(x, [u, vt], s.clone(), bias, params),
        }
    }
}

impl GroupNorm {
    /// Takes `{path}.weight` and `{path}.bias`, `[channels]` each.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        channels: usize,
        num_groups: usize,
        eps: f64,
    ) -> Result<Self> {
        Ok(Self {
            weight: weights.take(&format!("{path}.weight"), [channels])?,
            bias: weights.take(&format!("{path}.bias"), [channels])?,
            num_groups,
            eps,
        })
    }

    /// Shape-preserving, `[batch, channels, height, width]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_then(x, false)
    }

    /// The same, and SiLU of it.
    pub fn forward_silu(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward_then(x, true)
    }

    fn forward_then(&self, x: Tensor<4>, silu: bool) -> Tensor<4> {
        let (weight, bias) = (self.weight.clone(), self.bias.clone());
        group_norm(x, weight, bias, self.num_groups, self.eps, silu)
    }
}

impl LayerNorm {
    /// Takes `{path}.weight` and `{path}.bias`, `[channels]` each.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(weights: &mut Weights, path: &str, channels: usize, eps: f64) -> Result<Self> {
        Ok(Self {
            weight: weights.take(&format!("{path}.weight"), [channels])?,
            bias: weights.take(&format!("{path}.bias"), [channels])?,
            eps,
        })
    }

    /// Shape-preserving, `[batch, tokens, channels]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        layer_norm(x, self.weight.clone(), self.bias.clone(), self.eps)
    }
}
