//! What can be drawn in a step: pictures of subjects, collages of two, and the same of their
//! classes, each as latents with a caption.

use serde::{Deserialize, Serialize};

use crate::config::collage::Collage;

/// What a sample shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// One subject, by its number.
    Subject(usize),
    /// Two subjects.
    Collage,
    /// A subject's class.
    Class(usize),
    /// Two classes.
    ClassCollage,
}

impl Shows {
    /// The same of the class.
    pub fn of_the_class(self) -> Self {
        match self {
            Self::Subject(subject) | Self::Class(subject) => Self::Class(subject),
            Self::Collage | Self::ClassCollage => Self::ClassCollage,
        }
    }
}

/// One picture to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What it shows.
    pub shows: Shows,
    /// What it is called.
    pub caption: String,
    /// How it was put together, for collages.
    pub collage: Option<Placed>,
    /// The picture.
    pub latents: Latents,
}

/// A collage and where its caption names whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// Seam and halves.
    pub collage: Collage,
    /// The positions of each half's words among the caption's tokens.
    pub tokens: [Vec<usize>; 2],
}

/// A picture as the autoencoder sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Latents {
    /// The autoencoder's distribution, from which each step draws.
    Encoded(PictureLatents),
    /// What the base itself sampled: exact and already scaled, `[channels, height, width]`.
    Exact(Vec<f32>),
}

/// The autoencoder's distribution of one picture, before scaling.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureLatents {
    /// `[channels, height, width]`, row by row.
    pub mean: Vec<f32>,
    /// Of the same shape.
    pub log_variance: Vec<f32>,
}

impl PictureLatents {
    /// z = (mean + std · noise) · scaling factor, std = exp(log variance / 2).
    ///
    /// The log variance is held to [−30, 20] as in diffusers' DiagonalGaussianDistribution.
    pub fn sample(&self, noise: &[f32], scaling_factor: f32) -> Vec<f32> {
        let parts = self.mean.iter().zip(&self.log_variance).zip(noise);
        parts
            .map(|((mean, log_variance), noise)| {
                let std = libm::expf(0.5 * log_variance.clamp(-30.0, 20.0));
                (mean + std * noise) * scaling_factor
            })
            .collect()
    }
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
        let z = picture.sample(&[2.0, 1.0, 1.0], 0.5);
        assert!((z[0] - 1.5).abs() < 1e-6);
        assert!((z[1] + 0.5).abs() < 1e-6, "the log variance is held at −30");
        assert!((z[2] - 0.5 * 1.0_f32.exp()).abs() < 1e-6);
    }
}
