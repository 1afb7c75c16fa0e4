//! Types that both requests and events use.

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

/// Two subjects in one picture, as in `config::collage`, with the ids of their pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collage {
    /// Top and bottom; otherwise left and right.
    pub top_bottom: bool,
    /// Position of the seam, as a fraction of the side.
    pub seam: f32,
    /// Left and right, or top and bottom.
    pub halves: [Half; 2],
}

/// One half of a collage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Half {
    /// The picture's id.
    pub picture: u32,
    /// Side of the picture, as a fraction of the collage's side.
    pub scale: f32,
    /// From the half's centre to the picture's, right and down, as fractions of the half's sides.
    pub offset: [f32; 2],
}

/// A collage that replaces the drawn one of its number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrangedCollage {
    /// Its index among the run's collages, from 0.
    pub number: usize,
    /// The collage as the person arranged it.
    pub collage: Collage,
}

/// An open delta and its strength.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeltaStrength {
    /// The delta's id.
    pub id: String,
    /// 1 is as trained, 0 is the base model; below 0 leads away from the subject.
    pub strength: f32,
}

/// An RGBA picture, row by row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width · height · 4` bytes.
    #[serde(with = "serde_bytes")]
    pub rgba: Vec<u8>,
}

/// How deltas are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combining {
    /// The sum, each at its strength.
    #[default]
    Sum,
    /// Between two: the first's strength goes from 0 (the second) to 1 (the first).
    Interpolate,
    /// Geometry of the first, appearance of the second.
    StyleMix,
}

impl Combining {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Sum, Self::Interpolate, Self::StyleMix];
}

/// The format of another program.
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

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Loading the model.
    Load,
    /// Planning a model's memory.
    Plan,
    /// Reading the catalogue.
    Catalogue,
    /// Listing or removing stored models.
    Storage,
    /// Decomposing the model's weights.
    Decompose,
    /// Generating class pictures.
    Prior,
    /// Training.
    Train,
    /// Generating pictures.
    Generate,
    /// Opening a delta, or changing its words.
    OpenDelta,
    /// Packing a delta into a link, or unpacking it.
    Link,
    /// Combining deltas.
    Combine,
    /// Exporting a delta for other programs.
    Export,
    /// Adding or changing a picture.
    Picture,
    /// Checking the device.
    Check,
}
