//! The phases of a job, with the memory of each.

use crate::model::layer_info::LayerInfo;
use crate::model::layer_info::unet::unet_layers;
use crate::model::layers::LayerForm;
use crate::plan::autoencoder::{self, Direction};
use crate::plan::configs::Configs;
use crate::plan::cost::Pass;
use crate::plan::job::{Job, Strategy, Task};
use crate::plan::parts;
use crate::plan::unet::{self, Peaks};
use crate::spectral::shift::preset::LayerPreset;

/// Vectors with the length of δ: δ, two moments, the average, learning rates, gradient, b and its lower
/// bound, and s and its mask in a step.
const FLAT_VECTORS: u64 = 10;

/// The memory of one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The purpose.
    pub name: &'static str,
    /// Size in bytes.
    pub bytes: u64,
}

/// The memory at the peak of one phase of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// The phase, as the end of 'while …'.
    pub name: &'static str,
    /// All memory; no item is 0.
    pub items: Vec<Item>,
    /// The largest tensor, in bytes.
    pub largest: u64,
}

impl Phase {
    fn new(name: &'static str, items: &[(&'static str, u64)], largest: u64) -> Self {
        let items = items.iter().filter(|(_, bytes)| *bytes > 0);
        Self {
            name,
            items: items.map(|&(name, bytes)| Item { name, bytes }).collect(),
            largest,
        }
    }

    /// The sum of all items, in bytes.
    pub fn total(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).sum()
    }
}

/// The phases of a job with pictures of `pixels` × `pixels`, in place of the side of the job.
pub fn phases(configs: &Configs, job: &Job, pixels: usize, strategy: Strategy) -> Vec<Phase> {
    let layers = unet_layers(&configs.unet);
    let estimate = Estimate {
        configs,
        job,
        layers: &layers,
        pixels,
        strategy,
    };
    match job.task {
        Task::Generate { delta } => estimate.generate(delta),
        Task::Train {
            samples,
            preset,
            text_encoder,
        } => estimate.train(samples, preset, text_encoder),
    }
}

struct Estimate<'a> {
    configs: &'a Configs,
    job: &'a Job,
    layers: &'a [LayerInfo],
    pixels: usize,
    strategy: Strategy,
}

impl Estimate<'_> {
    /// The sum of a size over all layers.
    fn sum(&self, of: impl Fn(&LayerInfo) -> u64) -> u64 {
        self.layers.iter().map(of).sum()
    }

    /// Bytes of the UNet's weights.
    fn unet(&self) -> u64 {
        self.sum(|layer| self.stored(layer) + 4 * parts::bias(layer))
    }

    /// Bytes of a layer's weight. Norms are always F32.
    fn stored(&self, layer: &LayerInfo) -> u64 {
        match layer.form() {
            LayerForm::Norm => 4 * parts::weight(layer),
            _ => self.job.weights.bytes(parts::weight(layer)),
        }
    }

    /// Bytes of the text encoder's weights.
    fn text_encoder(&self) -> u64 {
        let numbers = parts::text_encoder(&self.configs.text_encoder);
        self.job.weights.bytes(numbers)
    }

    /// Bytes of the autoencoder's weights.
    fn vae(&self) -> u64 {
        self.job
            .weights
            .bytes(autoencoder::weights(&self.configs.vae))
    }

    /// Bytes of U and V of the preset's layers.
    fn factors(&self, preset: LayerPreset) -> u64 {
        let numbers = self.sum(|layer| {
            let held = preset.holds(&layer.path, layer.form());
            if held { parts::factors(layer) } else { 0 }
        });
        self.job.factors.bytes(numbers)
    }

    /// The largest weight, in bytes.
    fn largest_weight(&self) -> u64 {
        let own = self.layers.iter().map(parts::weight).max().unwrap_or(0);
        let others = parts::largest_weight(&self.configs.text_encoder, &self.configs.vae);
        self.job.weights.bytes(own.max(others))
    }

    /// The largest U or V of the preset's layers, in bytes.
    fn largest_factor(&self, preset: LayerPreset) -> u64 {
        let held = |layer: &&LayerInfo| preset.holds(&layer.path, layer.form());
        let larger = |layer: &LayerInfo| match layer.form() {
            LayerForm::Norm => 0,
            _ => (layer.shifts() * layer.matrix()[0].max(layer.matrix()[1])) as u64,
        };
        let numbers = self.layers.iter().filter(held).map(larger).max();
        self.job.factors.bytes(numbers.unwrap_or(0))
    }

    /// The settings of a pass through the UNet.
    fn pass<'a>(&'a self, trains: &'a dyn Fn(&LayerInfo) -> bool, batch: usize) -> Pass<'a> {
        Pass {
            config: &self.configs.unet,
            layers: self.layers,
            trains,
            kernels: self.job.kernels,
            weights: self.job.weights,
            factors: self.job.factors,
            batch,
            side: self.pixels / self.configs.vae.scale(),
            tokens: self.configs.text_encoder.max_position_embeddings,
        }
    }

    /// Peak memory of a forward pass through the UNet, and its largest tensor, in bytes.
    fn forward(&self, batch: usize) -> [u64; 2] {
        let Peaks {
            temporary, largest, ..
        } = unet::forward(&self.pass(&|_| false, batch));
        [4 * temporary, 4 * largest]
    }

    /// The same of the autoencoder for one picture.
    fn autoencoder(&self, direction: Direction) -> [u64; 2] {
        let (vae, kernels) = (&self.configs.vae, self.job.kernels);
        let found = match self.strategy.tile.filter(|tile| *tile < self.pixels) {
            None => autoencoder::pass(vae, direction, self.pixels, kernels),
            Some(tile) => {
                // The finished tiles, and the picture that they are joined to.
                let joined = 2 * vae.out_channels.max(vae.in_channels) * self.pixels.pow(2);
                let [held, largest] = autoencoder::pass(vae, direction, tile, kernels);
                [held + joined as u64, largest.max(joined as u64 / 2)]
            }
        };
        found.map(|numbers| 4 * numbers)
    }

    /// The GPU's buffer for widened or reordered matrices.
    fn matrix_buffer(&self, trains: &dyn Fn(&LayerInfo) -> bool) -> (&'static str, u64) {
        let numbers = self.pass(trains, 1).matrix_buffer();
        ("a place for the largest matrix", 4 * numbers)
    }

    /// Denoising and decoding.
    fn generate(&self, delta: Option<LayerPreset>) -> Vec<Phase> {
        let baked = [
            (
                "U and V of the delta's layers",
                delta.map_or(0, |preset| self.factors(preset)),
            ),
            (
                "the delta's layers, built",
                delta.map_or(0, |preset| self.baked(preset)),
            ),
        ];
        let phase = |name, what, [bytes, largest]: [u64; 2]| {
            let work = [self.matrix_buffer(&|_| false), (what, bytes)];
            let items = [&self.base_weights()[..], &baked, &work].concat();
            Phase::new(name, &items, largest.max(self.largest_weight()))
        };
        vec![
            phase("denoising", "the UNet at work", self.forward(2)),
            phase(
                "decoding",
                "the autoencoder at work",
                self.autoencoder(Direction::Decode),
            ),
        ]
    }

    /// Bytes of baked weights of the preset's layers.
    fn baked(&self, preset: LayerPreset) -> u64 {
        self.sum(|layer| {
            let held = preset.holds(&layer.path, layer.form());
            if held { self.stored(layer) } else { 0 }
        })
    }

    /// The weights of all parts.
    fn base_weights(&self) -> [(&'static str, u64); 3] {
        [
            ("UNet", self.unet()),
            ("text encoder", self.text_encoder()),
            ("autoencoder", self.vae()),
        ]
    }

    fn train(&self, samples: usize, preset: LayerPreset, text_encoder: bool) -> Vec<Phase> {
        let text_factors = if text_encoder {
            let numbers = parts::text_encoder_factors(&self.configs.text_encoder);
            self.job.factors.bytes(numbers)
        } else {
            0
        };
        let factors = self.factors(preset) + text_factors;
        // With offloading, pictures are prepared before U and V are computed.
        let mut phases = vec![self.prepare(if self.strategy.offload { 0 } else { factors })];
        if self.strategy.offload {
            phases.push(self.decompose(preset, factors));
        }
        phases.push(self.steps(samples, preset, text_encoder, factors));
        phases
    }

    /// Preparation of the training pictures, beside `factors` bytes of U and V.
    fn prepare(&self, factors: u64) -> Phase {
        let passes = [
            self.forward(2),
            self.autoencoder(Direction::Decode),
            self.autoencoder(Direction::Encode),
        ];
        let [work, largest] =
            [0, 1].map(|at| passes.iter().map(|pass| pass[at]).max().unwrap_or(0));
        let items = [
            &self.base_weights()[..],
            &[
                ("U and V", factors),
                self.matrix_buffer(&|_| false),
                ("pictures to latents", work),
            ],
        ]
        .concat();
        let largest = largest.max(self.largest_weight());
        Phase::new("preparing the pictures", &items, largest)
    }

    /// The decomposition after the preparation.
    fn decompose(&self, preset: LayerPreset, factors: u64) -> Phase {
        let trains = |layer: &LayerInfo| preset.holds(&layer.path, layer.form());
        let work = [("U and V", factors), self.matrix_buffer(&trains)];
        let items = [&self.base_weights()[..], &work].concat();
        let largest = self.largest_weight().max(self.largest_factor(preset));
        Phase::new("taking the weights apart", &items, largest)
    }

    /// The training steps.
    fn steps(
        &self,
        samples: usize,
        preset: LayerPreset,
        text_encoder: bool,
        factors: u64,
    ) -> Phase {
        let config = &self.configs.text_encoder;
        let trains = |layer: &LayerInfo| preset.holds(&layer.path, layer.form());
        let Peaks {
            kept,
            temporary,
            largest,
        } = unet::training(&self.pass(&trains, samples), self.strategy.recompute);
        let (text_shifts, text_graph) = if text_encoder {
            let graph = parts::text_encoder_graph(config, samples);
            (parts::text_encoder_shifts(config), 4 * graph)
        } else {
            (0, 0)
        };
        let shifts = preset.count(self.layers) as u64;
        let weights = if self.strategy.offload {
            let frozen = self.sum(|layer| {
                let weight = if trains(layer) { 0 } else { self.stored(layer) };
                weight + 4 * parts::bias(layer)
            });
            let rest = if text_encoder { self.text_encoder() } else { 0 };
            [
                ("UNet, what is not trained of it", frozen),
                ("text encoder", rest),
                ("autoencoder", 0),
            ]
        } else {
            self.base_weights()
        };
        let work = [
            ("U and V", factors),
            self.matrix_buffer(&trains),
            ("kept for the backward pass", 4 * kept + text_graph),
            ("held for a moment", 4 * temporary),
            (
                "shifts and their moments",
                4 * FLAT_VECTORS * (shifts + text_shifts),
            ),
        ];
        let largest = (4 * largest)
            .max(self.largest_weight())
            .max(self.largest_factor(preset));
        Phase::new("training", &[&weights[..], &work].concat(), largest)
    }
}
