//! The values of the tensors.

use sha2::{Digest, Sha256};

use crate::sampler::Noise;

/// A generator of the values of one tensor.
pub(crate) struct Values {
    noise: Noise,
    centre: f32,
    bound: f32,
}

impl Values {
    /// Weights are uniform in ±1/√fan_in, as in PyTorch's initialisation of linear layers and
    /// convolutions, which keeps activations in the range of F16. The weights of norms are around 1, and
    /// CLIP's embeddings have their published deviation.
    pub(crate) fn new(component: &str, name: &str, shape: &[usize], seed: u64) -> Self {
        let fan_in: usize = shape.iter().skip(1).product();
        let (centre, bound) = match name {
            name if name.ends_with(".bias") => (0.0, 0.05),
            name if name.ends_with(".alpha") => (8.0, 0.0),
            _ if shape.len() == 1 => (1.0, 0.1),
            name if name.contains("token_embedding") => (0.0, 0.035),
            name if name.contains("position_embedding") => (0.0, 0.017),
            _ => (0.0, 1.0 / (fan_in as f32).sqrt()),
        };
        let digest = Sha256::digest(format!("{component}/{name}"));
        let stream = digest
            .first_chunk()
            .map_or(0, |first| u64::from_le_bytes(*first));
        Self {
            noise: Noise::new(seed, stream),
            centre,
            bound,
        }
    }

    /// The next `count` values.
    pub(crate) fn next(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| self.centre + self.bound * (2.0 * self.noise.uniform() - 1.0) as f32)
            .collect()
    }
}
