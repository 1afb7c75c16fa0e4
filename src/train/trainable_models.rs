//! What is trained, as one flat δ: the UNet's chosen layers and, if wanted, the text encoder's.

use burn::tensor::{Device, Gradients, Int, Tensor};

use crate::config::TrainConfig;
use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::clip::ClipTextModel;
use crate::model::unet::UNet2DConditionModel;
use crate::spectral::shift::ShiftKind;
use crate::spectral::{
    DecomposedBaseModel, LayerRange, ShiftGradients, ShiftSet, ShiftedModel, ShiftedModelWithGraph,
    WeightForm,
};
use crate::train::loss::Text;

/// The models that δ goes into; the UNet's shifts come first.
#[derive(Clone, Debug)]
pub struct Tunable {
    unet: ShiftedModel<UNet2DConditionModel>,
    /// Left out when it is not trained: captions are embedded once, before the run.
    text_encoder: Option<ShiftedModel<ClipTextModel>>,
}

/// The models at one δ.
#[derive(Debug)]
pub struct Tuned {
    unet: ShiftedModelWithGraph<UNet2DConditionModel>,
    text_encoder: Option<ShiftedModelWithGraph<ClipTextModel>>,
}

/// What the backward passes of one step have found so far.
#[derive(Clone, Debug, Default)]
pub struct TunedGradients {
    unet: ShiftGradients,
    text_encoder: ShiftGradients,
}

impl From<ShiftedModel<UNet2DConditionModel>> for Tunable {
    /// The UNet alone.
    fn from(unet: ShiftedModel<UNet2DConditionModel>) -> Self {
        Self {
            unet,
            text_encoder: None,
        }
    }
}

impl Tunable {
    /// The layers that `settings` choose.
    ///
    /// # Errors
    /// `Decomposition` if `decomposed` is another base's or lacks the text encoder; `Settings` if
    /// no layer is chosen.
    pub fn new(
        base: &BaseModel,
        decomposed: &DecomposedBaseModel,
        config: &TrainConfig,
    ) -> Result<Self> {
        let (norms, layers) = (config.norm_shift, config.layers);
        let unet = decomposed
            .unet
            .shifted_model_with(&base.unet, norms, |path, form, _| {
                layers.holds(path, form).then_some(WeightForm::Factored)
            })?;
        let text_encoder = if config.train_text_encoder {
            let spectral = decomposed.text_encoder()?;
            Some(spectral.shifted_model(&base.text_encoder, norms)?)
        } else {
            None
        };
        Ok(Self { unet, text_encoder })
    }

    /// Length of the flat vector.
    pub fn len(&self) -> usize {
        self.unet.len() + self.text_encoder.as_ref().map_or(0, ShiftedModel::len)
    }

    /// Whether there is nothing to train.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the models compute, without autodiff.
    pub fn device(&self) -> Device {
        self.unet.device()
    }

    /// The learning rate of every δ: `norms` for those of norms, `matrices` for all others.
    pub fn rates(&self, matrices: f64, norms: f64) -> Vec<f64> {
        let mut all = rates(self.unet.layout(), matrices, norms);
        if let Some(text_encoder) = &self.text_encoder {
            all.extend(rates(text_encoder.layout(), matrices, norms));
        }
        all
    }

    /// The models at `delta` `[len]`, without autodiff.
    ///
    /// # Errors
    /// Those of [`ShiftedModel::with_graph`].
    pub fn attach(&self, delta: &Tensor<1>) -> Result<Tuned> {
        let count = self.unet.len();
        let text_encoder = self.text_encoder.as_ref().map(|text_encoder| {
            text_encoder.with_graph(delta.clone().narrow(0, count, text_encoder.len()))
        });
        Ok(Tuned {
            unet: self.unet.with_graph(delta.clone().narrow(0, 0, count))?,
            text_encoder: text_encoder.transpose()?,
        })
    }

    /// A flat vector as shifts by path, of the UNet and of the text encoder.
    ///
    /// # Panics
    /// If `delta` has another length: a bug of the caller.
    pub fn to_shifts(&self, delta: &[f32]) -> (ShiftSet, ShiftSet) {
        let (unet, text_encoder) = delta.split_at(self.unet.len());
        let trained = self.text_encoder.as_ref();
        let text_encoder = trained.map_or_else(ShiftSet::new, |t| t.to_shifts(text_encoder));
        (self.unet.to_shifts(unet), text_encoder)
    }
}

impl Tuned {
    /// The UNet; its output is tracked.
    pub fn unet(&self) -> &UNet2DConditionModel {
        &self.unet.model
    }

    /// Captions as the UNet takes them, `[batch, tokens, channels]`; tracked if the text encoder is
    /// trained.
    ///
    /// # Errors
    /// `Settings` for captions that are tokens while the text encoder is not trained.
    pub fn embed(&self, text: Text) -> Result<Tensor<3>> {
        match (text, &self.text_encoder) {
            (Text::Embeddings(embeddings), _) => Ok(embeddings),
            (Text::Ids(ids), Some(text_encoder)) => Ok(text_encoder.model.forward(ids)),
            (Text::Ids(_), None) => Err(Error::Settings(
                "The captions are tokens, but the text encoder is not trained. Embed them first."
                    .into(),
            )),
        }
    }

    /// The UNet without a graph.
    ///
    /// # Errors
    /// Those of [`ShiftedModelWithGraph::without_graph`].
    pub(crate) fn plain_unet(&self) -> Result<UNet2DConditionModel> {
        self.unet.without_graph()
    }

    /// Prompts, as tokens, embedded without a graph by the text encoder that is trained; `None` if
    /// none is.
    ///
    /// # Errors
    /// Those of [`ShiftedModelWithGraph::without_graph`].
    pub(crate) fn plain_texts(&self, ids: Tensor<2, Int>) -> Result<Option<Tensor<3>>> {
        let plain = self
            .text_encoder
            .as_ref()
            .map(ShiftedModelWithGraph::without_graph)
            .transpose()?;
        Ok(plain.map(|text_encoder| text_encoder.forward(ids)))
    }

    /// Takes what one backward pass found and adds it to `collected`.
    pub fn collect(&self, gradients: &mut Gradients, collected: &mut TunedGradients) {
        self.unet.collect(gradients, &mut collected.unet);
        if let Some(trained) = &self.text_encoder {
            trained.collect(gradients, &mut collected.text_encoder);
        }
    }

    /// ∂L/∂δ of all passes as one vector `[len]`, without autodiff.
    pub fn total(&self, collected: TunedGradients) -> Tensor<1> {
        let unet = self.unet.total(collected.unet);
        match &self.text_encoder {
            Some(trained) => Tensor::cat(vec![unet, trained.total(collected.text_encoder)], 0),
            None => unet,
        }
    }
}

/// The learning rate of every δ of one model.
fn rates(layout: &[LayerRange], matrices: f64, norms: f64) -> Vec<f64> {
    layout
        .iter()
        .flat_map(|layer| {
            let rate = if layer.kind == ShiftKind::Spectral {
                matrices
            } else {
                norms
            };
            std::iter::repeat_n(rate, layer.range.len())
        })
        .collect()
}
