//! Does this device compute what diffusers computes?
//!
//! A base may bring `check.safetensors`: inputs and outputs of its parts, written by diffusers
//! (`tools/base/reference.py`). Comparing against them tells a person whether the device in their
//! machine can be trusted, and a researcher how far it is from the reference.

use core::ops::ControlFlow;

use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::generate::denoise;
use crate::model::base_model::BaseModel;
use crate::sampler::{NoiseSchedule, Sampler, SamplerKind};
use crate::weights::{BaseHash, Files, Place, Weights};

/// The file of the reference tensors, in the base's folder.
pub const FILE: &str = "check.safetensors";
/// Largest relative L2 that counts as agreement on any device: F32 arithmetic in another order.
pub const TOLERANCE: f32 = 1e-3;
/// Sampling steps of the reference run.
const STEPS: usize = 25;

/// How far one part's output is from the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The part: `text_encoder`, `unet`, `vae.encode`, `vae.decode`, or `ddim` for the latents
    /// after a whole run.
    pub part: &'static str,
    /// ‖ours − reference‖ / ‖reference‖.
    pub relative_l2: f32,
}

/// Reads the reference tensors of a base.
///
/// # Errors
/// `Settings` if the base brings none; `Weights` or `Io` if they cannot be read.
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

/// Runs every part on the reference inputs, and a whole sampling run.
///
/// `on_step(done, total)` is awaited after every sampling step.
///
/// # Errors
/// `Weights` if a reference tensor is missing or misshapen, `Device` if the device fails,
/// `Cancelled` if `on_step` breaks.
pub async fn compare(
    base: &BaseModel,
    mut reference: Weights,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Difference>> {
    let [batch, tokens] = [2, base.tokenizer.encode("").len()];
    let size = base.latent_size();
    let width = base.embed(&[String::new()]).dims()[2];
    let pixels = base.picture_size();
    let latents = |name: &str, n: usize, reference: &mut Weights| {
        reference.take::<4>(name, [n, 4, size, size])
    };

    let ids = reference.take::<2>("input_ids", [batch, tokens])?.int();
    let states = reference.take::<3>("last_hidden_state", [batch, tokens, width])?;
    let sample = latents("sample", batch, &mut reference)?;
    let timesteps = reference.take::<1>("timesteps", [batch])?;
    let noise_pred = latents("noise_pred", batch, &mut reference)?;
    let picture = reference.take::<4>("pixels", [1, 3, pixels, pixels])?;
    let mean = latents("mean", 1, &mut reference)?;
    let log_variance = latents("log_variance", 1, &mut reference)?;
    let z = latents("latents", 1, &mut reference)?;
    let decoded = reference.take::<4>("decoded", [1, 3, pixels, pixels])?;
    let sampled = latents("ddim", 1, &mut reference)?;
    reference.finish()?;

    let mut found = Vec::new();
    let ours = base.text_encoder.forward(ids);
    found.push(difference("text_encoder", ours, states.clone()).await?);
    let ours = base.unet.forward(sample.clone(), timesteps, states.clone());
    found.push(difference("unet", ours, noise_pred).await?);
    let moments = base.vae.encode(picture);
    let ours = Tensor::cat(vec![moments.mean, moments.log_variance], 1);
    let theirs = Tensor::cat(vec![mean, log_variance], 1);
    found.push(difference("vae.encode", ours, theirs).await?);
    found.push(difference("vae.decode", base.vae.decode(z), decoded).await?);

    let schedule = NoiseSchedule::new(&base.scheduler)?;
    let mut ddim = Sampler::new(SamplerKind::Ddim, schedule, STEPS, 0.0)?;
    let prompt = states.narrow(0, 0, 1);
    let predict = |latents: Tensor<4>, timestep: f32| {
        let timesteps = Tensor::full([1], timestep, &latents.device());
        base.unet.forward(latents, timesteps, prompt.clone())
    };
    let start = sample.narrow(0, 0, 1);
    let ours = denoise(&mut ddim, start, &mut [], predict, on_step).await?;
    found.push(difference("ddim", ours, sampled).await?);
    Ok(found)
}

async fn difference<const D: usize>(
    part: &'static str,
    ours: Tensor<D>,
    reference: Tensor<D>,
) -> Result<Difference> {
    let error = (ours - reference.clone()).square().sum();
    let ratio = (error / reference.square().sum()).sqrt();
    let data = ratio.into_data_async().await.map_err(|error| Error::Device(format!("The device failed while it was being checked ({error:?}). Reload the page; if it happens again, choose the CPU.")))?;
    let relative_l2 = data.iter::<f32>().next().unwrap_or(f32::NAN);
    Ok(Difference { part, relative_l2 })
}
