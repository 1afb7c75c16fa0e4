//! The decomposition of a base's layers, kept for as long as the base is loaded: of all, or of those
//! that a training run or a delta needs, to which others come later.
//!
//! | layer | what is kept |
//! |---|---|
//! | linear, convolution (as `[c_out, c_in·k·k]`), embedding | U, σ, Vᵀ |
//! | norm | its weight w; as a 1×C row, σ = ‖w‖ and Vᵀ = w/σ |
//!
//! The base's weights themselves stay in the model, so that what F32 factors round away is never
//! lost: see [`bake`](crate::spectral::shift::bake).

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use crate::error::{Error, Result};
use crate::model::layers::{LayerForm, LayerMut, Visitor, Weight};
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::config::{
    CurrentThread, DecomposeConfig, Decomposer, FactorStore, Job, NoStore, Summary, decompose_all,
};
#[cfg(test)]
use crate::spectral::decompose::shapes::LayerShape;
use crate::spectral::decompose::shapes::{Component, Shapes, layer_shapes};
use crate::spectral::svd::Decomposition;
use crate::weights::Stored;

/// A model whose layers can be shifted.
pub trait Layers: Clone {
    /// Hands every layer to the visitor, always in the same order.
    ///
    /// # Errors
    /// The visitor's.
    fn visit_mut(&mut self, visitor: &mut Visitor<'_>) -> Result<()>;
}

/// One layer of a [`DecomposedModel`].
#[expect(
    clippy::large_enum_variant,
    reason = "one per layer, and what it holds are handles"
)]
#[derive(Clone, Debug)]
pub enum LayerFactors {
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

/// U, σ and Vᵀ of the layers of one model that were asked for so far, bound to the hash of the base
/// that they came from.
#[derive(Clone, Debug)]
pub struct DecomposedModel {
    base_hash: String,
    /// Begins the names of this model's layers in a store.
    component: Component,
    stored: Stored,
    /// All layers of the model, decomposed or not.
    shapes: Shapes,
    /// Paths and layers by their place in the model's visit.
    layers: BTreeMap<usize, (String, LayerFactors)>,
}

impl DecomposedModel {
    /// Nothing of `model` is decomposed yet.
    ///
    /// # Errors
    /// None that a caller can cause; the visitor's.
    pub fn new<M: Layers>(
        model: &M,
        component: Component,
        base_hash: impl Into<String>,
        stored: Stored,
    ) -> Result<Self> {
        Ok(Self {
            base_hash: base_hash.into(),
            component,
            stored,
            shapes: layer_shapes(model)?,
            layers: BTreeMap::new(),
        })
    }

    /// Decomposes every layer of `model`, whose weights are whole, on this thread, and keeps the
    /// factors as they were made; `progress` as for [`extend`](Self::extend).
    ///
    /// # Errors
    /// Those of [`extend`](Self::extend).
    pub async fn decompose<M: Layers>(
        model: &M,
        base_hash: impl Into<String>,
        progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<Self> {
        let mut all = Self::new(model, Component::Unet, base_hash, Stored::F32)?;
        let config = DecomposeConfig {
            decomposer: &CurrentThread,
            store: &NoStore,
        };
        all.extend(model, |_, _| true, config, progress).await?;
        Ok(all)
    }

    /// Decomposes those layers that `wanted` names by path and form and that are not there yet.
    /// Each is there as soon as it is finished, so that interrupted work goes on after the last one.
    ///
    /// `progress(done, total)`, in shares of the work rather than in layers, is awaited at the
    /// beginning and after each layer, so that a worker can answer its page in between; its error
    /// ends the work.
    ///
    /// # Errors
    /// `Decomposition`, naming the layer; `Device` if a weight cannot be read; those of `progress`.
    pub async fn extend<M: Layers, D: Decomposer, S: FactorStore>(
        &mut self,
        model: &M,
        wanted: impl Fn(&str, LayerForm) -> bool,
        config: DecomposeConfig<'_, D, S>,
        mut progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<Summary> {
        let (jobs, norms) = self.missing(model, wanted)?;
        let total = norms.len() + jobs.iter().map(Job::work).sum::<usize>();
        let (mut done, mut summary) = (0, Summary::default());
        if total == 0 {
            return Ok(summary);
        }
        progress(done, total).await?;
        for (index, path, weight) in norms {
            let layer = LayerFactors::Norm(read(weight).await?);
            self.layers.insert(index, (path, layer));
            done += 1;
            progress(done, total).await?;
        }
        let mut waiting = Vec::new();
        for job in jobs {
            let name = self.name(&job.path);
            let Some(bytes) = config.store.load(&name).await else {
                waiting.push(job);
                continue;
            };
            let (hash, shape) = (&self.base_hash, job.shape());
            match Decomposition::from_bytes(&bytes, hash, &name, shape, self.stored) {
                Ok(factors) => {
                    done += job.work();
                    summary.found += 1;
                    summary.count(&factors, self.stored);
                    self.insert(job, factors);
                    progress(done, total).await?;
                }
                Err(_) => {
                    summary.damaged += 1;
                    waiting.push(job);
                }
            }
        }
        decompose_all(config.decomposer, waiting, async |job, factors| {
            let name = self.name(&job.path);
            let file = factors.to_bytes(&self.base_hash, &name, self.stored)?;
            if let Err(why) = config.store.save(&name, &file).await {
                summary.not_kept.get_or_insert(why);
            }
            let factors = factors.rounded(self.stored);
            done += job.work();
            summary.made += 1;
            summary.count(&factors, self.stored);
            self.insert(job, factors);
            progress(done, total).await
        })
        .await?;
        Ok(summary)
    }

    /// Nothing of another model of the same base is decomposed yet.
    ///
    /// # Errors
    /// None that a caller can cause; the visitor's.
    pub(crate) fn like<M: Layers>(&self, model: &M, component: Component) -> Result<Self> {
        Self::new(model, component, &*self.base_hash, self.stored)
    }

    /// With these layers, whatever they came from.
    #[cfg(test)]
    pub(crate) fn of_layers(layers: Vec<(String, LayerFactors)>) -> Self {
        let shapes = layers.iter().map(|(path, layer)| {
            let shape = match layer {
                LayerFactors::Norm(weight) => LayerShape::Norm {
                    channels: weight.len(),
                },
                LayerFactors::Matrix { u, vt, .. } => LayerShape::Linear {
                    c_out: u.dims()[0],
                    c_in: vt.dims()[1],
                },
            };
            (path.clone(), shape)
        });
        Self {
            base_hash: String::new(),
            component: Component::Unet,
            stored: Stored::F32,
            shapes: shapes.collect(),
            layers: layers.into_iter().enumerate().collect(),
        }
    }

    /// What decomposing those layers takes that are not there, in millions of multiply-adds for
    /// each pass over a matrix; `None` if all are there.
    ///
    /// # Errors
    /// `Decomposition` if `model` is in training.
    pub fn work<M: Layers>(
        &self,
        model: &M,
        wanted: impl Fn(&str, LayerForm) -> bool,
    ) -> Result<Option<usize>> {
        let (jobs, norms) = self.missing(model, wanted)?;
        let missing = !jobs.is_empty() || !norms.is_empty();
        Ok(missing.then(|| jobs.iter().map(Job::work).sum()))
    }

    /// The wanted layers that are not there: matrices and norms.
    #[expect(clippy::type_complexity, reason = "place, path and weight, used once")]
    fn missing<M: Layers>(
        &self,
        model: &M,
        wanted: impl Fn(&str, LayerForm) -> bool,
    ) -> Result<(Vec<Job>, Vec<(usize, String, Tensor<1>)>)> {
        let (mut jobs, mut norms) = (Vec::new(), Vec::new());
        let mut count = 0;
        model.clone().visit_mut(&mut |path, layer| {
            let index = count;
            count += 1;
            if self.layers.contains_key(&index) || !wanted(path, layer.form()) {
                return Ok(());
            }
            let weight = match layer {
                LayerMut::Linear(linear) => whole(path, &linear.weight)?.clone(),
                LayerMut::Conv2d(conv) => whole(path, &conv.weight)?.clone(),
                LayerMut::Embedding(table) => table.clone(),
                LayerMut::Norm(weight) => {
                    norms.push((index, path.to_owned(), weight.clone()));
                    return Ok(());
                }
            };
            let path = path.to_owned();
            jobs.push(Job {
                index,
                path,
                weight,
            });
            Ok(())
        })?;
        Ok((jobs, norms))
    }

    fn insert(&mut self, job: Job, factors: Decomposition) {
        let (device, r) = (job.weight.device(), factors.rank());
        let layer = LayerFactors::Matrix {
            u: Matrix::new(factors.u, [factors.rows, r], &device, self.stored),
            sigma: factors.sigma,
            vt: Matrix::new(factors.vt, [r, factors.cols], &device, self.stored),
        };
        self.layers.insert(job.index, (job.path, layer));
    }

    /// What a layer is called in a store.
    fn name(&self, path: &str) -> String {
        let component = match self.component {
            Component::Unet => "unet",
            Component::TextEncoder => "text_encoder",
        };
        format!("{component}.{path}")
    }

    /// The hash of the base's weights.
    pub fn base_hash(&self) -> &str {
        &self.base_hash
    }

    /// The same with U and V stored so; what is rounded to halves stays so in F32.
    pub fn stored_as(&self, stored: Stored) -> Self {
        let mut all = self.clone();
        all.stored = stored;
        for (_, layer) in all.layers.values_mut() {
            if let LayerFactors::Matrix { u, vt, .. } = layer
                && u.stored() != stored
            {
                *u = Matrix::rounded(u.f32(), stored);
                *vt = Matrix::rounded(vt.f32(), stored);
            }
        }
        all
    }

    /// Paths and layers that are there, in the order of the model's visit.
    pub fn layers(&self) -> impl Iterator<Item = (&str, &LayerFactors)> {
        self.layers
            .values()
            .map(|(path, layer)| (path.as_str(), layer))
    }

    /// All layers of the model, decomposed or not.
    pub fn shapes(&self) -> &Shapes {
        &self.shapes
    }
}

/// The whole matrix of a weight.
///
/// # Errors
/// `Decomposition` if it is factored: a model that is being trained was given in place of a base.
pub(crate) fn whole<'a>(path: &str, weight: &'a Weight) -> Result<&'a Matrix> {
    match weight {
        Weight::Full(matrix) => Ok(matrix),
        Weight::Factored { .. } => Err(Error::Decomposition(format!(
            "'{path}' is factored for training, but the base's own weight is needed here. Pass the model as it was loaded."
        ))),
    }
}

/// The error for a model that this decomposition was not made for.
pub(crate) fn other_model(path: &str) -> Error {
    Error::Decomposition(format!(
        "'{path}' of the model does not fit the decomposition: it was made for another base. Decompose this base first."
    ))
}

/// The error for a layer that nobody asked to be decomposed.
pub(crate) fn not_decomposed(path: &str) -> Error {
    Error::Decomposition(format!(
        "'{path}' is to be shifted, but it was not decomposed. Decompose the layers that the delta shifts first."
    ))
}

/// Numbers to the device.
pub(crate) fn upload<const D: usize>(
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
pub(crate) async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
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
