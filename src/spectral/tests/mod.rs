//! A small model with every kind of layer, and helpers of the tests.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod decompose;
mod shifts;

use burn::tensor::{Device, Distribution, Tensor};

use crate::error::Result;
use crate::model::layers::{Conv2d, GroupNorm, LayerMut, LayerNorm, Linear, Visitor, Weight};
use crate::model::visit_layers::VisitLayers;
use crate::ops::matmul::stored_matrix::Matrix;

#[derive(Clone, Debug)]
struct Small {
    conv: Conv2d,
    norm: GroupNorm,
    layer_norm: LayerNorm,
    linear: Linear,
    table: Matrix,
}

impl Small {
    fn new() -> Self {
        Device::flex().seed(7);
        let norm = |n| random([n]) * 0.1 + 1.0;
        Self {
            conv: Conv2d {
                weight: Weight::Full(random([8, 3 * 9]).into()),
                bias: Some(random([8])),
                in_channels: 3,
                kernel_size: 3,
                stride: 2,
                padding: 1,
            },
            norm: GroupNorm {
                weight: norm(8),
                bias: random([8]),
                num_groups: 2,
                eps: 1e-5,
            },
            layer_norm: LayerNorm {
                weight: norm(8),
                bias: random([8]),
                eps: 1e-5,
            },
            linear: Linear {
                weight: Weight::Full(random([5, 8]).into()),
                bias: Some(random([5])),
            },
            table: random([4, 5]).into(),
        }
    }

    /// `[batch, 3, h, w]` to `[batch, pixels, 4]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<3> {
        let x = self
            .norm
            .forward(self.conv.forward(x))
            .flatten::<3>(2, 3)
            .swap_dims(1, 2);
        let x = self.linear.forward(self.layer_norm.forward(x));
        x.matmul(self.table.f32().transpose().unsqueeze())
    }
}

impl VisitLayers for Small {
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()> {
        visitor("conv", LayerMut::Conv2d(&mut self.conv))?;
        visitor("norm", LayerMut::Norm(&mut self.norm.weight))?;
        visitor("layer_norm", LayerMut::Norm(&mut self.layer_norm.weight))?;
        visitor("linear", LayerMut::Linear(&mut self.linear))?;
        visitor("table", LayerMut::Embedding(&mut self.table))
    }
}

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().try_to_vec().unwrap()
}
