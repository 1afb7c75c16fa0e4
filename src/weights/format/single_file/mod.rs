//! Checkpoints of one file, as the original code wrote them (LDM layout), under diffusers' names.
//!
//! | prefix | part |
//! |---|---|
//! | `model.diffusion_model.` | `unet` |
//! | `first_stage_model.` | `vae` |
//! | `cond_stage_model.transformer.` | `text_encoder` of Stable Diffusion 1, CLIP |
//! | `cond_stage_model.model.`, `conditioner.embedders.0.model.` | `text_encoder` of Stable Diffusion 2, OpenCLIP |
//!
//! The parts stand interleaved in the file, which is read once, from its beginning to its end. What
//! has other prefixes is passed over: averaged copies (`model_ema.`) and the schedule's buffers.

pub(crate) mod names;

mod open_clip;
mod refuse;
mod unet;
mod vae;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::Result;
use crate::weights::digest::sha256;
use crate::weights::files::is_buffer;
use crate::weights::format::safetensors::{Header, TensorInfo};
use crate::weights::format::single_file::open_clip::Found;
use crate::weights::format::single_file::unet::UnetNames;
use crate::weights::format::stored::{Place, convert, upload};
use crate::weights::format::stream::{RawTensor, Stream, fault};
use crate::weights::{BaseHash, Files, Weights};

/// The parts of a base, as their folders are called.
pub const COMPONENTS: [&str; 3] = ["text_encoder", "unet", "vae"];

const UNET: &str = "model.diffusion_model.";
const VAE: &str = "first_stage_model.";
const CLIP: &str = "cond_stage_model.transformer.";
const OPEN_CLIP: [&str; 2] = ["cond_stage_model.model.", "conditioner.embedders.0.model."];

/// Which Stable Diffusion a checkpoint is, told by its text encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 1.x, with OpenAI's CLIP.
    First,
    /// 2.x, with OpenCLIP.
    Second,
}

/// Where a tensor of the file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// One of [`COMPONENTS`].
    pub component: &'static str,
    /// diffusers' name, the text encoder's without `text_model.`.
    pub name: String,
    /// diffusers' shape.
    pub shape: Vec<usize>,
    /// Its bytes, counted from the tensor's first.
    pub bytes: Range<usize>,
}

/// Where every tensor of a file goes, by the name that it has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which Stable Diffusion it is.
    pub generation: Generation,
    /// Tensors that are not named are left out.
    pub targets: BTreeMap<String, Vec<Target>>,
}

impl Plan {
    /// Finds out from names and shapes alone.
    ///
    /// # Errors
    /// A sentence without full stop: another model, named where it is known, or a tensor that
    /// Stable Diffusion has not.
    pub fn new(header: &Header) -> Result<Self, String> {
        if let Some(what) = refuse::other_model(header) {
            return Err(what);
        }
        let under = |prefix: &'static str| {
            let names = header.tensors.keys();
            names.filter_map(move |name| name.strip_prefix(prefix))
        };
        let open_clip = OPEN_CLIP
            .into_iter()
            .find(|prefix| under(prefix).next().is_some());
        for (part, prefix) in [("UNet", UNET), ("autoencoder", VAE)] {
            if under(prefix).next().is_none() {
                return Err(missing(part, prefix));
            }
        }
        if open_clip.is_none() && under(CLIP).next().is_none() {
            return Err(missing("text encoder", CLIP));
        }
        let unet = UnetNames::new(under(UNET));
        let levels = vae::levels(under(VAE));
        let (mut targets, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for (name, info) in &header.tensors {
            let one = |component, found: Option<String>| {
                found.map(|found| vec![target(component, found, info)])
            };
            let found = if let Some(name) = name.strip_prefix(UNET) {
                one("unet", unet.find(name))
            } else if let Some(name) = name.strip_prefix(VAE) {
                if name.starts_with("loss.") || name.starts_with("model_ema.") {
                    continue;
                }
                one("vae", vae::find(name, levels))
            } else if let Some(name) = open_clip.and_then(|prefix| name.strip_prefix(prefix)) {
                match open_clip::find(name) {
                    Some(Found::Unused) => continue,
                    Some(Found::One(found)) => one("text_encoder", Some(found)),
                    Some(Found::Three(names)) => thirds(names, info),
                    None => None,
                }
            } else if let Some(name) = name.strip_prefix(CLIP) {
                let bare = name.strip_prefix("text_model.").unwrap_or(name);
                if is_buffer(bare, info.dtype) || bare == "text_projection.weight" {
                    continue;
                }
                one("text_encoder", Some(bare.to_owned()))
            } else {
                continue;
            };
            let found = found.ok_or_else(|| {
                format!(
                    "the tensor '{name}' has no place in a Stable Diffusion 1.x or 2.x. It is of another kind of model, or an addition that would be lost; choose a checkpoint without it"
                )
            })?;
            for Target {
                component, name, ..
            } in &found
            {
                if !taken.insert((*component, name.clone())) {
                    return Err(format!(
                        "two of its tensors are '{name}' of the {component}. The file is damaged or was put together wrongly; take the model from its publisher"
                    ));
                }
            }
            targets.insert(name.clone(), found);
        }
        Ok(Self {
            generation: match open_clip {
                Some(_) => Generation::Second,
                None => Generation::First,
            },
            targets,
        })
    }

    /// diffusers' names and shapes of one part.
    pub fn shapes(&self, component: &str) -> BTreeMap<&str, &[usize]> {
        let targets = self.targets.values().flatten();
        targets
            .filter(|target| target.component == component)
            .map(|target| (target.name.as_str(), target.shape.as_slice()))
            .collect()
    }
}

fn missing(part: &str, prefix: &str) -> String {
    format!(
        "it has no {part} (no tensor's name begins with '{prefix}'). A base needs text encoder, UNet and autoencoder; take the full checkpoint, or a folder in diffusers' layout"
    )
}

/// All of a tensor; the 1×1 convolutions of the autoencoder's attention become linear layers.
fn target(component: &'static str, name: String, info: &TensorInfo) -> Target {
    let mut shape = info.shape.clone();
    if name.contains(".mid_block.attentions.0.to_") && name.ends_with(".weight") {
        while shape.len() > 2 && shape.last() == Some(&1) {
            shape.pop();
        }
    }
    Target {
        component,
        name,
        shape,
        bytes: 0..(info.end - info.start) as usize,
    }
}

/// The rows of a tensor in three equal parts.
fn thirds(names: [String; 3], info: &TensorInfo) -> Option<Vec<Target>> {
    let (rows, rest) = info.shape.split_first()?;
    let length = (info.end - info.start) as usize;
    if !rows.is_multiple_of(3) || !length.is_multiple_of(3) {
        return None;
    }
    let shape: Vec<usize> = [rows / 3].into_iter().chain(rest.iter().copied()).collect();
    let parts = names.into_iter().enumerate().map(|(i, name)| Target {
        component: "text_encoder",
        name,
        shape: shape.clone(),
        bytes: i * (length / 3)..(i + 1) * (length / 3),
    });
    Some(parts.collect())
}

/// A checkpoint whose header has been read and understood.
pub struct SingleFile {
    stream: Stream,
    plan: Plan,
}

impl SingleFile {
    /// Opens a checkpoint and finds out what it is.
    ///
    /// # Errors
    /// `Io` if it cannot be read; `Weights` if it is damaged, a pickle, or another model, named
    /// where it is known.
    pub async fn open(files: &Files, path: &str) -> Result<Self> {
        let stream = Stream::open(files, path).await?;
        let plan = Plan::new(stream.header()).map_err(|what| fault(path, &what))?;
        Ok(Self { stream, plan })
    }

    /// Where its tensors go.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Streams the tensors of all parts onto the device, in the order of [`COMPONENTS`].
    ///
    /// `progress` gets the part at hand, and bytes done and bytes in all of the file.
    ///
    /// # Errors
    /// As [`Files::weights`].
    pub async fn weights(
        mut self,
        place: &Place,
        hash: &mut BaseHash,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<[Weights; 3]> {
        let total = self.stream.total();
        let mut parts = COMPONENTS.map(|_| BTreeMap::new());
        let mut uploaded = 0;
        let Plan { mut targets, .. } = self.plan;
        while let Some(RawTensor { name, info, bytes }) =
            self.stream.next(|name| targets.contains_key(name)).await?
        {
            for target in targets.remove(&name).unwrap_or_default() {
                let Target {
                    component,
                    name,
                    shape,
                    bytes: range,
                } = target;
                let bytes = bytes.get(range).unwrap_or_default();
                let digest = sha256(bytes);
                let numbers = convert(&name, info.dtype, &shape, bytes, place.stored)
                    .map_err(|error| fault(self.stream.path(), &error))?;
                let numbers = upload(numbers, &place.device, &mut uploaded).await?;
                hash.add_digest(component, &name, info.dtype, &shape, digest.await?);
                let part = COMPONENTS.iter().zip(&mut parts);
                for (_, part) in part.filter(|(name, _)| **name == component) {
                    part.insert(name.clone(), (shape.clone(), numbers.clone()));
                }
                progress(component, self.stream.done(&info), total);
            }
        }
        progress("vae", total, total);
        let path = self.stream.path();
        Ok(parts.map(|part| Weights::new(path, part)))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
