//! Types that both requests and events use.

use serde::{Deserialize, Serialize};

use crate::recipe;

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

/// A sampling method, with the diffusers class that it follows.
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
    /// LCMScheduler, for models that were distilled for it.
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

/// A subject and its names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectWords {
    /// The number that its pictures were added with.
    pub number: u32,
    /// The identifier word ('sks').
    pub token: String,
    /// The class word ('robot').
    pub class_word: String,
}

/// Two subjects in one picture, as in `train::dataset::collage`, with the ids of their pictures.
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

/// What training pictures are called, as the engine's `train::words::Templates` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captions {
    /// One subject.
    pub single: String,
    /// A collage of left and right.
    pub left_right: String,
    /// A collage of top and bottom.
    pub top_bottom: String,
    /// Any collage.
    pub together: String,
    /// Ends of the class pictures' prompts, in turn.
    pub class_scenes: Vec<String>,
}

impl Default for Captions {
    fn default() -> Self {
        Self {
            single: recipe::CAPTION.into(),
            left_right: recipe::CAPTION_LEFT_RIGHT.into(),
            top_bottom: recipe::CAPTION_TOP_BOTTOM.into(),
            together: recipe::CAPTION_TOGETHER.into(),
            class_scenes: recipe::CLASS_SCENES.map(str::to_owned).into(),
        }
    }
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
