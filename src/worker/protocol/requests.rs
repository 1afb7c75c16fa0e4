//! What the page asks of the engine.

use serde::{Deserialize, Serialize};

use super::{
    ArrangedCollage, BaseSource, Captions, Collage, Combining, DeltaStrength, DeviceChoice,
    ExportFormat, PlanRequest, SamplerKind, SubjectWords, Task,
};
use crate::recipe::{RateSchedule, TimestepSampling};

/// From the page to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant's words speak of its fields")]
pub enum Request {
    /// Chooses the device and loads a base, after a plan of its memory
    /// ([`Event::Planned`](super::Event::Planned)). What cannot fit is refused before a weight is
    /// fetched, with [`Error::DoesNotFit`](crate::Error::DoesNotFit), unless it is to be tried
    /// `anyway`; after such a refusal, and only then, the base that was loaded stays. Pictures get `size` pixels a side, or what the plan
    /// says; `memory` are the bytes that the device has, if the person states them.
    Load {
        source: BaseSource,
        device: DeviceChoice,
        #[serde(default)]
        size: Option<usize>,
        #[serde(default)]
        memory: Option<u64>,
        #[serde(default)]
        anyway: bool,
    },
    /// What a base takes of memory here; answered by [`Event::Planned`](super::Event::Planned).
    Plan(PlanRequest),
    /// Makes and learns from pictures of so many pixels a side from now on; answered by
    /// [`Event::SizeSet`](super::Event::SizeSet), then by every picture as it is cropped now.
    SetSize { size: usize },
    /// Reads the catalogue; answered by [`Event::Catalogue`](super::Event::Catalogue).
    ListCatalogue,
    /// What is kept of bases; answered by [`Event::Stored`](super::Event::Stored).
    ListStored,
    /// Removes what is kept of these bases, by their keys; answered by
    /// [`Event::Stored`](super::Event::Stored). The one that is loaded stays.
    RemoveStored { keys: Vec<String> },
    /// Decodes, crops and keeps a picture of a subject; answered by [`Event::Picture`](super::Event::Picture).
    AddPicture {
        id: u32,
        subject: u32,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Moves the square crop of a picture: 0 is left or top, 1 is right or bottom.
    CropPicture { id: u32, offset: f32 },
    /// Turns a picture to the right by so many quarters from how it came.
    TurnPicture { id: u32, quarters: u8 },
    /// Forgets a picture.
    RemovePicture { id: u32 },
    /// Draws the collages that training would begin with; answered by [`Event::Collages`](super::Event::Collages).
    ShowCollages(CollagesRequest),
    /// Composes a collage as a person arranged it; answered by [`Event::Collage`](super::Event::Collage).
    ArrangeCollage {
        subjects: Vec<SubjectWords>,
        captions: Captions,
        number: usize,
        collage: Collage,
    },
    /// Trains on the pictures that were added.
    Train(TrainRequest),
    /// Goes on with the run that a checkpoint in this browser holds.
    ResumeRun,
    /// Deletes that checkpoint.
    DiscardRun,
    /// Makes pictures, with and without deltas; answered by [`Event::Generated`](super::Event::Generated).
    Generate(GenerateRequest),
    /// Opens a delta file beside those that are open.
    OpenDelta {
        name: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        apply_anyway: bool,
    },
    /// Puts an open delta aside.
    CloseDelta { id: String },
    /// Gives an open delta other words; answered by [`Event::Delta`](super::Event::Delta), since
    /// its file is another one.
    DescribeDelta(DescribeRequest),
    /// Makes an open delta the text of a link, of at most `limit` characters; answered by
    /// [`Event::Packed`](super::Event::Packed).
    PackDelta { id: String, limit: usize },
    /// Makes the text of a link a delta file, without opening it; answered by
    /// [`Event::Unpacked`](super::Event::Unpacked).
    UnpackDelta { text: String },
    /// Opens the delta as it was when the preview of this step was made.
    KeepPreview { step: usize },
    /// Makes one delta of open ones; answered by [`Event::Delta`](super::Event::Delta).
    Combine(CombineRequest),
    /// Writes an open delta for other programs; answered by [`Event::Exported`](super::Event::Exported).
    Export(ExportRequest),
    /// Edits a picture that was added; answered like pictures that are made, the picture itself in
    /// place of the base's, then by [`Event::Edited`](super::Event::Edited).
    Edit(EditRequest),
    /// Holds what the device computes against the base's reference tensors.
    CheckDevice,
}

impl Request {
    /// The piece of work, as [`Event::Stopped`](super::Event::Stopped) and
    /// [`Event::Failed`](super::Event::Failed) name it. Training may name an earlier stage.
    pub fn task(&self) -> Task {
        match self {
            Self::Load { .. } => Task::Load,
            Self::Plan(_) => Task::Plan,
            Self::ListCatalogue => Task::Catalogue,
            Self::ListStored | Self::RemoveStored { .. } => Task::Storage,
            Self::SetSize { .. }
            | Self::AddPicture { .. }
            | Self::CropPicture { .. }
            | Self::TurnPicture { .. }
            | Self::RemovePicture { .. }
            | Self::ShowCollages(_)
            | Self::ArrangeCollage { .. } => Task::Picture,
            Self::Train(_) | Self::ResumeRun | Self::DiscardRun => Task::Train,
            Self::Generate(_) | Self::Edit(_) => Task::Generate,
            Self::OpenDelta { .. }
            | Self::CloseDelta { .. }
            | Self::DescribeDelta(_)
            | Self::KeepPreview { .. } => Task::OpenDelta,
            Self::PackDelta { .. } | Self::UnpackDelta { .. } => Task::Link,
            Self::Combine(_) => Task::Combine,
            Self::Export(_) => Task::Export,
            Self::CheckDevice => Task::Check,
        }
    }

    /// Whether the work can be paused and cancelled while it runs.
    pub fn can_stop(&self) -> bool {
        matches!(
            self,
            Self::Load { .. }
                | Self::Train(_)
                | Self::ResumeRun
                | Self::Generate(_)
                | Self::Combine(_)
                | Self::Export(_)
                | Self::Edit(_)
                | Self::CheckDevice
        )
    }
}

/// Which collages to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollagesRequest {
    /// The subjects of the run.
    pub subjects: Vec<SubjectWords>,
    /// What its pictures are called.
    pub captions: Captions,
    /// The run's seed.
    pub seed: u64,
    /// The first so many.
    pub count: usize,
    /// Those that a person arranged.
    pub arranged: Vec<ArrangedCollage>,
}

/// What a training run is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainRequest {
    /// The subjects to learn.
    pub subjects: Vec<SubjectWords>,
    /// Which layers, by the name of one of [`Event::Loaded`](super::Event::Loaded)'s presets.
    pub layers: String,
    /// Train the text encoder too.
    pub text_encoder: bool,
    /// With several subjects: how often a step sees a collage of two.
    pub mix_probability: f64,
    /// Weight of the unmix loss on collages.
    pub unmix_weight: f64,
    /// How timesteps are drawn.
    pub timesteps: TimestepSampling,
    /// min-SNR's γ; 0 weighs all timesteps alike.
    pub min_snr_gamma: f64,
    /// How the learning rates change over the run.
    pub schedule: RateSchedule,
    /// Decay of the average of δ that is kept; 0 keeps δ itself.
    pub ema_decay: f64,
    /// Samples of the subjects in one step.
    pub batch: usize,
    /// Samples of their classes in one step.
    pub prior_batch: usize,
    /// Show each picture mirrored too.
    pub flip: bool,
    /// What pictures are called.
    pub captions: Captions,
    /// Collages that a person arranged.
    pub arranged: Vec<ArrangedCollage>,
    /// Training steps.
    pub steps: usize,
    /// Learning rate of the shifts of linear and convolution weights.
    pub learning_rate: f64,
    /// Learning rate of the shifts of norms.
    pub learning_rate_1d: f64,
    /// λ, the weight of the prior loss.
    pub prior_weight: f64,
    /// Class pictures that the base makes of itself.
    pub prior_images: usize,
    /// Everything random follows from it.
    pub seed: u64,
    /// A preview picture every so many steps; 0 for none.
    pub preview_every: usize,
    /// A checkpoint every so many steps.
    pub checkpoint_every: usize,
}

/// What a picture is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// Comes back with every event of this work.
    pub id: u32,
    /// What the picture should show.
    pub prompt: String,
    /// What it should not show.
    pub negative_prompt: String,
    /// The starting noise follows from it.
    pub seed: u64,
    /// The sampling method.
    #[serde(default)]
    pub sampler: SamplerKind,
    /// Sampling steps.
    pub steps: usize,
    /// Classifier-free guidance; 1 is none.
    pub guidance_scale: f64,
    /// Open deltas to add to the base; none is the base itself.
    pub deltas: Vec<DeltaStrength>,
    /// Pictures.
    pub count: usize,
    /// Also makes the base's own pictures of the same prompt and seed.
    pub compare: bool,
    /// Factors on all strengths: a picture for each, of the same seed, in place of `count`. Usually
    /// empty.
    #[serde(default)]
    pub strength_factors: Vec<f32>,
    /// A word of the prompt: pictures come dark where it did not look. Usually empty.
    #[serde(default)]
    pub attend_to: String,
}

/// Other words for an open delta.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeRequest {
    /// The open delta's id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// On what terms.
    pub licence: String,
    /// Anything else.
    pub description: String,
}

/// One delta of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CombineRequest {
    /// Open deltas in their order, each with its strength.
    pub deltas: Vec<DeltaStrength>,
    /// How they become one.
    pub how: Combining,
    /// The shifts of each layer that stay, those that change it most; `None` keeps all.
    pub rank: Option<usize>,
}

/// A delta for another program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportRequest {
    /// The open delta's id.
    pub id: String,
    /// The other program's format.
    pub format: ExportFormat,
    /// The LoRA's rank.
    pub rank: usize,
}

/// One picture, learned by its prompt and edited by another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditRequest {
    /// Comes back with every event of this work.
    pub id: u32,
    /// The picture's id.
    pub picture: u32,
    /// What it shows.
    pub prompt: String,
    /// What it should show.
    pub target: String,
    /// Steps of learning the picture; 0 edits with the base as it is.
    pub train_steps: usize,
    /// Steps of the inversion and of the sampling.
    pub steps: usize,
    /// Classifier-free guidance towards the target.
    pub guidance_scale: f64,
    /// DDIM's η, 0 to 1: more lets the picture leave its layout.
    pub eta: f64,
    /// 0 begins with the picture's own noise, 1 with a fresh one.
    pub slerp: f64,
    /// Everything random follows from it.
    pub seed: u64,
}
