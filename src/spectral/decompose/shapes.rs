//! Paths and shapes of a model's layers: what a file from elsewhere is held against.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::model::layers::LayerMut;
use crate::spectral::decompose::decomposed_model::Layers;

/// The part of a base that a layer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The UNet.
    Unet,
    /// The CLIP text encoder.
    TextEncoder,
}

/// The shape of one layer's weight.
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
        /// k.
        kernel_size: usize,
    },
    /// `[rows, channels]`.
    Embedding {
        /// Tokens or places.
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

/// Layers by path.
pub type Shapes = BTreeMap<String, LayerShape>;

impl LayerShape {
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

    /// Number of singular values.
    pub fn rank(self) -> usize {
        let [rows, columns] = self.matrix();
        rows.min(columns)
    }
}

/// The layers of `model`.
///
/// # Errors
/// None that a caller can cause; the visitor's.
pub fn layer_shapes<M: Layers>(model: &M) -> Result<Shapes> {
    let mut shapes = Shapes::new();
    model.clone().visit_mut(&mut |path, layer| {
        let shape = match layer {
            LayerMut::Linear(linear) => {
                let [c_out, c_in] = linear.weight.dims();
                LayerShape::Linear { c_out, c_in }
            }
            LayerMut::Conv2d(conv) => LayerShape::Conv2d {
                c_out: conv.weight.dims()[0],
                c_in: conv.in_channels,
                kernel_size: conv.kernel_size,
            },
            LayerMut::Embedding(table) => {
                let [rows, channels] = table.dims();
                LayerShape::Embedding { rows, channels }
            }
            LayerMut::Norm(weight) => LayerShape::Norm {
                channels: weight.dims()[0],
            },
        };
        shapes.insert(path.to_owned(), shape);
        Ok(())
    })?;
    Ok(shapes)
}
