//! The memory of the stages, in the order of [`crate::model::unet::stages`].
//!
//! A trained layer keeps z = Vᵀx for the backward pass, a norm its input, the gate of a feed-forward
//! layer both of its inputs, an attention q, k, v and either the attention weights or two values per
//! row. A product with frozen weights keeps nothing. With [`Kernels::Burn`] norms and gates consist of
//! several operations, which keep more.
//!
//! Weights stored as F16 are widened for each product and dropped after it; on a GPU in one buffer
//! for all, in which 3×3 kernels are reordered, too.

use crate::ops::attention::saves_weights;
use crate::plan::cost::{Pass, StageCost};
use crate::plan::job::Kernels;
use crate::train::loss::recompute::FEW_PIXELS;
use crate::weights::Stored;

/// A walk through the stages of the UNet.
pub(super) struct Walk<'a> {
    pub(super) pass: &'a Pass<'a>,
    /// Whether stages are recomputed in the backward pass.
    recomputed: bool,
    /// Whether the timestep embedding depends on trained layers.
    temb_tracked: bool,
    /// Whether the hidden states depend on trained layers.
    tracked: bool,
    /// The stages so far.
    pub(super) stages: Vec<StageCost>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(pass: &'a Pass<'a>, recomputed: bool) -> Self {
        let temb_tracked =
            pass.trained("time_embedding.linear_1") || pass.trained("time_embedding.linear_2");
        Self {
            pass,
            recomputed,
            temb_tracked,
            tracked: false,
            stages: Vec::new(),
        }
    }

    /// A stage with an input of `side` × `side` pixels.
    fn start(&mut self, side: usize) -> StageCost {
        // With recomputation, every stage but the first passes gradients to its kept input.
        self.tracked |= self.recomputed && !self.stages.is_empty();
        StageCost {
            few_pixels: side * side * FEW_PIXELS <= self.pass.side * self.pass.side,
            ..StageCost::default()
        }
    }

    /// The im2col matrix of one picture for a 3×3 convolution.
    fn im2col(&self, channels: usize, side: usize) -> u64 {
        match self.pass.kernels {
            Kernels::Custom => (9 * channels * side * side) as u64,
            Kernels::Burn => 0,
        }
    }

    /// Adds a stage to the list.
    fn end(&mut self, mut stage: StageCost) {
        stage.tracked = self.tracked;
        self.stages.push(stage);
    }

    /// Adds a linear layer or convolution with `outputs` tokens or pixels. A trained layer keeps
    /// z = Vᵀx.
    fn product(&mut self, stage: &mut StageCost, path: &str, outputs: usize) {
        let Some(layer) = self.pass.layer(path) else {
            return;
        };
        let ([rows, cols], rank) = (layer.matrix(), layer.shifts());
        let (stored, numbers, longest) = if (self.pass.trains)(layer) {
            stage.graph += (rank * outputs) as u64;
            self.tracked = true;
            (
                self.pass.factors,
                rank * (rows + cols),
                rank * rows.max(cols),
            )
        } else {
            (self.pass.weights, rows * cols, rows * cols)
        };
        if stored == Stored::F16 && self.pass.kernels == Kernels::Custom {
            stage.widened = stage.widened.max(numbers as u64);
        }
        if stored == Stored::F16 {
            stage.largest = stage.largest.max(longest as u64);
        }
    }

    /// Adds a norm over `numbers` values, followed by SiLU with `silu`.
    fn norm(&mut self, stage: &mut StageCost, path: &str, numbers: u64, silu: bool) {
        let trained = self.pass.trained(path);
        if self.tracked || trained {
            stage.graph += match self.pass.kernels {
                Kernels::Custom => numbers,
                Kernels::Burn => numbers * (1 + u64::from(trained) + u64::from(silu)),
            };
        }
        self.tracked |= trained;
    }

    /// Adds a stage of one convolution: `conv_in`, a downsampler or an upsampler, from `side` to `out`
    /// pixels per side.
    pub(super) fn convolution(
        &mut self,
        path: &str,
        [c_in, c_out]: [usize; 2],
        [side, out]: [usize; 2],
        gives: bool,
    ) {
        let batch = self.pass.batch;
        let mut stage = self.start(side);
        let upsampled = out > side;
        let seen = if upsampled { out } else { side };
        let input = (batch * c_in * side * side) as u64;
        if upsampled && self.tracked {
            stage.graph += input;
            stage.shared_input = input;
        }
        self.product(&mut stage, path, batch * out * out);
        stage.output = (batch * c_out * out * out) as u64;
        let enlarged = (batch * c_in * seen * seen) as u64;
        let widened = stage.widened;
        stage.forward = input + if upsampled { enlarged } else { 0 } + 2 * stage.output + widened;
        stage.residual = stage.graph;
        stage.convolutions = stage.output + enlarged + input + widened;
        stage.im2col = self.im2col(c_in, out);
        stage.largest = stage.largest.max(stage.output).max(enlarged);
        stage.gives_skip = gives;
        self.end(stage);
    }

    /// Adds a stage of a residual block from `previous + skip` to `own` channels, and a transformer
    /// with the heads of level `attention`.
    pub(super) fn block(
        &mut self,
        path: &str,
        j: usize,
        [previous, skip, own]: [usize; 3],
        side: usize,
        attention: Option<usize>,
        gives: bool,
    ) {
        let (batch, pixels) = (self.pass.batch, side * side);
        let n = batch * pixels;
        let numbers = |channels: usize| (n * channels) as u64;
        let c_in = previous + skip;
        let mut stage = self.start(side);
        let at = |name: &str| format!("{path}.resnets.{j}.{name}");
        self.norm(&mut stage, &at("norm1"), numbers(c_in), true);
        if skip == 0 && self.pass.kernels == Kernels::Custom {
            stage.shared_input = stage.graph;
        }
        self.product(&mut stage, &at("conv1"), n);
        self.tracked |= self.temb_tracked || self.pass.trained(&at("time_emb_proj"));
        self.norm(&mut stage, &at("norm2"), numbers(own), true);
        self.product(&mut stage, &at("conv2"), n);
        if c_in != own {
            self.product(&mut stage, &at("conv_shortcut"), n);
        }
        // Beside the input: its norm and the output of the first convolution, or that output, its
        // norm and the output of the second. In the backward pass, the gradients of these.
        stage.residual = stage.graph;
        let widened = core::mem::take(&mut stage.widened);
        stage.convolutions = numbers(3 * c_in + own) + widened;
        stage.output = numbers(own);
        stage.forward = numbers((2 * c_in + 2 * own).max(c_in + 4 * own)) + widened;
        stage.im2col = self.im2col(c_in.max(own), side);
        stage.largest = stage.largest.max(numbers(c_in.max(own)));
        if let Some(level) = attention {
            let path = format!("{path}.attentions.{j}");
            self.transformer(&mut stage, &path, level, pixels);
            // The gradient of the gate has eight times the channels, the incoming one four times.
            let burn = self.pass.kernels == Kernels::Burn;
            stage.gate = numbers(own) * if burn { 21 } else { 13 } + stage.widened;
            let forward = numbers(own) * if burn { 24 } else { 15 } + stage.widened;
            stage.forward = stage.forward.max(forward);
            stage.largest = stage.largest.max(numbers(8 * own));
        }
        stage.takes_skip = numbers(skip);
        stage.gives_skip = gives;
        self.end(stage);
    }

    /// Adds a transformer to a stage.
    fn transformer(&mut self, stage: &mut StageCost, path: &str, level: usize, pixels: usize) {
        let config = self.pass.config;
        let (batch, tokens) = (self.pass.batch, self.pass.tokens);
        let (c, heads) = (
            config.block_out_channels[level],
            config.attention_head_dim[level],
        );
        let n = batch * pixels;
        let numbers = (n * c) as u64;
        self.norm(stage, &format!("{path}.norm"), numbers, false);
        self.product(stage, &format!("{path}.proj_in"), n);
        for k in 0..config.transformer_layers_per_block[level] {
            let at = |name: &str| format!("{path}.transformer_blocks.{k}.{name}");
            for number in [1, 2] {
                let to_text = number == 2 || config.only_cross_attention[level];
                let keys = if to_text { tokens } else { pixels };
                self.norm(stage, &at(&format!("norm{number}")), numbers, false);
                let attention = |name: &str| at(&format!("attn{number}.{name}"));
                self.product(stage, &attention("to_q"), n);
                self.product(stage, &attention("to_k"), batch * keys);
                self.product(stage, &attention("to_v"), batch * keys);
                if self.tracked {
                    let softmax = if saves_weights(batch, heads, pixels, keys) {
                        batch * heads * pixels * keys
                    } else {
                        2 * batch * heads * pixels
                    };
                    stage.graph += numbers + (2 * batch * keys * c + softmax) as u64;
                }
                self.product(stage, &attention("to_out.0"), n);
            }
            self.norm(stage, &at("norm3"), numbers, false);
            self.product(stage, &at("ff.net.0.proj"), n);
            if self.tracked {
                stage.graph += match self.pass.kernels {
                    Kernels::Custom => 8 * numbers,
                    Kernels::Burn => 12 * numbers,
                };
            }
            self.product(stage, &at("ff.net.2"), n);
        }
        self.product(stage, &format!("{path}.proj_out"), n);
    }

    /// Adds the stage of `conv_norm_out` and `conv_out`.
    pub(super) fn conv_out(&mut self, channels: usize, side: usize) {
        let config = self.pass.config;
        let n = self.pass.batch * side * side;
        let mut stage = self.start(side);
        let input = (n * channels) as u64;
        self.norm(&mut stage, "conv_norm_out", input, true);
        stage.shared_input = if self.pass.kernels == Kernels::Custom {
            stage.graph
        } else {
            0
        };
        self.product(&mut stage, "conv_out", n);
        stage.output = (n * config.out_channels) as u64;
        stage.forward = 3 * input + 2 * stage.output + stage.widened;
        stage.residual = stage.graph;
        stage.convolutions = 3 * input + stage.widened;
        stage.im2col = self.im2col(channels, side);
        stage.largest = stage.largest.max(input);
        self.end(stage);
    }
}
