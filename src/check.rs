//! The device check: compares the parts of a base model on this device with diffusers.
//!
//! A base model may contain `check.safetensors`: inputs and outputs of its parts, written by
//! diffusers (`tests/parity/embedded.py`).

use core::ops::ControlFlow;

use burn::tensor::{Int, Tensor};

use crate::error::{Error, Result};
use crate::generate::denoise;
use crate::model::base_model::BaseModel;
use crate::read_back::read_back;
use crate::sampler::{NoiseSchedule, Sampler, SamplerKind};
use crate::weights::{BaseHash, Files, Place, Weights};

/// The file of the reference tensors, in the folder of the base model.
pub const FILE: &str = "check.safetensors";
/// The largest relative L2 error that counts as agreement. Devices sum F32 values in different orders.
pub const TOLERANCE: f32 = 1e-3;
/// Sampling steps of the reference run.
const STEPS: usize = 25;

/// The error of one part's output.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// `text_encoder`, `unet`, `vae.encode`, `vae.decode`, or `ddim` for the latents after a whole
    /// sampling run.
    pub part: &'static str,
    /// ‖output − reference‖ / ‖reference‖.
    pub relative_l2: f32,
}

/// Reads the reference tensors of a base model.
///
/// # Errors
/// `Settings` if there are none; `Weights` or `Io` if they cannot be read.
pub async fn reference(files: &Files, base: &BaseModel) -> Result<Weights> {
    if !files.exists(FILE).await {
        return Err(Error::Settings(format!(
            "This base brings no {FILE}, so there is nothing to hold this device against. Check it with the built-in base."
        )));
    }
    let mut hash = BaseHash::new();
    files
        .weights(
            FILE,
            "check",
            &Place::from(base.device()),
            &mut hash,
            &mut |_, _| {},
        )
        .await
}

/// The reference tensors, with latents `[batch, channels, size, size]`.
struct Reference {
    ids: Tensor<2, Int>,
    states: Tensor<3>,
    sample: Tensor<4>,
    timesteps: Tensor<1>,
    noise_pred: Tensor<4>,
    picture: Tensor<4>,
    mean: Tensor<4>,
    log_variance: Tensor<4>,
    latents: Tensor<4>,
    decoded: Tensor<4>,
    sampled: Tensor<4>,
}

impl Reference {
    fn take(base: &BaseModel, mut weights: Weights) -> Result<Self> {
        let [batch, tokens] = [2, base.tokenizer.encode("").len()];
        let size = base.latent_size();
        let width = base.embed(&[String::new()]).dims()[2];
        let pixels = base.picture_size();
        let latents = |name: &str, n: usize, weights: &mut Weights| {
            weights.take::<4>(name, [n, 4, size, size])
        };
        let reference = Self {
            ids: weights.take::<2>("input_ids", [batch, tokens])?.int(),
            states: weights.take::<3>("last_hidden_state", [batch, tokens, width])?,
            sample: latents("sample", batch, &mut weights)?,
            timesteps: weights.take::<1>("timesteps", [batch])?,
            noise_pred: latents("noise_pred", batch, &mut weights)?,
            picture: weights.take::<4>("pixels", [1, 3, pixels, pixels])?,
            mean: latents("mean", 1, &mut weights)?,
            log_variance: latents("log_variance", 1, &mut weights)?,
            latents: latents("latents", 1, &mut weights)?,
            decoded: weights.take::<4>("decoded", [1, 3, pixels, pixels])?,
            sampled: latents("ddim", 1, &mut weights)?,
        };
        weights.finish()?;
        Ok(reference)
    }
}

/// Runs every part on the reference inputs, and a whole sampling run.
///
/// `on_step(done, total)` is awaited after every sampling step.
///
/// # Errors
/// `Weights` if a reference tensor is missing or has another shape; `Device` if the device fails;
/// `Cancelled` if `on_step` breaks.
pub async fn compare(
    base: &BaseModel,
    reference: Weights,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Difference>> {
    let reference = Reference::take(base, reference)?;
    let (sample, states) = (reference.sample, reference.states);
    let mut found = Vec::new();
    let output = base.text_encoder.forward(reference.ids);
    found.push(difference("text_encoder", output, states.clone()).await?);
    let output = base
        .unet
        .forward(sample.clone(), reference.timesteps, states.clone());
    found.push(difference("unet", output, reference.noise_pred).await?);
    let moments = base.vae.encode(reference.picture);
    let output = Tensor::cat(vec![moments.mean, moments.log_variance], 1);
    let expected = Tensor::cat(vec![reference.mean, reference.log_variance], 1);
    found.push(difference("vae.encode", output, expected).await?);
    let output = base.vae.decode(reference.latents);
    found.push(difference("vae.decode", output, reference.decoded).await?);

    let schedule = NoiseSchedule::new(&base.scheduler)?;
    let mut ddim = Sampler::new(SamplerKind::Ddim, schedule, STEPS, 0.0)?;
    let prompt = states.narrow(0, 0, 1);
    let predict = |latents: Tensor<4>, timestep: f32| {
        let timesteps = Tensor::full([1], timestep, &latents.device());
        base.unet.forward(latents, timesteps, prompt.clone())
    };
    let start = sample.narrow(0, 0, 1);
    let output = denoise(&mut ddim, start, &mut [], predict, on_step).await?;
    found.push(difference("ddim", output, reference.sampled).await?);
    Ok(found)
}

async fn difference<const D: usize>(
    part: &'static str,
    output: Tensor<D>,
    reference: Tensor<D>,
) -> Result<Difference> {
    let error = (output - reference.clone()).square().sum();
    let ratio = (error / reference.square().sum()).sqrt();
    let values = read_back(ratio, |reason| {
        Error::Device(format!(
            "The device failed while it was being checked ({reason}). Reload the page; if it happens again, choose the CPU."
        ))
    });
    let relative_l2 = values.await?.first().copied().unwrap_or(f32::NAN);
    Ok(Difference { part, relative_l2 })
}
