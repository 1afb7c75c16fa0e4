//! What a base can do on a device: whether pictures can be made and whether it can be trained, at
//! which size, and how its weights are held.

use super::verdict::sides;
use super::{Configs, Job, Kernels, Limits, Plan, Stored, Task, Verdict, parts, plan};
use crate::model::unet::layer_shapes::layer_shapes;
use crate::spectral::shift::preset::LayerPreset;

/// Bytes of U and V of all layers in F32 above which they are stored as halves, however the weights
/// are: those of a small base stay as they are made, because its deltas are made for every machine.
const MAX_F32_FACTORS: u64 = 256 << 20;

/// What a person wants of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Side of the pictures; the advice says one if there is no options.
    pub pixels: Option<usize>,
    /// How the weights are held, once the base is loaded.
    pub stored: Option<Stored>,
    /// Samples in each training step, those of the class included.
    pub samples: usize,
    /// The UNet's layers that are trained.
    pub preset: LayerPreset,
    /// Whether the text encoder is trained too.
    pub text_encoder: bool,
    /// Layers whose weights are built anew for pictures: those of a delta, or of a LoRA.
    pub baked: Option<LayerPreset>,
}

/// What a base can do on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Side of the pictures that the base was trained with.
    pub native_pixels: usize,
    /// Sides to choose from, the smallest first and the base's own last.
    pub sides: Vec<usize>,
    /// The side that was wished for; otherwise the largest that fits for training, and if none
    /// does, for making pictures.
    pub pixels: usize,
    /// How the weights are to be held.
    pub stored: Stored,
    /// Making pictures.
    pub generate: Plan,
    /// Training.
    pub train: Plan,
}

impl Advice {
    /// Whether the base is of use here at all: pictures can be made, of some size.
    pub fn can_generate(&self) -> bool {
        !matches!(self.generate.verdict, Verdict::DoesNotFit(_))
    }
}

/// What the base of `configs` can do within `limits`.
///
/// F32 is taken where training fits with it as it is wished for. F16 is the way out: it changes
/// nothing for a base that was published in F16, and rounds others.
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
    let numbers: u64 = layer_shapes(&configs.unet).iter().map(parts::factors).sum();
    let factors = if Stored::F32.bytes(numbers) > MAX_F32_FACTORS {
        Stored::F16
    } else {
        Stored::F32
    };
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
    let tried = match options.stored {
        Some(stored) => vec![stored],
        None => vec![Stored::F32, Stored::F16],
    };
    let plans = tried
        .into_iter()
        .map(|stored| (stored, planned(training, stored)));
    let (stored, train) = first_that_fits(plans);
    let generate = planned(
        Task::Generate {
            delta: options.baked,
        },
        stored,
    );
    let pixels = options.pixels.unwrap_or_else(|| {
        let side = |plan: &Plan| match plan.verdict {
            Verdict::Fits => Some(native_pixels),
            Verdict::FitsAt(pixels) => Some(pixels),
            Verdict::DoesNotFit(_) => None,
        };
        let either = side(&train).or_else(|| side(&generate));
        either.unwrap_or(native_pixels)
    });
    Advice {
        native_pixels,
        sides,
        pixels,
        stored,
        generate,
        train,
    }
}

/// The first plan that fits as it was asked for, otherwise the last one.
fn first_that_fits(plans: impl Iterator<Item = (Stored, Plan)>) -> (Stored, Plan) {
    let mut plans = plans.collect::<Vec<_>>();
    let fits = plans
        .iter()
        .position(|(_, plan)| plan.verdict == Verdict::Fits);
    plans.swap_remove(fits.unwrap_or(plans.len().saturating_sub(1)))
}
