//! The bytes of a checkpoint.
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
//! The hash is checked before anything is parsed, so a file that was cut or changed is refused as a
//! whole.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::{TrainConfig, file};
use crate::error::{Error, Result};
use crate::train::checkpoint::state::{Checkpoint, refuse};
use crate::train::dataset::sample::{Latents, PictureLatents, Placed, Sample, Shows};
use crate::train::trainer::StepLoss;

const MAGIC: &[u8; 8] = b"DBOOTHCK";
const VERSION: u32 = 2;
const PROLOGUE: usize = 8 + 4 + 32 + 8;

/// The JSON part.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(with = "file")]
    settings: TrainConfig,
    base_id: String,
    base_hash: String,
    step: u64,
    /// As text: JSON readers may round large integers.
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
    fn new(sample: &Sample) -> Self {
        Self {
            shows: sample.shows,
            caption: sample.caption.clone(),
            collage: sample.collage.clone(),
            exact: matches!(sample.latents, Latents::Exact(_)),
        }
    }

    fn lists(&self) -> usize {
        if self.exact { 1 } else { 2 }
    }
}

impl Header {
    fn new(checkpoint: &Checkpoint) -> Self {
        Self {
            settings: checkpoint.settings.clone(),
            base_id: checkpoint.base_id.clone(),
            base_hash: checkpoint.base_hash.clone(),
            step: checkpoint.step as u64,
            noise_position: checkpoint.noise_position.to_string(),
            latent_shape: checkpoint.latent_shape.map(|n| n as u32),
            parameters: checkpoint.delta.len() as u64,
            samples: checkpoint.samples.iter().map(SampleHeader::new).collect(),
            losses: checkpoint.losses.len() as u64,
        }
    }

    /// δ, the moments, and the average if there is one.
    fn vectors(&self) -> u64 {
        if self.settings.averages() { 4 } else { 3 }
    }

    /// Numbers in one list of latents.
    fn latent_size(&self) -> Option<u64> {
        let shape = self.latent_shape.iter();
        shape
            .map(|&n| u64::from(n))
            .try_fold(1, u64::checked_mul)
            .filter(|&size| size > 0)
    }

    /// Bytes of all numbers; `None` if that cannot be counted.
    fn data_len(&self) -> Option<u64> {
        let lists: usize = self.samples.iter().map(SampleHeader::lists).sum();
        let latents = (lists as u64).checked_mul(self.latent_size()?)?;
        let vectors = self.parameters.checked_mul(self.vectors())?;
        let losses = self.losses.checked_mul(4)?;
        let numbers = latents.checked_add(vectors)?.checked_add(losses)?;
        numbers.checked_mul(4)
    }
}

impl Checkpoint {
    /// The file's bytes.
    ///
    /// # Errors
    /// `Checkpoint` if lists differ in size (a bug, found before it is stored).
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let lists = self.lists()?;
        let header = serde_json::to_vec(&Header::new(self)).map_err(|error| {
            Error::Checkpoint(format!("The checkpoint could not be written: {error}."))
        })?;
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 32]);
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        for list in lists {
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

    /// All lists of numbers but the losses, in the order of the file.
    fn lists(&self) -> Result<Vec<&Vec<f32>>> {
        let mut lists = vec![&self.delta, &self.exp_avg, &self.exp_avg_sq];
        if self.settings.averages() {
            lists.push(&self.average);
        }
        let parameters = self.delta.len();
        let fits = lists.iter().all(|list| list.len() == parameters);
        let latents = self
            .samples
            .iter()
            .flat_map(|sample| match &sample.latents {
                Latents::Exact(latents) => vec![latents],
                Latents::Encoded(picture) => vec![&picture.mean, &picture.log_variance],
            });
        let latents: Vec<_> = latents.collect();
        let size: usize = self.latent_shape.iter().product();
        if !fits || latents.iter().any(|list| list.len() != size) {
            return refuse("its parts differ in size");
        }
        lists.extend(latents);
        Ok(lists)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// `Checkpoint` if this is another format or version, is damaged, or does not hold what its
    /// header says.
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
        assemble(header, numbers)
    }
}

fn assemble(mut header: Header, numbers: &[u8]) -> Result<Checkpoint> {
    header.settings = header.settings.validated()?;
    let size = header.latent_size();
    let fits = header.data_len() == Some(numbers.len() as u64) && header.losses <= header.step;
    let Some(size) = size.filter(|_| fits) else {
        return refuse("it does not hold the numbers that its header promises");
    };
    let mut numbers = Numbers(numbers);
    let parameters = header.parameters as usize;
    let average = (header.vectors() == 4).then_some(parameters);
    let checkpoint = Checkpoint {
        settings: header.settings,
        base_id: header.base_id,
        base_hash: header.base_hash,
        step: header.step as usize,
        noise_position: header
            .noise_position
            .parse()
            .or_else(|_| refuse("its random position is no number"))?,
        latent_shape: header.latent_shape.map(|n| n as usize),
        delta: numbers.take(parameters),
        exp_avg: numbers.take(parameters),
        exp_avg_sq: numbers.take(parameters),
        average: numbers.take(average.unwrap_or(0)),
        samples: header
            .samples
            .into_iter()
            .map(|sample| numbers.sample(sample, size as usize))
            .collect(),
        losses: numbers.losses(header.losses as usize),
    };
    checkpoint.check()?;
    Ok(checkpoint)
}

/// Numbers that were not taken yet, F32 little-endian.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take(&mut self, count: usize) -> Vec<f32> {
        let (taken, rest) = self.0.split_at((4 * count).min(self.0.len()));
        self.0 = rest;
        let numbers = taken.as_chunks().0.iter();
        numbers.map(|&number| f32::from_le_bytes(number)).collect()
    }

    fn sample(&mut self, header: SampleHeader, size: usize) -> Sample {
        Sample {
            shows: header.shows,
            caption: header.caption,
            collage: header.collage,
            latents: if header.exact {
                Latents::Exact(self.take(size))
            } else {
                Latents::Encoded(PictureLatents {
                    mean: self.take(size),
                    log_variance: self.take(size),
                })
            },
        }
    }

    fn losses(&mut self, count: usize) -> Vec<StepLoss> {
        let numbers = self.take(4 * count);
        let losses = numbers.as_chunks().0.iter().enumerate();
        losses
            .map(|(index, &[subject, prior, unmix, total])| StepLoss {
                step: index + 1,
                subject,
                prior,
                unmix,
                total,
            })
            .collect()
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().or_else(|_| refuse("it is too short"))
}
