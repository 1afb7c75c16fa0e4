//! The UNet as a list of stages, which pass on only the hidden states and the skips.
//!
//! A stage is a residual block with its transformer, a down- or upsampling layer, `conv_in` or
//! `conv_out`. For gradient checkpointing, training saves only the inputs of the stages and runs
//! each stage again in the backward pass. The skips are outputs of stages, so they need no further
//! memory.

use burn::tensor::Tensor;

use crate::model::layers::{Conv2d, GroupNorm};
use crate::model::unet::UNet2DConditionModel;
use crate::model::unet::conditions::Conditions;
use crate::model::unet::resnet::{Downsample2D, ResnetBlock2D, Upsample2D};
use crate::model::unet::transformer::Transformer2DModel;

/// One stage of the pass.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    part: Part<'a>,
    takes_skip: bool,
    /// Whether the output is also a skip for a later stage.
    pub gives_skip: bool,
}

#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    In(&'a Conv2d),
    Pair(&'a ResnetBlock2D, Option<&'a Transformer2DModel>),
    Downsample(&'a Downsample2D),
    Upsample(&'a Upsample2D),
    Out(&'a GroupNorm, &'a Conv2d),
}

/// The inputs of a stage besides the [`Conditions`].
#[derive(Clone, Debug)]
pub struct StageInputs {
    /// Hidden states, `[batch, channels, h, w]`.
    pub x: Tensor<4>,
    /// The skip, an output of an earlier stage, `[batch, skip channels, h, w]`.
    pub skip: Option<Tensor<4>>,
    /// Height and width of the next skip, which are those of an upsampler's output (diffusers'
    /// `upsample_size`). Usually twice those of x; less if a downsampler rounded an odd side up.
    pub size: Option<[usize; 2]>,
}

impl UNet2DConditionModel {
    /// All stages, in the order of the pass.
    pub fn stages(&self) -> Vec<Stage<'_>> {
        let mut stages = vec![Stage::new(Part::In(&self.conv_in)).giving()];
        for block in &self.down_blocks {
            let pairs = pairs(&block.resnets, &block.attentions);
            stages.extend(pairs.map(|pair| Stage::new(pair).giving()));
            let downsampler = block.downsampler.iter();
            stages.extend(downsampler.map(|layer| Stage::new(Part::Downsample(layer)).giving()));
        }
        if let Some(block) = &self.mid_block {
            stages.extend(pairs(&block.resnets, &block.attentions).map(Stage::new));
        }
        for block in &self.up_blocks {
            let pairs = pairs(&block.resnets, &block.attentions);
            stages.extend(pairs.map(|pair| Stage::new(pair).taking()));
            let upsampler = block.upsampler.iter();
            stages.extend(upsampler.map(|layer| Stage::new(Part::Upsample(layer))));
        }
        stages.push(Stage::new(Part::Out(&self.conv_norm_out, &self.conv_out)));
        stages
    }
}

fn pairs<'a>(
    resnets: &'a [ResnetBlock2D],
    attentions: &'a [Transformer2DModel],
) -> impl Iterator<Item = Part<'a>> {
    let pair = move |(j, resnet)| Part::Pair(resnet, attentions.get(j));
    resnets.iter().enumerate().map(pair)
}

impl<'a> Stage<'a> {
    fn new(part: Part<'a>) -> Self {
        Self {
            part,
            takes_skip: false,
            gives_skip: false,
        }
    }

    fn taking(self) -> Self {
        Self {
            takes_skip: true,
            ..self
        }
    }

    fn giving(self) -> Self {
        Self {
            gives_skip: true,
            ..self
        }
    }

    /// The inputs of this stage: x, and a skip removed from the end of `skips` if it takes one.
    pub fn inputs(&self, x: Tensor<4>, skips: &mut Vec<Tensor<4>>) -> StageInputs {
        let skip = if self.takes_skip { skips.pop() } else { None };
        let size = skips.last().map(|skip| {
            let [.., height, width] = skip.dims();
            [height, width]
        });
        StageInputs { x, skip, size }
    }

    /// The output, `[batch, channels', h', w']`.
    pub fn forward(&self, inputs: StageInputs, conditions: &Conditions<'_>) -> Tensor<4> {
        let StageInputs { x, skip, size } = inputs;
        let x = match skip {
            Some(skip) => Tensor::cat(vec![x, skip], 1),
            None => x,
        };
        match self.part {
            Part::In(conv) => conv.forward(x),
            Part::Pair(resnet, attention) => {
                let x = resnet.forward(x, Some(&conditions.silu_temb));
                match attention {
                    Some(attention) => attention.forward(x, conditions),
                    None => x,
                }
            }
            Part::Downsample(layer) => layer.forward(x),
            Part::Upsample(layer) => {
                let [.., height, width] = x.dims();
                layer.forward(x, size.unwrap_or([2 * height, 2 * width]))
            }
            Part::Out(norm, conv) => conv.forward(norm.forward_silu(x)),
        }
    }
}
