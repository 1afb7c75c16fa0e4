//! Per-block recomputation (Chen et al. 2016, 'Training deep nets with sublinear memory cost').
//!
//! The forward pass runs without a graph and keeps the inputs of the UNet's stages alone: a residual
//! block with its transformer each. From the last stage to the first, each is then run again with a
//! graph, and the gradient of its output pulled through it; that of a skip is put by until the
//! stage that gave the skip is reached. So the graph of one stage at a time is held.
//!
//! Two kinds of stages are run only once, their graph being kept. The last ones: their graph is
//! needed at once. And those on a sixteenth of the latents' pixels or fewer: all of them together
//! keep about what one of the largest does, while they are almost half of the work.

use burn::tensor::{Gradients, Tensor};
use serde::{Deserialize, Serialize};

use crate::model::unet::UNet2DConditionModel;
use crate::model::unet::attention_maps::{AttentionMap, AttentionMaps};
use crate::model::unet::conditions::Conditions;
use crate::model::unet::stages::{Stage, StageInputs};

/// Stages at the end of the pass whose graph is kept: the last transformer and the way out.
pub const LAST_STAGES: usize = 2;

/// A stage keeps its graph if the latents have this many times its pixels, or more.
pub const FEW_PIXELS: usize = 16;

/// What is computed again in the backward pass, to save memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recompute {
    /// Nothing.
    #[default]
    None,
    /// The UNet's stages.
    Blocks,
}

/// What both passes are about.
pub(crate) struct Given<'a> {
    /// The UNet whose output is tracked.
    pub(crate) tracked: &'a UNet2DConditionModel,
    /// The same without a graph.
    pub(crate) plain: &'a UNet2DConditionModel,
    /// Text embeddings, `[batch, tokens, channels]`, without a graph.
    pub(crate) text: Tensor<3>,
    /// Whether they get a gradient.
    pub(crate) text_is_trained: bool,
    /// Whether the maps of the attentions to the text are wanted.
    pub(crate) wants_maps: bool,
}

/// A forward pass that has been made.
pub(crate) struct Passed<'a> {
    given: Given<'a>,
    /// The time embedding after SiLU, tracked if its layers are trained.
    temb: Tensor<2>,
    stages: Vec<(Stage<'a>, Kept)>,
    /// The UNet's output, without a graph.
    pub(crate) prediction: Tensor<4>,
    /// The maps, in the order of the pass, without a graph.
    pub(crate) maps: Vec<AttentionMap>,
}

enum Kept {
    Inputs(Box<StageInputs>),
    Graph(Box<Run>),
}

/// A stage that was run with a graph: its leaves and its outputs.
struct Run {
    x: Tensor<4>,
    skip: Option<Tensor<4>>,
    temb: Tensor<2>,
    text: Tensor<3>,
    output: Tensor<4>,
    maps: Vec<AttentionMap>,
}

impl<'a> Passed<'a> {
    /// Predicts from noisy latents `[batch, channels, height, width]` at `times` `[batch]`.
    pub(crate) fn new(given: Given<'a>, noisy: Tensor<4>, times: Tensor<1>) -> Self {
        let temb = given.tracked.embed_timesteps(times, None);
        let plain_temb = temb.clone().inner();
        let [_, _, height, width] = noisy.dims();
        let (tracked, plain) = (given.tracked.stages(), given.plain.stages());
        let last = tracked.len().saturating_sub(LAST_STAGES);
        let (mut x, mut skips) = (noisy.inner(), Vec::new());
        let (mut stages, mut maps) = (Vec::new(), Vec::new());
        for (at, (stage, plain)) in tracked.into_iter().zip(plain).enumerate() {
            let inputs = stage.inputs(x, &mut skips);
            let [.., own_height, own_width] = inputs.x.dims();
            let few = own_height * own_width * FEW_PIXELS <= height * width;
            let kept = if few || at >= last {
                let run = given.run(&stage, inputs, &temb, at > 0);
                x = run.output.clone().inner();
                let plain_maps = run.maps.iter().map(|map| AttentionMap {
                    weights: map.weights.clone().inner(),
                    ..map.clone()
                });
                maps.extend(plain_maps);
                Kept::Graph(Box::new(run))
            } else {
                let found = AttentionMaps::default();
                let conditions = Conditions {
                    silu_temb: plain_temb.clone(),
                    text: given.text.clone(),
                    maps: given.wants_maps.then_some(&found),
                };
                x = plain.forward(inputs.clone(), &conditions);
                maps.extend(found.into_maps());
                Kept::Inputs(Box::new(inputs))
            };
            if stage.gives_skip {
                skips.push(x.clone());
            }
            stages.push((stage, kept));
        }
        Self {
            given,
            temb,
            stages,
            prediction: x,
            maps,
        }
    }

    /// Pulls ∂L/∂prediction and ∂L/∂maps through the pass. Every backward pass's gradients are shown
    /// to `collect`; those of the text embeddings are handed back if they are trained.
    pub(crate) fn backward(
        self,
        prediction: Tensor<4>,
        mut maps: Vec<Tensor<3>>,
        collect: &mut impl FnMut(&mut Gradients),
    ) -> Option<Tensor<3>> {
        let Self {
            given,
            temb: tracked_temb,
            stages,
            ..
        } = self;
        let (mut grad, mut skips) = (prediction, Vec::new());
        let (mut temb, mut text) = (None, None);
        for (at, (stage, kept)) in stages.into_iter().enumerate().rev() {
            if stage.gives_skip
                && let Some(of_skip) = skips.pop()
            {
                grad = grad + of_skip;
            }
            let run = match kept {
                Kept::Graph(run) => *run,
                Kept::Inputs(inputs) => given.run(&stage, *inputs, &tracked_temb, at > 0),
            };
            let own = maps.split_off(maps.len().saturating_sub(run.maps.len()));
            let Some(mut gradients) = run.pull(grad, own) else {
                break;
            };
            collect(&mut gradients);
            add(&mut temb, run.temb.grad_remove(&mut gradients));
            add(&mut text, run.text.grad_remove(&mut gradients));
            let of_skip = run.skip.and_then(|skip| skip.grad_remove(&mut gradients));
            skips.extend(of_skip);
            match run.x.grad_remove(&mut gradients) {
                Some(of_x) => grad = of_x,
                None => break,
            }
        }
        if let Some(temb) = temb.filter(|_| tracked_temb.is_tracked()) {
            collect(&mut (tracked_temb * temb).sum().backward());
        }
        text
    }
}

impl Given<'_> {
    /// Runs a stage with a graph of its own; with `further`, x and the skip get gradients.
    fn run(&self, stage: &Stage<'_>, inputs: StageInputs, temb: &Tensor<2>, further: bool) -> Run {
        let (temb_is_trained, temb) = (temb.is_tracked(), temb.clone().inner());
        let x = leaf(inputs.x.clone(), further);
        let skip = inputs.skip.clone().map(|skip| leaf(skip, further));
        let temb = leaf(temb, temb_is_trained);
        let text = leaf(self.text.clone(), self.text_is_trained);
        let maps = AttentionMaps::default();
        let conditions = Conditions {
            silu_temb: temb.clone(),
            text: text.clone(),
            maps: self.wants_maps.then_some(&maps),
        };
        let inputs = StageInputs {
            x: x.clone(),
            skip: skip.clone(),
            ..inputs
        };
        let output = stage.forward(inputs, &conditions);
        Run {
            x,
            skip,
            temb,
            text,
            output,
            maps: maps.into_maps(),
        }
    }
}

impl Run {
    /// The gradients of everything that the stage was given, from those of its outputs: the vector
    /// times the Jacobian is the gradient of ⟨outputs, their gradients⟩. `None` where nothing in it
    /// is trained.
    fn pull(&self, output: Tensor<4>, maps: Vec<Tensor<3>>) -> Option<Gradients> {
        if !self.output.is_tracked() {
            return None;
        }
        let mut product = (self.output.clone() * output).sum();
        for (map, grad) in self.maps.iter().zip(maps) {
            product = product + (map.weights.clone() * grad).sum();
        }
        Some(product.backward())
    }
}

/// A copy outside of every other graph, which gets a gradient if `wanted`.
fn leaf<const D: usize>(x: Tensor<D>, wanted: bool) -> Tensor<D> {
    let x = x.inner().autodiff();
    if wanted { x.require_grad() } else { x }
}

fn add<const D: usize>(sum: &mut Option<Tensor<D>>, part: Option<Tensor<D>>) {
    *sum = match (sum.take(), part) {
        (Some(sum), Some(part)) => Some(sum + part),
        (sum, part) => sum.or(part),
    };
}
