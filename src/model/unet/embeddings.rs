//! The time embedding: a sinusoid, then two linear layers (diffusers `embeddings.py`).

use core::f32::consts::TAU;

use burn::tensor::{Tensor, TensorData, activation::silu};

use crate::error::Result;
use crate::model::layers::{LayerMut, Linear, Visitor};
use crate::weights::Weights;

/// The upper part of 2π, with so few bits that `k · TAU_HIGH` is exact in F32 up to k = 2¹⁶.
const TAU_HIGH: f32 = 6.281_25;
/// 2π − `TAU_HIGH`.
const TAU_LOW: f32 = 0.001_935_307_2;

/// Sinusoidal embedding of `[batch]` timesteps, `[batch, channels]`
/// (diffusers `get_timestep_embedding`, Ho et al. 2020).
///
/// Angles reach 1000 radians, where the sine of a GPU may be inaccurate, so they are reduced to
/// [-π, π] first, without loss.
pub fn timestep_embedding(
    timesteps: Tensor<1>,
    channels: usize,
    flip_sin_to_cos: bool,
    freq_shift: f64,
) -> Tensor<2> {
    let [batch] = timesteps.dims();
    let half = channels / 2;
    let frequencies: Vec<f32> = (0..half)
        .map(|i| (-(10000_f64.ln()) as f32 * i as f32 / (half as f64 - freq_shift) as f32).exp())
        .collect();
    let device = timesteps.device();
    let frequencies = Tensor::<2>::from_data(TensorData::new(frequencies, [1, half]), &device);
    let angles = timesteps.reshape([batch, 1]) * frequencies;
    let turns = (angles.clone() / TAU).round();
    let angles = angles - turns.clone() * TAU_HIGH - turns * TAU_LOW;
    let (sine, cosine) = (angles.clone().sin(), angles.cos());
    let mut parts = if flip_sin_to_cos {
        vec![cosine, sine]
    } else {
        vec![sine, cosine]
    };
    if channels % 2 == 1 {
        parts.push(Tensor::zeros([batch, 1], &device));
    }
    Tensor::cat(parts, 1)
}

/// diffusers `TimestepEmbedding`.
#[derive(Clone, Debug)]
pub struct TimestepEmbedding {
    /// `[batch, block_out_channels[0]]` to `[batch, time_embed_dim]`.
    pub linear_1: Linear,
    /// Projects the guidance scale's embedding, which is added before `linear_1` (latent consistency
    /// models).
    pub cond_proj: Option<Linear>,
    /// `[batch, time_embed_dim]` to the same shape.
    pub linear_2: Linear,
}

impl TimestepEmbedding {
    /// Takes its tensors under `path`; `cond` is the config's `time_cond_proj_dim`.
    ///
    /// # Errors
    /// `Weights`, naming the tensor, if one is missing or has another shape.
    pub fn load(
        weights: &mut Weights,
        path: &str,
        c_in: usize,
        c_out: usize,
        cond: Option<usize>,
    ) -> Result<Self> {
        let linear_1 = Linear::load(weights, &format!("{path}.linear_1"), c_in, c_out, true)?;
        let cond_proj = cond
            .map(|cond| Linear::load(weights, &format!("{path}.cond_proj"), cond, c_in, false))
            .transpose()?;
        let linear_2 = Linear::load(weights, &format!("{path}.linear_2"), c_out, c_out, true)?;
        Ok(Self {
            linear_1,
            cond_proj,
            linear_2,
        })
    }

    /// Sinusoid `[batch, c_in]`, guidance `[batch, time_cond_proj_dim]`, to `[batch, c_out]`.
    ///
    /// `guidance` is ignored if the model has no `cond_proj`.
    pub fn forward(&self, sinusoid: Tensor<2>, guidance: Option<Tensor<2>>) -> Tensor<2> {
        let x = match (&self.cond_proj, guidance) {
            (Some(cond_proj), Some(guidance)) => sinusoid + cond_proj.forward_2d(guidance),
            _ => sinusoid,
        };
        self.linear_2.forward_2d(silu(self.linear_1.forward_2d(x)))
    }

    /// Calls `visitor` for every layer.
    ///
    /// # Errors
    /// The visitor's.
    pub fn visit_mut(&mut self, path: &str, visitor: &mut Visitor<'_>) -> Result<()> {
        visitor(
            &format!("{path}.linear_1"),
            LayerMut::Linear(&mut self.linear_1),
        )?;
        if let Some(cond_proj) = &mut self.cond_proj {
            visitor(&format!("{path}.cond_proj"), LayerMut::Linear(cond_proj))?;
        }
        visitor(
            &format!("{path}.linear_2"),
            LayerMut::Linear(&mut self.linear_2),
        )
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_guidance_scale_is_embedded_as_in_diffusers() {
        // `get_guidance_scale_embedding` of LatentConsistencyModelPipeline for 7.5, in F32.
        let expected = [
            -0.851_235_9,
            -0.387_781_65,
            0.681_638_7,
            -0.524_783_25,
            0.921_751_26,
            0.731_688_9,
            0.0,
        ];
        let scale = Tensor::from_data([7500.0_f32], &Device::flex());
        let found: Vec<f32> = timestep_embedding(scale, 7, false, 1.0)
            .into_data()
            .try_to_vec()
            .unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn angles_of_the_last_timestep_are_as_exact_as_their_f32_product() {
        let t = Tensor::from_data([0.0_f32, 1.0, 500.0, 999.0], &Device::flex());
        let found: Vec<f32> = timestep_embedding(t, 8, true, 0.0)
            .into_data()
            .try_to_vec()
            .unwrap();
        for (row, t) in [0.0_f32, 1.0, 500.0, 999.0].into_iter().enumerate() {
            for i in 0..4 {
                let frequency = (-(10000_f64.ln()) as f32 * i as f32 / 4.0).exp();
                let angle = f64::from(t * frequency);
                for (column, wanted) in [(i, angle.cos()), (i + 4, angle.sin())] {
                    let found = f64::from(found[row * 8 + column]);
                    assert!((found - wanted).abs() < 5e-7, "{t} {i}: {found} {wanted}");
                }
            }
        }
    }
}
