//! Whether a base model can generate and train on a device, at which size and with which storage type.

use crate::model::layer_info::unet::unet_layers;
use crate::plan::configs::Configs;
use crate::plan::job::{Job, Kernels, Limits, Task};
use crate::plan::parts;
use crate::plan::verdict::{Plan, Verdict, plan, sides};
use crate::spectral::shift::preset::LayerPreset;
use crate::weights::Stored;

/// U and V are stored as F16 if all of them are larger than this in F32, in bytes. Those of a small
/// base model stay F32, so that its deltas are exact on every machine.
const MAX_F32_FACTORS: u64 = 256 << 20;

/// The settings that the user chose for a base model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Side of the pictures in pixels; `None` to get a recommendation.
    pub pixels: Option<usize>,
    /// Storage type of the weights, if the base model is loaded.
    pub stored: Option<Stored>,
    /// Samples in each training step, class samples included.
    pub samples: usize,
    /// The trained layers of the UNet.
    pub preset: LayerPreset,
    /// Whether the text encoder is trained, too.
    pub text_encoder: bool,
    /// Layers with baked weights for generation: those of a delta or a LoRA.
    pub baked: Option<LayerPreset>,
}

/// What a base model can do on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Side of the pictures that the base model was trained with, in pixels.
    pub native_pixels: usize,
    /// The supported sides in ascending order, up to `native_pixels`.
    pub sides: Vec<usize>,
    /// The requested side; otherwise the largest one that fits for training, or for generation if
    /// training does not fit.
    pub pixels: usize,
    /// Storage type of the weights.
    pub stored: Stored,
    /// The plan of generation.
    pub generate: Plan,
    /// The plan of training.
    pub train: Plan,
}

impl Advice {
    /// Whether generation fits at some size.
    pub fn can_generate(&self) -> bool {
        !matches!(self.generate.verdict, Verdict::DoesNotFit(_))
    }
}

/// Plans generation and training of a base model within `limits`.
///
/// Weights are stored as F32 if training fits with the requested settings, otherwise as F16. F16 is
/// exact for base models published in F16 and rounds others.
pub fn advise(
    configs: &Configs,
    options: &PlanOptions,
    kernels: Kernels,
    limits: Limits,
) -> Advice {
    let native_pixels = configs.native_pixels();
    let mut sides = sides(configs, native_pixels);
    if sides.last() != Some(&native_pixels) {
        sides.push(native_pixels);
    }
    let pixels = options.pixels.unwrap_or(native_pixels);
    let factors = factor_storage(configs);
    let planned = |task, stored| {
        let job = Job {
            task,
            pixels,
            kernels,
            weights: stored,
            factors,
        };
        plan(configs, &job, limits)
    };
    let training = Task::Train {
        samples: options.samples,
        preset: options.preset,
        text_encoder: options.text_encoder,
    };
    let types = match options.stored {
        Some(stored) => vec![stored],
        None => vec![Stored::F32, Stored::F16],
    };
    let plans = types
        .into_iter()
        .map(|stored| (stored, planned(training, stored)));
    let (stored, train) = first_that_fits(plans);
    let generate = planned(
        Task::Generate {
            delta: options.baked,
        },
        stored,
    );
    let recommended =
        || fitting_side(&train, native_pixels).or_else(|| fitting_side(&generate, native_pixels));
    let pixels = options.pixels.or_else(recommended).unwrap_or(native_pixels);
    Advice {
        native_pixels,
        sides,
        pixels,
        stored,
        generate,
        train,
    }
}

/// The storage type of U and V.
fn factor_storage(configs: &Configs) -> Stored {
    let numbers: u64 = unet_layers(&configs.unet).iter().map(parts::factors).sum();
    if Stored::F32.bytes(numbers) > MAX_F32_FACTORS {
        Stored::F16
    } else {
        Stored::F32
    }
}

/// The largest side at which a plan fits; `None` if it does not fit.
fn fitting_side(plan: &Plan, native_pixels: usize) -> Option<usize> {
    match plan.verdict {
        Verdict::Fits => Some(native_pixels),
        Verdict::FitsAt(pixels) => Some(pixels),
        Verdict::DoesNotFit(_) => None,
    }
}

/// The first plan that fits as requested, otherwise the last one.
fn first_that_fits(plans: impl Iterator<Item = (Stored, Plan)>) -> (Stored, Plan) {
    let mut plans = plans.collect::<Vec<_>>();
    let fits = plans
        .iter()
        .position(|(_, plan)| plan.verdict == Verdict::Fits);
    plans.swap_remove(fits.unwrap_or(plans.len().saturating_sub(1)))
}
