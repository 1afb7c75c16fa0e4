//! One picture, edited by its prompt (SVDiff, section 3.5, single-image editing).
//!
//! A UNet that was tuned on the picture turns it into noise by DDIM inversion at guidance 1, and
//! makes a picture of that noise with another prompt. More freedom comes from noise: η on the way,
//! or a starting noise between the picture's own and a fresh one.
//!
//! The paper conditions the inversion on the target prompt. Here it is the picture's own: then
//! sampling at guidance 1 must give the picture back, which can be measured, and on the embedded
//! base the edits look the same.

use core::ops::ControlFlow;

pub use crate::config::EditConfig;
use crate::error::{Error, Result};
use crate::generate::{Generated, generate, read, streams};
use crate::model::base_model::BaseModel;
use crate::model::unet::UNet2DConditionModel;
use crate::sampler::{DdimInverse, NoiseSchedule};
use burn::tensor::{Tensor, TensorData};

/// The stream of [`Noise`](crate::sampler::Noise) that slerp leads to; generating and training use
/// others.
const SLERP_STREAM: u64 = 4;

/// What came of an edit.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// The picture again, from its noise and its own prompt: what the inversion has kept.
    pub reconstruction: Generated,
    /// The picture by the target prompt.
    pub edited: Generated,
    /// ‖reconstruction − picture‖ / ‖picture‖ of the latents.
    pub lost: f32,
}

/// Edits a picture, `[3, size, size]` in [-1, 1], with `unet`, tuned on it.
///
/// `on_step(done, total)` is awaited after every step of inversion and sampling.
///
/// # Errors
/// `Settings` for settings that cannot work, `Config` for a base that cannot be inverted,
/// `Cancelled` if `on_step` breaks, `Device` if the device fails.
pub async fn edit(
    base: &BaseModel,
    unet: &UNet2DConditionModel,
    picture: &[f32],
    config: &EditConfig,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Edited> {
    config.check()?;
    let latents = encode(base, picture)?;
    let (steps, total) = (config.num_inference_steps, 3 * config.num_inference_steps);
    let mut inverting = async |done: usize, _: usize| on_step(done, total).await;
    let noise = invert(base, unet, latents.clone(), config, &mut inverting).await?;

    let back = config.sampling(&config.prompt, 1.0, 0.0);
    let mut rebuilding = async |done: usize, _: usize| on_step(steps + done, total).await;
    let reconstruction = generate(base, unet, &back, Some(noise.clone()), &mut rebuilding).await?;

    let start = mixed(noise, config).await?;
    let asked = config.sampling(&config.target_prompt, config.guidance_scale, config.eta);
    let mut editing = async |done: usize, _: usize| on_step(2 * steps + done, total).await;
    let edited = generate(base, unet, &asked, Some(start), &mut editing).await?;
    let lost = relative(&reconstruction.latents, &read(latents).await?);
    Ok(Edited {
        reconstruction,
        edited,
        lost,
    })
}

/// The mean latents of a picture, as the UNet knows them: `[1, channels, h, w]`.
///
/// # Errors
/// `Picture` if it does not have the base's size.
pub fn encode(base: &BaseModel, picture: &[f32]) -> Result<Tensor<4>> {
    let size = base.picture_size();
    if picture.len() != 3 * size * size {
        return Err(Error::Picture(format!(
            "The picture does not hold 3 × {size} × {size} numbers, so this base cannot take it. Crop and scale it to {size} pixels a side."
        )));
    }
    let data = TensorData::new(picture.to_vec(), [1, 3, size, size]);
    let moments = base.vae.encode(Tensor::from_data(data, base.device()));
    Ok(moments.mean * base.vae.scaling_factor())
}

/// DDIM inversion of `latents` `[batch, channels, h, w]` at guidance 1, conditioned on the prompt:
/// the noise that DDIM turns into them.
///
/// # Errors
/// As [`edit`].
pub async fn invert(
    base: &BaseModel,
    unet: &UNet2DConditionModel,
    latents: Tensor<4>,
    config: &EditConfig,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Tensor<4>> {
    let inverse = DdimInverse::new(
        NoiseSchedule::new(&base.scheduler)?,
        config.num_inference_steps,
    )?;
    let batch = latents.dims()[0];
    let states = base
        .embed(std::slice::from_ref(&config.prompt))
        .repeat_dim(0, batch);
    let predict = |sample: Tensor<4>, timestep: usize| {
        let timesteps = Tensor::full([batch], timestep as f32, &sample.device());
        unet.forward(sample, timesteps, states.clone())
    };
    let mut sample = latents;
    for (index, &timestep) in inverse.timesteps().iter().enumerate() {
        let output = predict(sample.clone(), timestep);
        let mut next = inverse.step(output, timestep, sample.clone());
        for _ in 0..config.refinements {
            let output = predict(next.clone(), timestep);
            next = inverse.refine(output, timestep, sample.clone(), next);
        }
        sample = next;
        if on_step(index + 1, config.num_inference_steps)
            .await
            .is_break()
        {
            return Err(Error::Cancelled);
        }
    }
    Ok(sample)
}

/// The noise that the edit begins with.
async fn mixed(noise: Tensor<4>, config: &EditConfig) -> Result<Tensor<4>> {
    if config.slerp == 0.0 {
        return Ok(noise);
    }
    let (shape, device) = (noise.dims(), noise.device());
    let own = read(noise).await?;
    let fresh: Vec<f32> = streams(config.seed, 0, 1, SLERP_STREAM)
        .iter_mut()
        .flat_map(|stream| stream.normal(own.len()))
        .collect();
    let between = slerp(config.slerp, &own, &fresh);
    Ok(Tensor::from_data(TensorData::new(between, shape), &device))
}

/// Spherical interpolation: `from` at α = 0, `to` at α = 1, and between them a vector of a length
/// between theirs, as a straight line through Gaussian noise would not give.
pub fn slerp(alpha: f64, from: &[f32], to: &[f32]) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    let lengths = (dot(from, from) * dot(to, to)).sqrt();
    let angle = libm::acos((dot(from, to) / lengths).clamp(-1.0, 1.0));
    let sin = libm::sin(angle);
    // Along one line, or without a direction, the straight way is the only one.
    let (a, b) = if sin.abs() > 1e-6 {
        (
            libm::sin((1.0 - alpha) * angle) / sin,
            libm::sin(alpha * angle) / sin,
        )
    } else {
        (1.0 - alpha, alpha)
    };
    from.iter()
        .zip(to)
        .map(|(x, y)| (a * f64::from(*x) + b * f64::from(*y)) as f32)
        .collect()
}

/// ‖a − b‖ / ‖b‖.
fn relative(a: &[f32], b: &[f32]) -> f32 {
    let square = |x: f64| x * x;
    let difference: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| square(f64::from(*a) - f64::from(*b)))
        .sum();
    let norm: f64 = b.iter().map(|b| square(f64::from(*b))).sum();
    (difference / norm).sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(x: &[f32]) -> f32 {
        x.iter().map(|x| x * x).sum::<f32>().sqrt()
    }

    #[test]
    fn slerp_goes_along_the_circle() {
        let (from, to) = ([2.0, 0.0, 0.0], [0.0, 2.0, 0.0]);
        assert_eq!(slerp(0.0, &from, &to), from);
        let end = slerp(1.0, &from, &to);
        assert!((end[1] - 2.0).abs() < 1e-6 && end[0].abs() < 1e-6);
        for alpha in [0.1, 0.5, 0.9] {
            let between = slerp(alpha, &from, &to);
            assert!((length(&between) - 2.0).abs() < 1e-6);
            let angle = between[1].atan2(between[0]);
            assert!((angle - alpha as f32 * core::f32::consts::FRAC_PI_2).abs() < 1e-6);
        }
    }

    #[test]
    fn slerp_of_parallel_or_no_directions_is_finite() {
        assert_eq!(slerp(0.5, &[1.0, 1.0], &[3.0, 3.0]), [2.0, 2.0]);
        assert_eq!(slerp(0.25, &[4.0, 0.0], &[-4.0, 0.0]), [2.0, 0.0]);
        let middle = slerp(0.5, &[0.0, 0.0], &[1.0, 0.0]);
        assert!(middle.iter().all(|x| x.is_finite()), "{middle:?}");
    }
}
