//! Which tensor of a checkpoint becomes which of diffusers'.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::weights::format::safetensors::{Header, TensorInfo};
use crate::weights::format::single_file::open_clip::{self, Found};
use crate::weights::format::single_file::unet::UnetNames;
use crate::weights::format::single_file::{refuse, vae};
use crate::weights::format::weights::is_buffer;

/// The components of a base model, by the names of their folders.
pub const COMPONENTS: [&str; 3] = ["text_encoder", "unet", "vae"];

const UNET: &str = "model.diffusion_model.";
const VAE: &str = "first_stage_model.";
const CLIP: &str = "cond_stage_model.transformer.";
const OPEN_CLIP: [&str; 2] = ["cond_stage_model.model.", "conditioner.embedders.0.model."];

/// The version of Stable Diffusion, identified by its text encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 1.x, with OpenAI's CLIP.
    First,
    /// 2.x, with OpenCLIP.
    Second,
}

/// A tensor of diffusers, made from a tensor of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// One of [`COMPONENTS`].
    pub component: &'static str,
    /// Name in diffusers, for the text encoder without `text_model.`.
    pub name: String,
    /// Shape in diffusers.
    pub shape: Vec<usize>,
    /// Its bytes, counted from the first byte of the tensor in the file.
    pub bytes: Range<usize>,
}

/// The targets of every tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version of Stable Diffusion.
    pub generation: Generation,
    /// By the tensor's name in the file; tensors that are not used have no entry.
    pub targets: BTreeMap<String, Vec<Target>>,
}

impl Plan {
    /// Makes a plan from names and shapes alone.
    ///
    /// # Errors
    /// A sentence without full stop: another kind of model, named if it is known, or a tensor that
    /// Stable Diffusion does not have.
    pub fn new(header: &Header) -> Result<Self, String> {
        if let Some(what) = refuse::other_model(header) {
            return Err(what);
        }
        let mapping = Mapping::new(header)?;
        let (mut targets, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for (name, info) in &header.tensors {
            let found = match mapping.map(name, info) {
                Mapped::Unused => continue,
                Mapped::Targets(found) => found,
                Mapped::Unknown => {
                    return Err(format!(
                        "the tensor '{name}' has no place in a Stable Diffusion 1.x or 2.x. It is of another kind of model, or an addition that would be lost; choose a checkpoint without it"
                    ));
                }
            };
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
            generation: match mapping.open_clip {
                Some(_) => Generation::Second,
                None => Generation::First,
            },
            targets,
        })
    }

    /// Names and shapes in diffusers of one component.
    pub fn shapes(&self, component: &str) -> BTreeMap<&str, &[usize]> {
        let targets = self.targets.values().flatten();
        targets
            .filter(|target| target.component == component)
            .map(|target| (target.name.as_str(), target.shape.as_slice()))
            .collect()
    }
}

/// How the tensors of one file are named.
struct Mapping {
    unet: UnetNames,
    /// Levels of the autoencoder.
    levels: usize,
    /// Prefix of OpenCLIP's tensors, if the text encoder is one.
    open_clip: Option<&'static str>,
}

/// What a tensor of the file becomes.
enum Mapped {
    Targets(Vec<Target>),
    /// It is not needed.
    Unused,
    /// It should be part of a component, but no such tensor is known.
    Unknown,
}

impl Mapped {
    fn one(component: &'static str, name: Option<String>, info: &TensorInfo) -> Self {
        match name {
            Some(name) => Self::Targets(vec![target(component, name, info)]),
            None => Self::Unknown,
        }
    }
}

impl Mapping {
    /// # Errors
    /// A sentence without full stop if a component is missing.
    fn new(header: &Header) -> Result<Self, String> {
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
        Ok(Self {
            unet: UnetNames::new(under(UNET)),
            levels: vae::levels(under(VAE)),
            open_clip,
        })
    }

    fn map(&self, name: &str, info: &TensorInfo) -> Mapped {
        if let Some(name) = name.strip_prefix(UNET) {
            return Mapped::one("unet", self.unet.find(name), info);
        }
        if let Some(name) = name.strip_prefix(VAE) {
            if name.starts_with("loss.") || name.starts_with("model_ema.") {
                return Mapped::Unused;
            }
            return Mapped::one("vae", vae::find(name, self.levels), info);
        }
        if let Some(name) = self.open_clip.and_then(|prefix| name.strip_prefix(prefix)) {
            return match open_clip::find(name) {
                Some(Found::Unused) => Mapped::Unused,
                Some(Found::One(found)) => Mapped::one("text_encoder", Some(found), info),
                Some(Found::Three(names)) => {
                    thirds(names, info).map_or(Mapped::Unknown, Mapped::Targets)
                }
                None => Mapped::Unknown,
            };
        }
        let Some(name) = name.strip_prefix(CLIP) else {
            return Mapped::Unused;
        };
        let bare = name.strip_prefix("text_model.").unwrap_or(name);
        if is_buffer(bare, info.dtype) || bare == "text_projection.weight" {
            return Mapped::Unused;
        }
        Mapped::one("text_encoder", Some(bare.to_owned()), info)
    }
}

fn missing(part: &str, prefix: &str) -> String {
    format!(
        "it has no {part} (no tensor's name begins with '{prefix}'). A base needs text encoder, UNet and autoencoder; take the full checkpoint, or a folder in diffusers' layout"
    )
}

/// The whole tensor. The 1×1 convolutions of the autoencoder's attention become linear layers.
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

/// The rows of a tensor in three equal parts; `None` if they cannot be divided.
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
