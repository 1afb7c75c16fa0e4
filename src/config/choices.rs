//! Settings with a fixed set of values.

use serde::{Deserialize, Serialize};

/// How the learning rates change over a training run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "booth",
    derive(clap::ValueEnum),
    value(rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum LrScheduler {
    /// No change.
    #[default]
    Constant,
    /// Down to zero along half a cosine.
    Cosine,
    /// Down to zero along a line.
    Linear,
}

impl LrScheduler {
    /// Every scheduler.
    pub const ALL: [Self; 3] = [Self::Constant, Self::Cosine, Self::Linear];
}

/// How the timesteps of a training run are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "booth",
    derive(clap::ValueEnum),
    value(rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum TimestepSampling {
    /// Independently and uniformly.
    #[default]
    Uniform,
    /// From each sixteenth of the noise schedule in turn, in a shuffled order.
    Stratified,
    /// In pairs: t and T - 1 - t.
    Antithetic,
}

impl TimestepSampling {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Uniform, Self::Stratified, Self::Antithetic];
}

/// A sampling method; each follows the diffusers class that its variant names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "booth",
    derive(clap::ValueEnum),
    value(rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum SamplerKind {
    /// DDIMScheduler.
    #[default]
    Ddim,
    /// EulerDiscreteScheduler.
    Euler,
    /// EulerAncestralDiscreteScheduler; adds noise in every step.
    EulerAncestral,
    /// DPMSolverMultistepScheduler: DPM-Solver++ (2M).
    DpmSolverMultistep,
    /// LCMScheduler, for latent consistency models.
    Lcm,
}

impl SamplerKind {
    /// Every method.
    pub const ALL: [Self; 5] = [
        Self::Ddim,
        Self::Euler,
        Self::EulerAncestral,
        Self::DpmSolverMultistep,
        Self::Lcm,
    ];
}

/// The layers of the UNet that are trained (SVDiff, section 4 and its table of sizes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "booth",
    derive(clap::ValueEnum),
    value(rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum LayerPreset {
    /// Every layer.
    #[default]
    All,
    /// Cross-attention; UNet-CA in the paper.
    CrossAttention,
    /// Keys and values of cross-attention; UNet-CA-KV in the paper.
    KeyValue,
    /// Norms.
    OneD,
    /// Linear layers and embeddings.
    TwoD,
    /// Convolutions.
    FourD,
    /// Up blocks.
    Up,
    /// Down blocks.
    Down,
    /// Mid block.
    Mid,
    /// Cross-attention of the up blocks.
    UpCrossAttention,
    /// Cross-attention of the down blocks.
    DownCrossAttention,
    /// Cross-attention of the mid block.
    MidCrossAttention,
}

impl LayerPreset {
    /// All presets.
    pub const ALL: [Self; 12] = [
        Self::All,
        Self::CrossAttention,
        Self::KeyValue,
        Self::OneD,
        Self::TwoD,
        Self::FourD,
        Self::Up,
        Self::Down,
        Self::Mid,
        Self::UpCrossAttention,
        Self::DownCrossAttention,
        Self::MidCrossAttention,
    ];
}

/// How the weights of norms are shifted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "booth",
    derive(clap::ValueEnum),
    value(rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum NormShift {
    /// One δ per channel, added to the weight (SVDiff's authors).
    #[default]
    FullLength,
    /// One δ per norm, on the singular value of the weight as a 1×C row (svdiff-pytorch).
    Scalar,
}
