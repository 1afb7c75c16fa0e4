//! The decomposition of one model: its UNet or its text encoder.
//!
//! It lives as long as the model is loaded. Layers are decomposed when a training run or a delta
//! needs them, and stay. The weights themselves stay in the model, so that the rounding of the
//! factors to F32 never changes an unshifted weight: see [`bake`](crate::spectral::shift::bake).

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::error::Result;
#[cfg(test)]
use crate::model::layer_info::LayerShape;
use crate::model::layers::{LayerForm, LayerMut};
use crate::model::visit_layers::VisitLayers;
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::decompose::config::{
    CurrentThread, DecomposeConfig, Decomposer, FactorStore, NoStore,
};
use crate::spectral::decompose::jobs::{LayerJob, decompose_all};
use crate::spectral::decompose::layer_factors::{LayerFactors, full_weight};
use crate::spectral::decompose::shapes::{Component, Shapes, layer_shapes};
use crate::spectral::decompose::summary::DecomposeSummary;
use crate::spectral::decompose::transfer::read;
use crate::spectral::svd::Decomposition;
use crate::weights::Stored;

/// The factors of the layers of one model that were decomposed so far.
#[derive(Clone, Debug)]
pub struct DecomposedModel {
    /// Hash of the base model's weights, to which all shifts are bound.
    base_hash: String,
    /// The first part of the names of this model's layers in a store.
    component: Component,
    stored: Stored,
    /// All layers of the model, decomposed or not.
    shapes: Shapes,
    /// Paths and factors by position in the order of the visit.
    layers: BTreeMap<usize, (String, LayerFactors)>,
}

/// Wanted layers that are not decomposed yet.
struct Missing {
    matrices: Vec<LayerJob>,
    /// Position, path and weight.
    norms: Vec<(usize, String, Tensor<1>)>,
}

impl DecomposedModel {
    /// Creates a decomposition of `model` without any factors. U and V will be stored as `stored`.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn new<M: VisitLayers>(
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

    /// Decomposes every layer of `model` on the calling thread, with U and V in F32; `progress` as
    /// for [`extend`](Self::extend).
    ///
    /// # Errors
    /// Those of [`extend`](Self::extend).
    pub async fn decompose<M: VisitLayers>(
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

    /// Decomposes the layers for which `wanted(path, form)` holds and that have no factors yet.
    /// Factors are read from the store if it has them. Each layer is kept as soon as it is
    /// finished, so a later call continues interrupted work.
    ///
    /// `progress(done, total)`, in units of work rather than layers, is awaited at the start and
    /// after each layer, so that a worker can handle messages in between. Its error stops the work.
    ///
    /// # Errors
    /// `Decomposition`, naming the layer; `Device` if a weight cannot be read; the errors of
    /// `progress`.
    pub async fn extend<M: VisitLayers, D: Decomposer, S: FactorStore>(
        &mut self,
        model: &M,
        wanted: impl Fn(&str, LayerForm) -> bool,
        config: DecomposeConfig<'_, D, S>,
        mut progress: impl AsyncFnMut(usize, usize) -> Result<()>,
    ) -> Result<DecomposeSummary> {
        let Missing { matrices, norms } = self.missing(model, wanted)?;
        let total = norms.len() + matrices.iter().map(LayerJob::work).sum::<usize>();
        let (mut done, mut summary) = (0, DecomposeSummary::default());
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
        let mut uncached = Vec::new();
        for job in matrices {
            match self.load(config.store, &job, &mut summary).await {
                Some(factors) => {
                    done += job.work();
                    self.insert(job, factors);
                    progress(done, total).await?;
                }
                None => uncached.push(job),
            }
        }
        decompose_all(config.decomposer, uncached, async |job, factors| {
            let name = self.name(&job.path);
            let file = factors.to_bytes(&self.base_hash, &name, self.stored)?;
            if let Err(error) = config.store.save(&name, &file).await {
                summary.store_error.get_or_insert(error);
            }
            let factors = factors.rounded(self.stored);
            done += job.work();
            summary.decomposed += 1;
            summary.add_factors(&factors, self.stored);
            self.insert(job, factors);
            progress(done, total).await
        })
        .await?;
        Ok(summary)
    }

    /// The factors of a layer from the store, if its file exists and is valid.
    async fn load<S: FactorStore>(
        &self,
        store: &S,
        job: &LayerJob,
        summary: &mut DecomposeSummary,
    ) -> Option<Decomposition> {
        let name = self.name(&job.path);
        let bytes = store.load(&name).await?;
        let (hash, shape) = (&self.base_hash, job.shape());
        match Decomposition::from_bytes(&bytes, hash, &name, shape, self.stored) {
            Ok(factors) => {
                summary.cached += 1;
                summary.add_factors(&factors, self.stored);
                Some(factors)
            }
            Err(_) => {
                summary.damaged += 1;
                None
            }
        }
    }

    /// An empty decomposition of another model of the same base model.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub(crate) fn sibling<M: VisitLayers>(&self, model: &M, component: Component) -> Result<Self> {
        Self::new(model, component, &*self.base_hash, self.stored)
    }

    /// A decomposition with the given factors, without a model.
    #[cfg(test)]
    pub(crate) fn from_layers(layers: Vec<(String, LayerFactors)>) -> Self {
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

    /// The cost of decomposing the wanted layers that have no factors yet, in millions of
    /// multiply-adds for each pass over a matrix; `None` if all have factors.
    ///
    /// # Errors
    /// `Decomposition` if `model` is being trained.
    pub fn work<M: VisitLayers>(
        &self,
        model: &M,
        wanted: impl Fn(&str, LayerForm) -> bool,
    ) -> Result<Option<usize>> {
        let Missing { matrices, norms } = self.missing(model, wanted)?;
        let any = !matrices.is_empty() || !norms.is_empty();
        Ok(any.then(|| matrices.iter().map(LayerJob::work).sum()))
    }

    fn missing<M: VisitLayers>(
        &self,
        model: &M,
        wanted: impl Fn(&str, LayerForm) -> bool,
    ) -> Result<Missing> {
        let (mut matrices, mut norms) = (Vec::new(), Vec::new());
        let mut count = 0;
        model.clone().visit_mut(&mut |path, layer| {
            let index = count;
            count += 1;
            if self.layers.contains_key(&index) || !wanted(path, layer.form()) {
                return Ok(());
            }
            let weight = match layer {
                LayerMut::Linear(linear) => full_weight(path, &linear.weight)?.clone(),
                LayerMut::Conv2d(conv) => full_weight(path, &conv.weight)?.clone(),
                LayerMut::Embedding(table) => table.clone(),
                LayerMut::Norm(weight) => {
                    norms.push((index, path.to_owned(), weight.clone()));
                    return Ok(());
                }
            };
            let path = path.to_owned();
            matrices.push(LayerJob {
                index,
                path,
                weight,
            });
            Ok(())
        })?;
        Ok(Missing { matrices, norms })
    }

    fn insert(&mut self, job: LayerJob, factors: Decomposition) {
        let (device, r) = (job.weight.device(), factors.rank());
        let layer = LayerFactors::Matrix {
            u: Matrix::new(factors.u, [factors.rows, r], &device, self.stored),
            sigma: factors.sigma,
            vt: Matrix::new(factors.vt, [r, factors.cols], &device, self.stored),
        };
        self.layers.insert(job.index, (job.path, layer));
    }

    /// The name of a layer in a store.
    fn name(&self, path: &str) -> String {
        let component = match self.component {
            Component::Unet => "unet",
            Component::TextEncoder => "text_encoder",
        };
        format!("{component}.{path}")
    }

    /// The hash of the base model's weights.
    pub fn base_hash(&self) -> &str {
        &self.base_hash
    }

    /// A copy with U and V stored as `stored`. Rounding to F16 is not undone by storing as F32.
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

    /// Paths and factors of the decomposed layers, in the order of the visit.
    pub fn layers(&self) -> impl Iterator<Item = (&str, &LayerFactors)> {
        self.layers
            .values()
            .map(|(path, layer)| (path.as_str(), layer))
    }

    /// Shapes of all layers of the model, decomposed or not.
    pub fn shapes(&self) -> &Shapes {
        &self.shapes
    }
}
