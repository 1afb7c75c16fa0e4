//! The numbers of a stand-in's tensors.

use sha2::{Digest, Sha256};

use crate::sampler::Noise;
use crate::synthetic::files::Part;

/// The numbers of one tensor, from first to last, in as many pieces as are asked for.
pub(crate) struct Numbers {
    noise: Noise,
    centre: f32,
    bound: f32,
}

impl Numbers {
    /// Uniform around 0, within 1/√fan_in for weights, as PyTorch begins its linear layers and
    /// convolutions, so that activations stay of the size that F16 holds; norms' weights are around
    /// 1, and CLIP's tables have its own deviation.
    pub(crate) fn new(part: &Part, seed: u64) -> Self {
        let fan_in: usize = part.shape.iter().skip(1).product();
        let (centre, bound) = match part.name.as_str() {
            name if name.ends_with(".bias") => (0.0, 0.05),
            name if name.ends_with(".alpha") => (8.0, 0.0),
            _ if part.shape.len() == 1 => (1.0, 0.1),
            name if name.contains("token_embedding") => (0.0, 0.035),
            name if name.contains("position_embedding") => (0.0, 0.017),
            _ => (0.0, 1.0 / (fan_in as f32).sqrt()),
        };
        let digest = Sha256::digest(format!("{}/{}", part.component, part.name));
        let stream = digest
            .first_chunk()
            .map_or(0, |first| u64::from_le_bytes(*first));
        Self {
            noise: Noise::new(seed, stream),
            centre,
            bound,
        }
    }

    /// The next `count` numbers.
    pub(crate) fn next(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| self.centre + self.bound * (2.0 * self.noise.uniform() - 1.0) as f32)
            .collect()
    }
}
