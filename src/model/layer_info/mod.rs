//! Paths and shapes of the layers of a model, from the loaded model or from its config alone.
//!
//! | file | layers of |
//! |---|---|
//! | [`unet`] | the UNet |
//! | [`text_encoder`] | the CLIP text encoder |
//! | [`vae`] | the autoencoder |
//! | [`vae_tiny`] | the small autoencoder |

mod list;
pub mod text_encoder;
pub mod unet;
pub mod vae;
pub mod vae_tiny;

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::layers::{LayerForm, LayerMut};
use crate::model::visit_layers::VisitLayers;

/// One layer of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerInfo {
    /// Its path in the checkpoint (`down_blocks.0.resnets.0.conv1`).
    pub path: String,
    /// The shape of its weight.
    pub shape: LayerShape,
    /// Whether it has a bias.
    pub bias: bool,
}

/// The shape of a layer's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerShape {
    /// `[c_out, c_in]`.
    Linear {
        /// Rows.
        c_out: usize,
        /// Columns.
        c_in: usize,
    },
    /// `[c_out, c_in, k, k]`.
    Conv2d {
        /// Output channels.
        c_out: usize,
        /// Input channels.
        c_in: usize,
        /// Height and width of the kernel.
        kernel_size: usize,
    },
    /// `[rows, channels]`.
    Embedding {
        /// Tokens or positions.
        rows: usize,
        /// Channels.
        channels: usize,
    },
    /// `[channels]`.
    Norm {
        /// Channels.
        channels: usize,
    },
}

/// Shapes of tensors by name.
pub type TensorShapes = BTreeMap<String, Vec<usize>>;

impl LayerInfo {
    /// The kind of layer.
    pub fn form(&self) -> LayerForm {
        self.shape.form()
    }

    /// The weight as a matrix `[c_out, fan_in]`; a norm's is `[1, channels]`.
    pub fn matrix(&self) -> [usize; 2] {
        self.shape.matrix()
    }

    /// Elements of its δ: the number of singular values, or the channels of a norm.
    pub fn shifts(&self) -> usize {
        match self.shape {
            LayerShape::Norm { channels } => channels,
            shape => shape.rank(),
        }
    }
}

impl LayerShape {
    /// The kind of layer.
    pub fn form(self) -> LayerForm {
        match self {
            Self::Linear { .. } => LayerForm::Linear,
            Self::Conv2d { .. } => LayerForm::Conv2d,
            Self::Embedding { .. } => LayerForm::Embedding,
            Self::Norm { .. } => LayerForm::Norm,
        }
    }

    /// Rows and columns as a matrix `[c_out, fan_in]`; a norm is a row.
    pub fn matrix(self) -> [usize; 2] {
        match self {
            Self::Linear { c_out, c_in } => [c_out, c_in],
            Self::Conv2d {
                c_out,
                c_in,
                kernel_size,
            } => [c_out, c_in * kernel_size * kernel_size],
            Self::Embedding { rows, channels } => [rows, channels],
            Self::Norm { channels } => [1, channels],
        }
    }

    /// Number of singular values, min(c_out, fan_in).
    pub fn rank(self) -> usize {
        let [rows, columns] = self.matrix();
        rows.min(columns)
    }

    /// The dimensions of the weight in a checkpoint.
    pub fn dims(self) -> Vec<usize> {
        match self {
            Self::Linear { c_out, c_in } => vec![c_out, c_in],
            Self::Conv2d {
                c_out,
                c_in,
                kernel_size,
            } => vec![c_out, c_in, kernel_size, kernel_size],
            Self::Embedding { rows, channels } => vec![rows, channels],
            Self::Norm { channels } => vec![channels],
        }
    }

    /// The length of a bias.
    pub fn bias_len(self) -> usize {
        match self {
            Self::Linear { c_out, .. } | Self::Conv2d { c_out, .. } => c_out,
            Self::Embedding { channels, .. } | Self::Norm { channels } => channels,
        }
    }
}

/// The layers of `model`, in the order of [`VisitLayers::visit_mut`].
///
/// # Errors
/// None that a caller can cause.
pub fn layer_infos<M: VisitLayers>(model: &M) -> Result<Vec<LayerInfo>> {
    let mut layers = Vec::new();
    model.clone().visit_mut(&mut |path, layer| {
        let (shape, bias) = match layer {
            LayerMut::Linear(linear) => {
                let [c_out, c_in] = linear.weight.dims();
                (LayerShape::Linear { c_out, c_in }, linear.bias.is_some())
            }
            LayerMut::Conv2d(conv) => {
                let shape = LayerShape::Conv2d {
                    c_out: conv.weight.dims()[0],
                    c_in: conv.in_channels,
                    kernel_size: conv.kernel_size,
                };
                (shape, conv.bias.is_some())
            }
            LayerMut::Embedding(table) => {
                let [rows, channels] = table.dims();
                (LayerShape::Embedding { rows, channels }, false)
            }
            LayerMut::Norm(weight) => {
                let channels = weight.dims()[0];
                (LayerShape::Norm { channels }, true)
            }
        };
        layers.push(LayerInfo {
            path: path.to_owned(),
            shape,
            bias,
        });
        Ok(())
    })?;
    Ok(layers)
}

/// Names and shapes of the tensors of `layers`, as diffusers and transformers save them.
pub fn tensor_shapes(layers: &[LayerInfo]) -> TensorShapes {
    let weights = layers
        .iter()
        .map(|layer| (format!("{}.weight", layer.path), layer.shape.dims()));
    let biases = layers.iter().filter(|layer| layer.bias).map(|layer| {
        let name = format!("{}.bias", layer.path);
        (name, vec![layer.shape.bias_len()])
    });
    weights.chain(biases).collect()
}
