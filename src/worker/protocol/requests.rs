//! What the page asks for.

use serde::{Deserialize, Serialize};

use crate::config::{EditConfig, GenerateConfig, TrainConfig};
use crate::worker::protocol::bases::BaseSource;
use crate::worker::protocol::kinds::{
    ArrangedCollage, Collage, Combining, DeltaStrength, DeviceChoice, ExportFormat, Task,
};
use crate::worker::protocol::plans::PlanRequest;

/// Work for the engine, posted in a [`Message`](super::Message).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the doc of each variant covers its fields")]
pub enum Request {
    /// Chooses the device and loads a model, after a memory plan
    /// ([`Event::Planned`](super::Event::Planned)). A model that does not fit is refused before a
    /// weight is fetched, with [`Error::DoesNotFit`](crate::Error::DoesNotFit), unless it is to be tried
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
    /// Plans how much memory a model needs; answered by [`Event::Planned`](super::Event::Planned).
    Plan(PlanRequest),
    /// Sets the pixels a side of pictures; answered by [`Event::SizeSet`](super::Event::SizeSet), then
    /// by [`Event::Picture`](super::Event::Picture) for every picture.
    SetSize { size: usize },
    /// Lists the catalogue; answered by [`Event::Catalogue`](super::Event::Catalogue).
    ListCatalogue,
    /// Lists the stored models; answered by [`Event::Stored`](super::Event::Stored).
    ListStored,
    /// Removes stored models, by their keys; answered by [`Event::Stored`](super::Event::Stored). A
    /// loaded model stays.
    RemoveStored { keys: Vec<String> },
    /// Adds a picture of a subject; answered by [`Event::Picture`](super::Event::Picture).
    AddPicture {
        id: u32,
        subject: u32,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Moves the square crop of a picture: 0 is left or top, 1 is right or bottom.
    CropPicture { id: u32, offset: f32 },
    /// Turns a picture to the right by quarter turns, counted from how it came.
    TurnPicture { id: u32, quarters: u8 },
    /// Removes a picture; answered by [`Event::PictureRemoved`](super::Event::PictureRemoved).
    RemovePicture { id: u32 },
    /// Shows the first `count` collages of a run; answered by [`Event::Collages`](super::Event::Collages).
    ShowCollages {
        #[serde(flatten)]
        run: TrainRun,
        count: usize,
    },
    /// Shows a collage as the person arranged it; answered by [`Event::Collage`](super::Event::Collage).
    ArrangeCollage {
        #[serde(flatten)]
        run: TrainRun,
        number: usize,
        collage: Collage,
    },
    /// Trains on the pictures that were added.
    Train(TrainRun),
    /// Resumes the run of the stored checkpoint.
    ResumeRun,
    /// Deletes that checkpoint.
    DiscardRun,
    /// Generates pictures, with and without deltas; answered by [`Event::Generated`](super::Event::Generated).
    Generate(GenerateRequest),
    /// Opens a delta file beside those that are open.
    OpenDelta {
        name: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        apply_anyway: bool,
    },
    /// Closes a delta; answered by [`Event::DeltaClosed`](super::Event::DeltaClosed).
    CloseDelta { id: String },
    /// Changes the words of an open delta; answered by [`Event::Delta`](super::Event::Delta), because
    /// its file changes, and [`Event::Described`](super::Event::Described).
    DescribeDelta(DescribeRequest),
    /// Packs an open delta into the text of a link of at most `limit` characters; answered by
    /// [`Event::Packed`](super::Event::Packed).
    PackDelta { id: String, limit: usize },
    /// Unpacks the text of a link into a delta file, without opening it; answered by
    /// [`Event::Unpacked`](super::Event::Unpacked).
    UnpackDelta { text: String },
    /// Opens the delta as it was when the preview of this step was made.
    KeepPreview { step: usize },
    /// Combines open deltas into one; answered by [`Event::Delta`](super::Event::Delta).
    Combine(CombineRequest),
    /// Writes an open delta for other programs; answered by [`Event::Exported`](super::Event::Exported).
    Export(ExportRequest),
    /// Edits a picture that was added; answered by [`Event::Generated`](super::Event::Generated), with
    /// the picture itself in place of the base model's, and [`Event::Edited`](super::Event::Edited).
    Edit(EditRequest),
    /// Compares the device with the model's reference tensors; answered by
    /// [`Event::Checked`](super::Event::Checked).
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
            | Self::ShowCollages { .. }
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

/// A training run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainRun {
    /// The settings.
    #[serde(flatten)]
    pub config: TrainConfig,
    /// The number that each subject's pictures were added with, in the order of the subjects.
    pub subject_numbers: Vec<u32>,
    /// Collages that a person arranged.
    pub arranged: Vec<ArrangedCollage>,
}

/// Pictures of one prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// Every event of this work carries it.
    pub id: u32,
    /// The settings.
    #[serde(flatten)]
    pub config: GenerateConfig,
    /// Open deltas that are added to the model; none for the model itself.
    pub deltas: Vec<DeltaStrength>,
    /// Makes the model's own pictures of the same prompt and seed too.
    pub compare: bool,
    /// Factors on all strengths: one picture for each, of the same seed, in place of
    /// `num_images_per_prompt`. Usually empty.
    #[serde(default)]
    pub strength_factors: Vec<f32>,
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

/// The edit of one picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EditRequest {
    /// Every event of this work carries it.
    pub id: u32,
    /// The picture's id.
    pub picture: u32,
    /// The settings.
    #[serde(flatten)]
    pub config: EditConfig,
}
