//! Does this device compute what diffusers computes?
//!
//! A base may bring `check.safetensors`: inputs and outputs of its parts, written by diffusers
//! (`tests/parity/embedded.py`). Comparing against them tells a person whether the device in their
//! machine can be trusted, and a researcher how far it is from the reference.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::base::Base;
use crate::error::{Error, Result};
use crate::weights::Weights;

/// How far one part's output is from the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The part: `text_encoder`, `unet`, `vae.encode`, `vae.decode`.
    pub part: String,
    /// ‖ours − reference‖ / ‖reference‖.
    pub relative_l2: f32,
}

/// Runs every part on the reference inputs.
///
/// # Errors
/// `Weights` if a reference tensor is missing or misshapen, `Device` if the device fails.
pub async fn compare(base: &Base, mut reference: Weights) -> Result<Vec<Difference>> {
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
    reference.finish()?;

    let distribution = base.vae.encode(picture);
    let encoded = Tensor::cat(vec![distribution.mean, distribution.log_variance], 1);
    Ok(vec![
        difference(
            "text_encoder",
            base.text_encoder.forward(ids),
            states.clone(),
        )
        .await?,
        difference(
            "unet",
            base.unet.forward(sample, timesteps, states),
            noise_pred,
        )
        .await?,
        difference(
            "vae.encode",
            encoded,
            Tensor::cat(vec![mean, log_variance], 1),
        )
        .await?,
        difference("vae.decode", base.vae.decode(z), decoded).await?,
    ])
}

async fn difference<const D: usize>(
    part: &str,
    ours: Tensor<D>,
    reference: Tensor<D>,
) -> Result<Difference> {
    let error = (ours - reference.clone()).square().sum();
    let ratio = (error / reference.square().sum()).sqrt();
    let data = ratio.into_data_async().await.map_err(|error| Error::Device(format!("The device failed while it was being checked ({error:?}). Reload the page; if it happens again, choose the CPU.")))?;
    let relative_l2 = data.iter::<f32>().next().unwrap_or(f32::NAN);
    Ok(Difference {
        part: part.into(),
        relative_l2,
    })
}
