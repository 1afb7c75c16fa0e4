//! The decomposition of all layers of one base, kept for as long as the base is loaded.
//!
//! | layer | what is kept |
//! |---|---|
//! | linear, convolution (as `[c_out, c_in·k·k]`), embedding | U, σ, Vᵀ |
//! | norm | its weight w; as a 1×C row, σ = ‖w‖ and Vᵀ = w/σ |
//!
//! The base's weights themselves stay in the model, so that what F32 factors round away is never
//! lost: see [`bake`](super::bake).

use burn::tensor::{Device, Tensor, TensorData};

use super::svd::decompose;
use crate::error::{Error, Result};
use crate::model::layers::{LayerMut, Visitor, Weight};
use crate::model::matrix::Matrix;

/// A model whose layers can be shifted.
pub trait Layers: Clone {
    /// Hands every layer to the visitor, always in the same order.
    ///
    /// # Errors
    /// The visitor's.
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()>;
}

/// One layer of a [`SpectralBase`].
#[expect(
    clippy::large_enum_variant,
    reason = "one per layer, and what it holds are handles"
)]
#[derive(Clone, Debug)]
pub enum LayerBase {
    /// W = U diag(σ) Vᵀ.
    Matrix {
        /// U: `[c_out, r]`.
        u: Matrix,
        /// σ: `[r]`, falling.
        sigma: Vec<f32>,
        /// Vᵀ: `[r, fan_in]`.
        vt: Matrix,
    },
    /// A norm's weight, `[channels]`.
    Norm(Vec<f32>),
}

/// U, σ and Vᵀ of every layer of one model, bound to the hash of the base that they came from.
#[derive(Clone, Debug)]
pub struct SpectralBase {
    pub(super) base_hash: String,
    /// By path, in the order of the model's visit.
    pub(super) layers: Vec<(String, LayerBase)>,
}

impl SpectralBase {
    /// Decomposes every layer of `model`, whose weights are whole; U and V are stored as they are.
    ///
    /// `progress(done, total)` is awaited before each layer and after the last, so that a worker
    /// can answer its page in between; its error ends the work.
    ///
    /// # Errors
    /// `Decomposition`, naming the layer; `Device` if a weight cannot be read; those of `progress`.
    pub async fn decompose<M: Layers>(
        model: &M,
        base_hash: impl Into<String>,
        mut progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<Self> {
        enum Read {
            Matrix(Matrix),
            Norm(Tensor<1>),
        }
        let mut weights = Vec::new();
        model.clone().visit_mut(&mut |path, layer| {
            let weight = match layer {
                LayerMut::Linear(linear) => Read::Matrix(whole(path, &linear.weight)?.clone()),
                LayerMut::Conv2d(conv) => Read::Matrix(whole(path, &conv.weight)?.clone()),
                LayerMut::Embedding(table) => Read::Matrix(table.clone()),
                LayerMut::Norm(weight) => Read::Norm(weight.clone()),
            };
            weights.push((path.to_owned(), weight));
            Ok(())
        })?;
        let total = weights.len();
        let mut layers = Vec::with_capacity(total);
        for (done, (path, weight)) in weights.into_iter().enumerate() {
            progress(done, total).await?;
            let layer = match weight {
                Read::Norm(weight) => LayerBase::Norm(read(weight).await?),
                Read::Matrix(weight) => {
                    let ([rows, cols], device) = (weight.dims(), weight.device());
                    let stored = weight.stored();
                    let d = decompose(&read(weight.f32()).await?, rows, cols)
                        .map_err(|error| Error::Decomposition(format!("'{path}': {error}")))?;
                    let r = d.rank();
                    LayerBase::Matrix {
                        u: Matrix::new(d.u, [rows, r], &device, stored),
                        sigma: d.sigma,
                        vt: Matrix::new(d.vt, [r, cols], &device, stored),
                    }
                }
            };
            layers.push((path, layer));
        }
        progress(total, total).await?;
        Ok(Self {
            base_hash: base_hash.into(),
            layers,
        })
    }

    /// The hash of the base's weights that was given to [`decompose`](Self::decompose).
    pub fn base_hash(&self) -> &str {
        &self.base_hash
    }

    /// Paths and layers, in the order of the model's visit.
    pub fn layers(&self) -> impl Iterator<Item = (&str, &LayerBase)> {
        self.layers
            .iter()
            .map(|(path, layer)| (path.as_str(), layer))
    }
}

/// The whole matrix of a weight.
///
/// # Errors
/// `Decomposition` if it is factored: a model that is being trained was given in place of a base.
pub(super) fn whole<'a>(path: &str, weight: &'a Weight) -> Result<&'a Matrix> {
    match weight {
        Weight::Full(matrix) => Ok(matrix),
        Weight::Factored { .. } => Err(Error::Decomposition(format!(
            "'{path}' is factored for training, but the base's own weight is needed here. Pass the model as it was loaded."
        ))),
    }
}

/// The error for a model that this decomposition was not made for.
pub(super) fn other_model(path: &str) -> Error {
    Error::Decomposition(format!(
        "'{path}' of the model does not fit the decomposition: it was made for another base. Decompose this base first."
    ))
}

/// Numbers to the device.
pub(super) fn upload<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Numbers from the device.
///
/// # Errors
/// `Device`.
pub(super) async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let failed = |error: String| {
        Error::Device(format!(
            "the device did not give a weight back ({error}). Its memory may be full: close other tabs or programs that use it, and start again."
        ))
    };
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| failed(format!("{error:?}")))?;
    data.try_to_vec::<f32>()
        .map_err(|error| failed(format!("{error:?}")))
}

impl Layers for crate::model::unet::UNet2DConditionModel {
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()> {
        Self::visit_mut(self, visitor)
    }
}

impl Layers for crate::model::clip::ClipTextModel {
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()> {
        Self::visit_mut(self, visitor)
    }
}
