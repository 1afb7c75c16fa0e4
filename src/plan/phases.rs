//! The phases of a job, and what is held in each.

use super::parts::{self, Way};
use super::stages::Pass;
use super::unet::{self, Peaks};
use super::{Configs, Job, Strategy, Task};
use crate::model::layers::LayerForm;
use crate::model::unet::layer_shapes::{LayerShape, layer_shapes};
use crate::spectral::shift::preset::LayerPreset;

/// Copies of the flat δ: itself, its two moments, its average, rates, gradient, b, its floor, and s
/// and its mask in the step.
const FLAT_VECTORS: u64 = 10;

/// One piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: u64,
}

/// What is held at the worst moment of one part of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What is done then, as the end of 'while …'.
    pub name: &'static str,
    /// Everything that is held; none of it is empty.
    pub items: Vec<Item>,
    /// The largest single tensor, in bytes.
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

    /// All bytes together.
    pub fn total(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).sum()
    }
}

/// What a job with `pixels` × `pixels` pictures holds under `strategy`, phase by phase; the pixels are
/// those of the side, whatever the job says.
pub fn phases(configs: &Configs, job: &Job, pixels: usize, strategy: Strategy) -> Vec<Phase> {
    let layers = layer_shapes(&configs.unet);
    let of = Counted {
        configs,
        job,
        layers: &layers,
        pixels,
        strategy,
    };
    match job.task {
        Task::Generate { delta } => of.generate(delta),
        Task::Train {
            samples,
            preset,
            text_encoder,
        } => of.train(samples, preset, text_encoder),
    }
}

struct Counted<'a> {
    configs: &'a Configs,
    job: &'a Job,
    layers: &'a [LayerShape],
    pixels: usize,
    strategy: Strategy,
}

impl Counted<'_> {
    fn sum(&self, of: impl Fn(&LayerShape) -> u64) -> u64 {
        self.layers.iter().map(of).sum()
    }

    fn unet(&self) -> u64 {
        self.sum(|layer| self.stored(layer) + 4 * parts::bias(layer))
    }

    /// Bytes of a layer's weight; a norm's is F32 in any case.
    fn stored(&self, layer: &LayerShape) -> u64 {
        match layer.form {
            LayerForm::Norm => 4 * parts::weight(layer),
            _ => self.job.weights.bytes(parts::weight(layer)),
        }
    }

    fn text_encoder(&self) -> u64 {
        let numbers = parts::text_encoder(&self.configs.text_encoder);
        self.job.weights.bytes(numbers)
    }

    fn vae(&self) -> u64 {
        self.job.weights.bytes(parts::vae(&self.configs.vae))
    }

    fn factors(&self, preset: LayerPreset) -> u64 {
        let numbers = self.sum(|layer| {
            let held = preset.holds(&layer.path, layer.form);
            if held { parts::factors(layer) } else { 0 }
        });
        self.job.factors.bytes(numbers)
    }

    /// The largest single weight, in bytes.
    fn largest_weight(&self) -> u64 {
        let own = self.layers.iter().map(parts::weight).max().unwrap_or(0);
        let others = parts::largest_weight(&self.configs.text_encoder, &self.configs.vae);
        self.job.weights.bytes(own.max(others))
    }

    /// The larger of U and V of the largest layer, in bytes.
    fn largest_factor(&self, preset: LayerPreset) -> u64 {
        let held = |layer: &&LayerShape| preset.holds(&layer.path, layer.form);
        let larger = |layer: &LayerShape| match layer.form {
            LayerForm::Norm => 0,
            _ => (layer.shifts() * layer.shape[0].max(layer.shape[1])) as u64,
        };
        let numbers = self.layers.iter().filter(held).map(larger).max();
        self.job.factors.bytes(numbers.unwrap_or(0))
    }

    fn pass<'a>(&'a self, trains: &'a dyn Fn(&LayerShape) -> bool, batch: usize) -> Pass<'a> {
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

    /// Bytes that a pass through the UNet without a graph holds, and its largest tensor.
    fn forward(&self, batch: usize) -> [u64; 2] {
        let Peaks {
            temporary, largest, ..
        } = unet::forward(&self.pass(&|_| false, batch));
        [4 * temporary, 4 * largest]
    }

    /// The same for one picture through the autoencoder.
    fn autoencoder(&self, way: Way) -> [u64; 2] {
        let (vae, kernels) = (&self.configs.vae, self.job.kernels);
        let found = match self.strategy.tile.filter(|tile| *tile < self.pixels) {
            None => parts::vae_pass(vae, way, self.pixels, kernels),
            Some(tile) => {
                // The tiles that are done, and the picture that is made of them.
                let shown = 2 * vae.out_channels.max(vae.in_channels) * self.pixels.pow(2);
                let [held, largest] = parts::vae_pass(vae, way, tile, kernels);
                [held + shown as u64, largest.max(shown as u64 / 2)]
            }
        };
        found.map(|numbers| 4 * numbers)
    }

    /// Where a GPU widens and turns the matrices of its products, as soon as there was one.
    fn place(&self, trains: &dyn Fn(&LayerShape) -> bool) -> (&'static str, u64) {
        let numbers = self.pass(trains, 1).place();
        ("a place for the largest matrix", 4 * numbers)
    }

    fn generate(&self, delta: Option<LayerPreset>) -> Vec<Phase> {
        let weights = [
            ("UNet", self.unet()),
            ("text encoder", self.text_encoder()),
            ("autoencoder", self.vae()),
            (
                "U and V of the delta's layers",
                delta.map_or(0, |preset| self.factors(preset)),
            ),
            (
                "the delta's layers, built",
                delta.map_or(0, |preset| self.built(preset)),
            ),
        ];
        let phase = |name, what, [bytes, largest]: [u64; 2]| {
            let items = [&weights[..], &[self.place(&|_| false), (what, bytes)]].concat();
            Phase::new(name, &items, largest.max(self.largest_weight()))
        };
        vec![
            phase("denoising", "the UNet at work", self.forward(2)),
            phase(
                "decoding",
                "the autoencoder at work",
                self.autoencoder(Way::Decode),
            ),
        ]
    }

    fn built(&self, preset: LayerPreset) -> u64 {
        self.sum(|layer| {
            let held = preset.holds(&layer.path, layer.form);
            if held { self.stored(layer) } else { 0 }
        })
    }

    fn train(&self, samples: usize, preset: LayerPreset, text_encoder: bool) -> Vec<Phase> {
        let config = &self.configs.text_encoder;
        let trains = |layer: &LayerShape| preset.holds(&layer.path, layer.form);
        let drop = self.strategy.offload;
        let text_factors = if text_encoder {
            self.job.factors.bytes(parts::text_encoder_factors(config))
        } else {
            0
        };
        let factors = self.factors(preset) + text_factors;
        let whole = [
            ("UNet", self.unet()),
            ("text encoder", self.text_encoder()),
            ("autoencoder", self.vae()),
        ];

        let [denoising, decoding, encoding] = [
            self.forward(2),
            self.autoencoder(Way::Decode),
            self.autoencoder(Way::Encode),
        ];
        let [work, largest] = [0, 1].map(|at| denoising[at].max(decoding[at]).max(encoding[at]));
        // Whoever drops what is idle prepares before U and V are taken up.
        let beside = if drop { 0 } else { factors };
        let items = [
            &whole[..],
            &[
                ("U and V", beside),
                self.place(&|_| false),
                ("pictures to latents", work),
            ],
        ]
        .concat();
        let largest = largest.max(self.largest_weight());
        let mut phases = vec![Phase::new("preparing the pictures", &items, largest)];
        if drop {
            let items = [&whole[..], &[("U and V", factors), self.place(&trains)]].concat();
            let largest = self.largest_weight().max(self.largest_factor(preset));
            phases.push(Phase::new("taking the weights apart", &items, largest));
        }

        let Peaks {
            kept,
            temporary,
            largest,
        } = unet::training(&self.pass(&trains, samples), self.strategy.recompute);
        let shifts = preset.count(self.layers) as u64;
        let text_shifts = if text_encoder {
            parts::text_encoder_shifts(config)
        } else {
            0
        };
        let graph_of_text = if text_encoder {
            4 * parts::text_encoder_graph(config, samples)
        } else {
            0
        };
        let left = self.sum(|layer| {
            let weight = if trains(layer) { 0 } else { self.stored(layer) };
            weight + 4 * parts::bias(layer)
        });
        let rest = if text_encoder { self.text_encoder() } else { 0 };
        let weights = if drop {
            [
                ("UNet, what is not trained of it", left),
                ("text encoder", rest),
                ("autoencoder", 0),
            ]
        } else {
            whole
        };
        let work = [
            ("U and V", factors),
            self.place(&trains),
            ("kept for the backward pass", 4 * kept + graph_of_text),
            ("held for a moment", 4 * temporary),
            (
                "shifts and their moments",
                4 * FLAT_VECTORS * (shifts + text_shifts),
            ),
        ];
        let largest = (4 * largest)
            .max(self.largest_weight())
            .max(self.largest_factor(preset));
        phases.push(Phase::new(
            "training",
            &[&weights[..], &work].concat(),
            largest,
        ));
        phases
    }
}
