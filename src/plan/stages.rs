//! What each stage of the UNet holds while it runs, from the config alone.
//!
//! The stages are those of [`crate::model::unet::stages`]. All numbers are of F32 values, not bytes. A
//! layer whose δ is trained keeps z = Vᵀx for the backward pass, a norm its input, the feed-forward
//! part's gate both halves, an attention q, k, v and either P or two numbers per row; a frozen
//! product keeps nothing. Devices without kernels of our own put norms and gates together from
//! Burn's operations, which keep more: [`Kernels`]. What is stored as halves is widened for each product,
//! and let go of after it; on a GPU in one place for all, which kernels of 3×3 are turned in too.

use crate::model::config::{DownBlockType, UNetConfig, UpBlockType};
use crate::model::layers::LayerForm;
use crate::model::unet::layer_shapes::LayerShape;
use crate::ops::attention::keeps_weights;
use crate::weights::Stored;

/// Who computes norms, gates and convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// Our own, on the CPU: convolutions copy a picture into columns first.
    Custom,
    /// Burn's, on a GPU.
    Burn,
}

/// What is known before the stages are walked.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) config: &'a UNetConfig,
    /// All layers, by path.
    pub(super) layers: &'a [LayerShape],
    /// Whether the δ of a layer is trained.
    pub(super) trains: &'a dyn Fn(&LayerShape) -> bool,
    pub(super) kernels: Kernels,
    /// How weights that are not trained are stored.
    pub(super) weights: Stored,
    /// How U and V are stored.
    pub(super) factors: Stored,
    pub(super) batch: usize,
    /// Height and width of the latents.
    pub(super) side: usize,
    /// Words of a prompt.
    pub(super) tokens: usize,
}

/// One stage.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StageCost {
    /// Kept for the backward pass, the input included where it is kept.
    pub(super) graph: u64,
    /// The part of `graph` that is the stage's input itself rather than a copy of it.
    pub(super) shared_input: u64,
    /// The output.
    pub(super) output: u64,
    /// Held while the stage runs without a graph, input and output included.
    pub(super) forward: u64,
    /// Held beside the graph while gradients go back through the gate of its transformer.
    pub(super) gate: u64,
    /// The part of `graph` that is left when they have come through the transformer.
    pub(super) residual: u64,
    /// Held beside that part while they go back through the convolutions.
    pub(super) convolutions: u64,
    /// The largest weight, or U and V together, that is widened from halves for one product.
    pub(super) widened: u64,
    /// Columns of the largest convolution; held from then on, once per thread.
    pub(super) columns: u64,
    /// The largest single tensor.
    pub(super) largest: u64,
    pub(super) takes_skip: u64,
    pub(super) gives_skip: bool,
    /// Whether the input has a sixteenth of the latents' pixels or fewer.
    pub(super) few_pixels: bool,
    /// Whether there is anything to differentiate.
    pub(super) tracked: bool,
}

/// All stages, in the order of the pass; `inputs_tracked` is how every stage but the first sees its
/// input with recomputation.
pub(super) fn stages(pass: &Pass<'_>, recomputed: bool) -> Vec<StageCost> {
    let config = pass.config;
    let channels = &config.block_out_channels;
    let (blocks, first) = (channels.len(), channels[0]);
    let last = channels[blocks - 1];
    let temb_tracked =
        pass.trained("time_embedding.linear_1") || pass.trained("time_embedding.linear_2");
    let mut list = Walk {
        pass,
        recomputed,
        temb_tracked,
        tracked: false,
        stages: Vec::new(),
    };
    list.convolution("conv_in", [config.in_channels, first], [pass.side; 2], true);
    let mut side = pass.side;
    let mut skips = vec![first];
    for level in 0..blocks {
        let own = channels[level];
        let attends = config.down_block_types[level] == DownBlockType::CrossAttnDownBlock2D;
        for j in 0..config.layers_per_block[level] {
            let c_in = if j == 0 {
                channels[level.saturating_sub(1)]
            } else {
                own
            };
            let path = format!("down_blocks.{level}");
            list.pair(
                &path,
                j,
                [c_in, 0, own],
                side,
                attends.then_some(level),
                true,
            );
            skips.push(own);
        }
        if level + 1 < blocks {
            let path = format!("down_blocks.{level}.downsamplers.0.conv");
            let halved = side.div_ceil(2);
            list.convolution(&path, [own, own], [side, halved], true);
            side = halved;
            skips.push(own);
        }
    }
    if config.mid_block_type.is_some() {
        list.pair(
            "mid_block",
            0,
            [last, 0, last],
            side,
            Some(blocks - 1),
            false,
        );
        list.pair("mid_block", 1, [last, 0, last], side, None, false);
    }
    let mut x = last;
    for i in 0..blocks {
        let level = blocks - 1 - i;
        let own = channels[level];
        let attends = config.up_block_types[i] == UpBlockType::CrossAttnUpBlock2D;
        for j in 0..=config.layers_per_block[level] {
            let skip = skips.pop().unwrap_or_default();
            let path = format!("up_blocks.{i}");
            list.pair(
                &path,
                j,
                [x, skip, own],
                side,
                attends.then_some(level),
                false,
            );
            x = own;
        }
        if level > 0 {
            let path = format!("up_blocks.{i}.upsamplers.0.conv");
            let doubled = pass.side.div_ceil(1 << (level - 1));
            list.convolution(&path, [own, own], [side, doubled], false);
            side = doubled;
        }
    }
    list.way_out(first, side);
    list.stages
}

impl Pass<'_> {
    fn layer(&self, path: &str) -> Option<&LayerShape> {
        self.layers.iter().find(|layer| layer.path == path)
    }

    fn trained(&self, path: &str) -> bool {
        self.layer(path).is_some_and(|layer| (self.trains)(layer))
    }

    /// Numbers of the one place that a GPU widens and turns matrices in; held from the first product on.
    pub(super) fn place(&self) -> u64 {
        let longest = |layer: &LayerShape| {
            let [rows, cols] = layer.shape;
            let spatial = is_spatial(&layer.path);
            // What is loaded counts even where U and V take its place later.
            let loaded = match spatial || self.weights == Stored::F16 {
                true => rows * cols,
                false => 0,
            };
            let factors = spatial || self.factors == Stored::F16;
            match factors && (self.trains)(layer) {
                true => loaded.max(layer.shifts() * rows.max(cols)),
                false => loaded,
            }
        };
        match self.kernels {
            Kernels::Custom => 0,
            Kernels::Burn => {
                let products = self.layers.iter();
                let products = products.filter(|layer| layer.form != LayerForm::Norm);
                products.map(longest).max().unwrap_or(0) as u64
            }
        }
    }
}

struct Walk<'a> {
    pass: &'a Pass<'a>,
    recomputed: bool,
    temb_tracked: bool,
    /// Whether the hidden states depend on anything that is trained.
    tracked: bool,
    stages: Vec<StageCost>,
}

impl Walk<'_> {
    fn start(&mut self, side: usize) -> StageCost {
        // Every stage but the first hands gradients back to what was kept of its input.
        self.tracked |= self.recomputed && !self.stages.is_empty();
        StageCost {
            few_pixels: side * side * crate::train::loss::recompute::FEW_PIXELS
                <= self.pass.side * self.pass.side,
            ..StageCost::default()
        }
    }

    /// A picture as columns for a 3×3 convolution, one picture at a time.
    fn columns(&self, channels: usize, side: usize) -> u64 {
        match self.pass.kernels {
            Kernels::Custom => (9 * channels * side * side) as u64,
            Kernels::Burn => 0,
        }
    }

    fn end(&mut self, mut stage: StageCost) {
        stage.tracked = self.tracked;
        self.stages.push(stage);
    }

    /// z of a layer with `outputs` tokens or pixels in all.
    fn product(&mut self, stage: &mut StageCost, path: &str, outputs: usize) {
        let Some(layer) = self.pass.layer(path) else {
            return;
        };
        let ([rows, cols], rank) = (layer.shape, layer.shifts());
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

    /// A norm over `numbers`, SiLU after it with `silu`.
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

    /// A lone convolution: the way in, or a layer that halves or doubles the side.
    fn convolution(
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
        stage.columns = self.columns(c_in, out);
        stage.largest = stage.largest.max(stage.output).max(enlarged);
        stage.gives_skip = gives;
        self.end(stage);
    }

    /// A residual block from `previous + skip` to `own` channels, and its transformer if it is at a
    /// level.
    fn pair(
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
        // Beside the input, its norm and the first convolution's output; or the latter, its norm and
        // the second's. In the backward pass their gradients.
        stage.residual = stage.graph;
        let widened = core::mem::take(&mut stage.widened);
        stage.convolutions = numbers(3 * c_in + own) + widened;
        stage.output = numbers(own);
        stage.forward = numbers((2 * c_in + 2 * own).max(c_in + 4 * own)) + widened;
        stage.columns = self.columns(c_in.max(own), side);
        stage.largest = stage.largest.max(numbers(c_in.max(own)));
        if let Some(level) = attention {
            let path = format!("{path}.attentions.{j}");
            self.transformer(&mut stage, &path, level, pixels);
            // The gate's gradient has eight times the channels, and four come in.
            let burns = self.pass.kernels == Kernels::Burn;
            stage.gate = numbers(own) * if burns { 21 } else { 13 } + stage.widened;
            let forward = numbers(own) * if burns { 24 } else { 15 } + stage.widened;
            stage.forward = stage.forward.max(forward);
            stage.largest = stage.largest.max(numbers(8 * own));
        }
        stage.takes_skip = numbers(skip);
        stage.gives_skip = gives;
        self.end(stage);
    }

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
                    let softmax = if keeps_weights(batch, heads, pixels, keys) {
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

    fn way_out(&mut self, channels: usize, side: usize) {
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
        stage.columns = self.columns(channels, side);
        stage.largest = stage.largest.max(input);
        self.end(stage);
    }
}

/// Whether a layer is a convolution of 3×3.
fn is_spatial(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    ["conv", "conv1", "conv2", "conv_in", "conv_out"].contains(&name)
}
