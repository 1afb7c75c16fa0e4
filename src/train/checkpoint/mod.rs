//! Everything that a run needs to go on, as one checked blob.
//!
//! ```text
//! 8 bytes    "DBOOTHCK"
//! 4 bytes    format version, u32 little-endian
//! 32 bytes   SHA-256 of all that follows
//! 8 bytes    length of the header, u64 little-endian
//! header     JSON: settings, base, positions, and the length of each list of numbers
//! numbers    F32 little-endian, list after list
//! ```
//!
//! The hash is checked before anything is parsed, so a file that was cut or changed is refused
//! whole.

pub mod slots;
pub mod store;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::train::checkpoint::store::CheckpointStore;
#[cfg(not(target_family = "wasm"))]
pub use crate::train::checkpoint::store::FolderStore;

use crate::config::{TrainConfig, file};
use crate::error::{Error, Result};
use crate::train::dataset::sample::{Latents, PictureLatents, Placed, Sample, Shows};
use crate::train::trainer::StepLoss;

const MAGIC: &[u8; 8] = b"DBOOTHCK";
const VERSION: u32 = 2;
const PROLOGUE: usize = 8 + 4 + 32 + 8;

/// A training run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What the run was asked for.
    pub settings: TrainConfig,
    /// The base's name.
    pub base_id: String,
    /// SHA-256 of the base's weight tensors.
    pub base_hash: String,
    /// Steps done; also the optimiser's count.
    pub step: usize,
    /// Where the stream of random numbers stands.
    pub noise_position: u64,
    /// Shape of one latent: channels, height, width.
    pub latent_shape: [usize; 3],
    /// δ, flat.
    pub delta: Vec<f32>,
    /// AdamW's first moment.
    pub exp_avg: Vec<f32>,
    /// AdamW's second moment.
    pub exp_avg_sq: Vec<f32>,
    /// The average of δ that becomes the result, flat; empty without one.
    pub average: Vec<f32>,
    /// What steps draw from.
    pub samples: Vec<Sample>,
    /// The losses so far, one per step.
    pub losses: Vec<StepLoss>,
}

/// The JSON part of the blob.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(with = "file")]
    settings: TrainConfig,
    base_id: String,
    base_hash: String,
    step: u64,
    /// As text: JSON readers may round large whole numbers.
    noise_position: String,
    latent_shape: [u32; 3],
    parameters: u64,
    samples: Vec<SampleHeader>,
    losses: u64,
}

/// A sample without its latents: one list of numbers if they are exact, else mean and log variance.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleHeader {
    shows: Shows,
    caption: String,
    collage: Option<Placed>,
    exact: bool,
}

impl SampleHeader {
    fn lists(&self) -> usize {
        if self.exact { 1 } else { 2 }
    }
}

impl Checkpoint {
    /// The blob.
    ///
    /// # Errors
    /// `Checkpoint` when the parts do not fit each other (a bug, found before it is stored).
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let size: usize = self.latent_shape.iter().product();
        let latents: Vec<&Vec<f32>> = self
            .samples
            .iter()
            .flat_map(|sample| match &sample.latents {
                Latents::Exact(latents) => vec![latents],
                Latents::Encoded(picture) => vec![&picture.mean, &picture.log_variance],
            })
            .collect();
        let mut vectors = vec![&self.delta, &self.exp_avg, &self.exp_avg_sq];
        if self.settings.averages() {
            vectors.push(&self.average);
        }
        if latents.iter().any(|l| l.len() != size)
            || vectors.iter().any(|v| v.len() != self.delta.len())
        {
            return refuse("its parts differ in size");
        }
        let header = Header {
            settings: self.settings.clone(),
            base_id: self.base_id.clone(),
            base_hash: self.base_hash.clone(),
            step: self.step as u64,
            noise_position: self.noise_position.to_string(),
            latent_shape: self.latent_shape.map(|n| n as u32),
            parameters: self.delta.len() as u64,
            samples: self
                .samples
                .iter()
                .map(|sample| SampleHeader {
                    shows: sample.shows,
                    caption: sample.caption.clone(),
                    collage: sample.collage.clone(),
                    exact: matches!(sample.latents, Latents::Exact(_)),
                })
                .collect(),
            losses: self.losses.len() as u64,
        };
        let header = serde_json::to_vec(&header).map_err(|error| {
            Error::Checkpoint(format!("The checkpoint could not be written: {error}."))
        })?;
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 32]);
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        for list in vectors.into_iter().chain(latents) {
            bytes.extend(list.iter().flat_map(|x| x.to_le_bytes()));
        }
        for loss in &self.losses {
            let numbers = [loss.subject, loss.prior, loss.unmix, loss.total];
            bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        }
        let hash = Sha256::digest(&bytes[44..]);
        bytes[12..44].copy_from_slice(&hash);
        Ok(bytes)
    }

    /// Reads a blob back.
    ///
    /// # Errors
    /// `Checkpoint` when it is none, of another version, damaged, or does not hold what its header
    /// promises.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() < PROLOGUE || !bytes.starts_with(MAGIC) {
            return refuse("it is not a checkpoint of this program");
        }
        let version = u32::from_le_bytes(array(&bytes[8..12])?);
        if version != VERSION {
            return refuse(&format!(
                "it has format {version}, this program reads format {VERSION}"
            ));
        }
        if Sha256::digest(&bytes[44..]).as_slice() != &bytes[12..44] {
            return refuse("it is damaged: its content does not match its SHA-256");
        }
        let header_len = u64::from_le_bytes(array(&bytes[44..52])?);
        let rest = &bytes[PROLOGUE..];
        let header_len = usize::try_from(header_len)
            .ok()
            .filter(|&n| n <= rest.len());
        let Some(header_len) = header_len else {
            return refuse("its header is longer than the file");
        };
        let (header, numbers) = rest.split_at(header_len);
        let header: Header = serde_json::from_slice(header)
            .or_else(|error| refuse(&format!("its header cannot be read ({error})")))?;
        Self::assemble(header, numbers)
    }

    fn assemble(header: Header, numbers: &[u8]) -> Result<Self> {
        let latent_shape = header.latent_shape.map(|n| n as usize);
        let size = latent_shape
            .iter()
            .try_fold(1_u64, |n, &d| n.checked_mul(d as u64));
        let settings = header.settings.validated()?;
        let vectors = if settings.averages() { 4 } else { 3 };
        let wanted = size.and_then(|size| {
            let lists: usize = header.samples.iter().map(SampleHeader::lists).sum();
            let latents = (lists as u64).checked_mul(size)?;
            let vectors = header.parameters.checked_mul(vectors)?;
            let losses = header.losses.checked_mul(4)?;
            latents
                .checked_add(vectors)?
                .checked_add(losses)?
                .checked_mul(4)
        });
        let size = size.unwrap_or(0) as usize;
        if wanted != Some(numbers.len() as u64) || size == 0 || header.losses > header.step {
            return refuse("it does not hold the numbers that its header promises");
        }
        let mut floats = numbers
            .chunks_exact(4)
            .filter_map(|b| Some(f32::from_le_bytes(b.try_into().ok()?)));
        let mut take = |n: usize| floats.by_ref().take(n).collect::<Vec<f32>>();
        let parameters = header.parameters as usize;
        let (delta, exp_avg, exp_avg_sq) = (take(parameters), take(parameters), take(parameters));
        let average = take(if vectors == 4 { parameters } else { 0 });
        let samples = header
            .samples
            .into_iter()
            .map(|sample| Sample {
                shows: sample.shows,
                caption: sample.caption,
                collage: sample.collage,
                latents: if sample.exact {
                    Latents::Exact(take(size))
                } else {
                    Latents::Encoded(PictureLatents {
                        mean: take(size),
                        log_variance: take(size),
                    })
                },
            })
            .collect();
        let losses = take(4 * header.losses as usize);
        let losses = losses.chunks_exact(4).enumerate();
        let losses = losses
            .map(|(index, of)| StepLoss {
                step: index + 1,
                subject: of[0],
                prior: of[1],
                unmix: of[2],
                total: of[3],
            })
            .collect();
        let checkpoint = Self {
            settings,
            base_id: header.base_id,
            base_hash: header.base_hash,
            step: header.step as usize,
            noise_position: header
                .noise_position
                .parse()
                .or_else(|_| refuse("its random position is no number"))?,
            latent_shape,
            delta,
            exp_avg,
            exp_avg_sq,
            average,
            samples,
            losses,
        };
        let lists = [
            &checkpoint.delta,
            &checkpoint.exp_avg,
            &checkpoint.exp_avg_sq,
            &checkpoint.average,
        ];
        if lists.iter().any(|list| list.iter().any(|x| !x.is_finite())) {
            return refuse("its shifts hold what is no number");
        }
        checkpoint.check_samples()?;
        Ok(checkpoint)
    }

    /// Every kind of sample that a step may ask for is there, and none that it could not place.
    fn check_samples(&self) -> Result<()> {
        let settings = &self.settings;
        let has = |shows: Shows| self.samples.iter().any(|sample| sample.shows == shows);
        let mut kinds: Vec<Shows> = (0..settings.subjects.len()).map(Shows::Subject).collect();
        if settings.mixes() {
            kinds.push(Shows::Collage);
        }
        if settings.uses_prior() {
            let classes: Vec<Shows> = kinds.iter().map(|kind| kind.of_the_class()).collect();
            kinds.extend(classes);
        }
        if !kinds.iter().copied().all(has) || self.samples.iter().any(|s| !kinds.contains(&s.shows))
        {
            return refuse("its pictures do not fit its settings");
        }
        let placed = self.samples.iter().filter_map(|s| s.collage.as_ref());
        placed
            .into_iter()
            .try_for_each(|placed| placed.collage.check())
    }

    /// Makes sure that the run can go on with the base whose hash is `base_hash`.
    ///
    /// # Errors
    /// `Checkpoint` when the run was made with another base.
    pub fn check_base(&self, base_hash: &str) -> Result<()> {
        if self.base_hash == base_hash {
            return Ok(());
        }
        refuse(&format!(
            "it was made with the base '{}', and another one is loaded",
            self.base_id
        ))
    }
}

fn refuse<T>(why: &str) -> Result<T> {
    Err(Error::Checkpoint(format!(
        "The checkpoint cannot be used: {why}. Discard it and start the training again, or load \
         the base that it belongs to."
    )))
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().or_else(|_| refuse("it is too short"))
}

#[cfg(test)]
mod tests;
