//! What requests and events speak of.

use serde::{Deserialize, Serialize};

pub use crate::config::{Captions, SamplerKind, SubjectWords};

/// Which device to run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// WebGPU on a real GPU, otherwise the CPU.
    #[default]
    Auto,
    /// WebGPU, on a software adapter too.
    Gpu,
    /// The CPU.
    Cpu,
}

/// Two subjects in one picture, as the engine's `train::collage` has it; pictures go by their id.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collage {
    /// Top and bottom; otherwise left and right.
    pub top_bottom: bool,
    /// Where the seam is, as a part of the side.
    pub seam: f32,
    /// Left and right, or top and bottom.
    pub halves: [Half; 2],
}

/// What one half of a collage shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Half {
    /// The picture's id.
    pub picture: u32,
    /// Side of the picture, as a part of the collage's side.
    pub scale: f32,
    /// From the half's middle to the picture's, right and down, as a part of the half's sides.
    pub offset: [f32; 2],
}

/// A collage that takes the place of the one drawn at its number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrangedCollage {
    /// Its place among the run's collages, from 0.
    pub number: usize,
    /// What a person made of it.
    pub collage: Collage,
}

/// How much of an open delta goes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeltaStrength {
    /// The delta's id.
    pub id: String,
    /// 1 is as trained, 0 is the base; below 0 leads away from the subject.
    pub strength: f32,
}

/// A picture, RGBA, row by row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width · height · 4` bytes.
    #[serde(with = "serde_bytes")]
    pub rgba: Vec<u8>,
}

/// How deltas become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combining {
    /// All, each at its strength.
    #[default]
    Sum,
    /// From the second (first's strength 0) to the first (1), of two.
    Interpolate,
    /// Geometry of the first, appearance of the second.
    StyleMix,
}

impl Combining {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Sum, Self::Interpolate, Self::StyleMix];
}

/// Another program's format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// kohya's LoRA, for sd-scripts, A1111, ComfyUI and diffusers.
    #[default]
    LoraKohya,
    /// diffusers' and PEFT's LoRA.
    LoraDiffusers,
    /// svdiff-pytorch's spectral shifts.
    SvdiffPytorch,
}

impl ExportFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::LoraKohya, Self::LoraDiffusers, Self::SvdiffPytorch];
}
