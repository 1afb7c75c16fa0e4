//! One batch: which picture, which timestep, which noise.
//!
//! Everything random is drawn here, on the CPU, from one seeded stream and in one fixed order, so
//! that the stream's position is all a checkpoint has to keep of it.

use burn::tensor::{Device, Tensor, TensorData};

use super::loss::Batch;
use super::subject::PictureLatents;
use crate::error::{Error, Result};
use crate::sampler::noise::Noise;

/// What a run trains on; the same from the first step to the last.
#[derive(Clone, Debug)]
pub struct Material {
    /// Shape of one latent: channels, height, width.
    pub shape: [usize; 3],
    /// The VAE's factor between its latents and the UNet's.
    pub scaling_factor: f32,
    /// The subject's pictures (and their mirror images).
    pub pictures: Vec<PictureLatents>,
    /// The class's latents, already scaled; none without prior preservation.
    pub priors: Vec<Vec<f32>>,
    /// Embedding of the instance prompt, `[1, tokens, channels]`.
    pub instance_embedding: Tensor<3>,
    /// Embedding of the class prompt, `[1, tokens, channels]`.
    pub class_embedding: Tensor<3>,
    /// Timesteps of the schedule.
    pub timesteps: usize,
}

impl Material {
    /// Draws one sample of the subject and, with priors, one of the class.
    ///
    /// Order of the draws: picture, timestep, the VAE's noise, noise; class picture, timestep,
    /// noise.
    pub fn draw(&self, noise: &mut Noise, device: &Device) -> Batch {
        let [channels, height, width] = self.shape;
        let size = channels * height * width;
        let picture = &self.pictures[noise.below(self.pictures.len())];
        let mut timesteps = vec![noise.below(self.timesteps)];
        let mut latents = sample(picture, &noise.normal(size), self.scaling_factor);
        let mut normal = noise.normal(size);
        let mut embeddings = self.instance_embedding.clone();
        if !self.priors.is_empty() {
            latents.extend_from_slice(&self.priors[noise.below(self.priors.len())]);
            timesteps.push(noise.below(self.timesteps));
            normal.extend(noise.normal(size));
            embeddings = Tensor::cat(vec![embeddings, self.class_embedding.clone()], 0);
        }
        let shape = [timesteps.len(), channels, height, width];
        Batch {
            latents: Tensor::from_data(TensorData::new(latents, shape), device),
            noise: Tensor::from_data(TensorData::new(normal, shape), device),
            timesteps,
            embeddings,
            subjects: 1,
        }
    }
}

/// z = (mean + std · noise) · scaling factor, std = exp(log variance / 2).
///
/// The log variance is held to [−30, 20] as in diffusers' DiagonalGaussianDistribution.
fn sample(picture: &PictureLatents, noise: &[f32], scaling_factor: f32) -> Vec<f32> {
    let parts = picture.mean.iter().zip(&picture.log_variance).zip(noise);
    parts
        .map(|((mean, log_variance), noise)| {
            let std = libm::expf(0.5 * log_variance.clamp(-30.0, 20.0));
            (mean + std * noise) * scaling_factor
        })
        .collect()
}

/// A tensor's values, row by row; waits without blocking the thread where the device can.
///
/// # Errors
/// `Device` when the device was lost.
pub(super) async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let lost = |why: String| {
        Error::Device(format!(
            "The device did not hand back its numbers ({why}), so the run cannot go on. Start \
             again from the last checkpoint."
        ))
    };
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| lost(format!("{error:?}")))?;
    data.try_to_vec()
        .map_err(|error| lost(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_mean_plus_scaled_noise() {
        let picture = PictureLatents {
            mean: vec![1.0, -1.0, 0.0],
            log_variance: vec![0.0, -100.0, 2.0],
        };
        let z = sample(&picture, &[2.0, 1.0, 1.0], 0.5);
        assert!((z[0] - 1.5).abs() < 1e-6);
        assert!((z[1] + 0.5).abs() < 1e-6, "the log variance is held at −30");
        assert!((z[2] - 0.5 * 1.0_f32.exp()).abs() < 1e-6);
    }
}
