//! The memory of one stage of the UNet, and the settings that it depends on.
//!
//! All sizes are in F32 values, not bytes.

use crate::model::config::UNetConfig;
use crate::model::layer_info::LayerInfo;
use crate::model::layers::LayerForm;
use crate::plan::job::Kernels;
use crate::weights::Stored;

/// The settings of a pass through the UNet.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) config: &'a UNetConfig,
    /// All layers of the UNet.
    pub(super) layers: &'a [LayerInfo],
    /// Whether the shifts of a layer are trained.
    pub(super) trains: &'a dyn Fn(&LayerInfo) -> bool,
    pub(super) kernels: Kernels,
    /// Storage type of weights that are not trained.
    pub(super) weights: Stored,
    /// Storage type of U and V.
    pub(super) factors: Stored,
    pub(super) batch: usize,
    /// Height and width of the latents.
    pub(super) side: usize,
    /// Tokens of a prompt.
    pub(super) tokens: usize,
}

/// The memory of one stage.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StageCost {
    /// Tensors kept for the backward pass, including the input if it is kept.
    pub(super) graph: u64,
    /// The part of `graph` that is the input of the stage itself, not a copy.
    pub(super) shared_input: u64,
    /// The output.
    pub(super) output: u64,
    /// Peak without a graph, including input and output.
    pub(super) forward: u64,
    /// Temporary tensors of the backward pass through the gate of the transformer, beside `graph`.
    pub(super) gate: u64,
    /// The part of `graph` that remains after the backward pass through the transformer.
    pub(super) residual: u64,
    /// Temporary tensors of the backward pass through the convolutions, beside `residual`.
    pub(super) convolutions: u64,
    /// The largest weight, or U and V together, that is widened from F16 for a product.
    pub(super) widened: u64,
    /// The im2col matrix of the largest convolution; it is kept once per thread.
    pub(super) im2col: u64,
    /// The largest tensor.
    pub(super) largest: u64,
    /// Size of the skip connection that the stage takes, or 0.
    pub(super) takes_skip: u64,
    /// Whether the output is also a skip connection.
    pub(super) gives_skip: bool,
    /// Whether the input has at most a sixteenth of the latents' pixels.
    pub(super) few_pixels: bool,
    /// Whether the stage has a backward pass.
    pub(super) tracked: bool,
}

impl Pass<'_> {
    /// The layer at a path.
    pub(super) fn layer(&self, path: &str) -> Option<&LayerInfo> {
        self.layers.iter().find(|layer| layer.path == path)
    }

    /// Whether the layer at a path is trained.
    pub(super) fn trained(&self, path: &str) -> bool {
        self.layer(path).is_some_and(|layer| (self.trains)(layer))
    }

    /// Size of the GPU's buffer for widened or reordered matrices, which is allocated with the first
    /// product and kept.
    pub(super) fn matrix_buffer(&self) -> u64 {
        let longest = |layer: &LayerInfo| {
            let [rows, cols] = layer.matrix();
            let spatial = is_spatial(&layer.path);
            // The loaded weight counts, even if U and V replace it later.
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
                let products = products.filter(|layer| layer.form() != LayerForm::Norm);
                products.map(longest).max().unwrap_or(0) as u64
            }
        }
    }
}

/// Whether a layer is a 3×3 convolution.
fn is_spatial(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    ["conv", "conv1", "conv2", "conv_in", "conv_out"].contains(&name)
}
