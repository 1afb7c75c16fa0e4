//! Reads LoRA files in kohya's and in diffusers' format. Pairs, shapes, ranks and values are checked
//! against the layers of the base model.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::layer_info::LayerShape;
use crate::spectral::decompose::shapes::{Component, Shapes, layer_shapes};
pub use crate::spectral::delta::import::is_lora;
use crate::spectral::delta::{MAX_HEADER, MAX_LAYERS};
use crate::spectral::lora::layers::{Lora, LoraLayer, LoraLayers};
use crate::spectral::lora::names::{TensorName, TensorRole, flat, wrong};
use crate::spectral::lora::{diffusers, kohya};
use crate::weights::format::safetensors::{Header, TensorInfo, header_len, to_f32};

/// Maximum size of a LoRA file, in bytes.
pub const MAX_FILE: usize = 1 << 30;

/// Shape and values.
type Tensor = (Vec<usize>, Vec<f32>);

/// The tensors of one layer.
#[derive(Default)]
struct Parts {
    down: Option<Tensor>,
    up: Option<Tensor>,
    alpha: Option<f32>,
}

impl Lora {
    /// Reads a LoRA file in kohya's or diffusers' format against the layers of `base`.
    ///
    /// # Errors
    /// Those of [`read`].
    pub fn read(bytes: &[u8], base: &BaseModel) -> Result<Self> {
        let shapes = [layer_shapes(&base.unet)?, layer_shapes(&base.text_encoder)?];
        read(bytes, &shapes[0], &shapes[1])
    }
}

/// Reads a file and checks it against the layers of the base model's UNet and text encoder.
///
/// # Errors
/// `Delta`, naming the tensor, for an invalid safetensors file, no LoRA, another kind of LoRA
/// (LyCORIS, DoRA), a layer that the base model does not have, an incomplete pair, wrong shapes or
/// ranks, or a value that is not finite.
pub fn read(bytes: &[u8], unet: &Shapes, text_encoder: &Shapes) -> Result<Lora> {
    let header = open(bytes)?;
    let paths = LayerPaths::new(unet, text_encoder);
    let mut parts: BTreeMap<(Component, &str), Parts> = BTreeMap::new();
    for (name, info) in &header.tensors {
        let parsed = kohya::parse(name).or_else(|| diffusers::parse(name));
        let parsed = parsed.ok_or_else(|| wrong(name, other_kind(name)))?;
        let layer = paths.find(&parsed).ok_or_else(|| {
            wrong(
                name,
                "this base has no such layer: the LoRA was made for another model",
            )
        })?;
        let tensor = (info.shape.clone(), values(name, bytes, &header, info)?);
        let layer = parts.entry(layer).or_default();
        let twice = match parsed.role {
            TensorRole::Down => layer.down.replace(tensor).is_some(),
            TensorRole::Up => layer.up.replace(tensor).is_some(),
            TensorRole::Alpha => match tensor.1[..] {
                [alpha] => layer.alpha.replace(alpha).is_some(),
                _ => return Err(wrong(name, "an alpha is one number")),
            },
        };
        if twice {
            return Err(wrong(name, "the layer has it twice, under two names"));
        }
    }
    let alphas = Alphas::new(&header)?;
    let mut lora = Lora::default();
    for ((component, path), parts) in parts {
        let (shapes, layers): (_, &mut LoraLayers) = match component {
            Component::Unet => (unet, &mut lora.unet),
            Component::TextEncoder => (text_encoder, &mut lora.text_encoder),
        };
        if let Some(shape) = shapes.get(path) {
            let layer = layer(path, *shape, parts, |rank| {
                alphas.scale(component, path, rank)
            })?;
            layers.insert(path.to_owned(), layer);
        }
    }
    Ok(lora)
}

/// Parses the header and checks size and kind of the file.
fn open(bytes: &[u8]) -> Result<Header> {
    let refused = |error: Error| Error::Delta(error.to_string());
    if bytes.len() > MAX_FILE {
        return Err(Error::Delta(format!(
            "The file has {} bytes; a LoRA has at most {MAX_FILE}. This is probably a whole model.",
            bytes.len()
        )));
    }
    let length = header_len(bytes, bytes.len() as u64).map_err(refused)?;
    if length > MAX_HEADER {
        return Err(Error::Delta(format!(
            "The file's header has {length} bytes, at most {MAX_HEADER} are possible: this is no LoRA, or it is damaged."
        )));
    }
    let header = Header::parse(bytes, bytes.len() as u64).map_err(refused)?;
    // A, B and alpha for each layer.
    if !is_lora(&header) || header.tensors.len() > 3 * MAX_LAYERS {
        return Err(Error::Delta("This is no LoRA: its tensors have other names. Choose a .safetensors file in kohya's or diffusers' LoRA format.".into()));
    }
    Ok(header)
}

/// The most likely kind of a file with a tensor of this name.
fn other_kind(name: &str) -> &'static str {
    let has = |part: &str| name.contains(part);
    if has("hada_") || has("lokr_") || has("lora_mid") || has("oft_") || has(".diff") {
        "this is a LyCORIS file, whose products are more than two matrices. Convert it to a plain LoRA first"
    } else if has("dora_scale") || has("magnitude") {
        "this is a DoRA, which also scales the base's own weights. Use a plain LoRA"
    } else if has("bias") {
        "it changes a bias, which a plain LoRA does not. Use one without biases"
    } else {
        "it is not named as in kohya's or diffusers' LoRA files"
    }
}

/// The values of a tensor.
fn values(name: &str, bytes: &[u8], header: &Header, info: &TensorInfo) -> Result<Vec<f32>> {
    // `Header::parse` checked the offsets against the file's length.
    let at = |offset: u64| (header.data_start + offset) as usize;
    let values = to_f32(info.dtype, &bytes[at(info.start)..at(info.end)])
        .map_err(|error| wrong(name, &error.to_string()))?;
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(values),
        Some(value) => Err(wrong(
            name,
            &format!("it holds {value}, so the training that made it failed"),
        )),
    }
}

/// Paths of the base model's layers by their flat names in files.
struct LayerPaths<'a> {
    names: BTreeMap<(Component, String), &'a str>,
}

impl<'a> LayerPaths<'a> {
    fn new(unet: &'a Shapes, text_encoder: &'a Shapes) -> Self {
        let mut names = BTreeMap::new();
        for (component, shapes) in [
            (Component::Unet, unet),
            (Component::TextEncoder, text_encoder),
        ] {
            for path in shapes.keys().map(String::as_str) {
                // Files of transformers 5 omit the prefix `text_model.`.
                let bare = path.strip_prefix("text_model.").unwrap_or(path);
                for known in [path, bare] {
                    names.insert((component, flat(known)), path);
                }
            }
        }
        Self { names }
    }

    fn find(&self, name: &TensorName<'_>) -> Option<(Component, &'a str)> {
        let flat = flat(&name.path);
        let candidates = match name.component {
            Some(component) => vec![component],
            None => vec![Component::Unet, Component::TextEncoder],
        };
        candidates.into_iter().find_map(|component| {
            let path = self.names.get(&(component, flat.clone()))?;
            Some((component, *path))
        })
    }
}

/// Scales of a file without `.alpha` tensors: from the metadata of diffusers, otherwise 1.
struct Alphas(serde_json::Map<String, Value>);

impl Alphas {
    fn new(header: &Header) -> Result<Self> {
        let Some(json) = header.metadata.get("lora_adapter_metadata") else {
            return Ok(Self(serde_json::Map::new()));
        };
        serde_json::from_str(json).map(Self).map_err(|error| {
            Error::Delta(format!(
                "The LoRA's entry 'lora_adapter_metadata' cannot be read ({error}). The file is damaged; fetch it again."
            ))
        })
    }

    fn scale(&self, component: Component, path: &str, rank: usize) -> f32 {
        let prefix = match component {
            Component::Unet => "unet",
            Component::TextEncoder => "text_encoder",
        };
        let entry = |key: &str| self.0.get(&format!("{prefix}.{key}"));
        let own = entry("alpha_pattern").and_then(|pattern| pattern.get(path));
        let Some(alpha) = own.or_else(|| entry("lora_alpha")).and_then(Value::as_f64) else {
            return 1.0;
        };
        let rank = rank as f64;
        let rank = match entry("use_rslora") {
            Some(Value::Bool(true)) => rank.sqrt(),
            _ => rank,
        };
        (alpha / rank) as f32
    }
}

/// The layer of its tensors; without an alpha the scale is `default(rank)`.
fn layer(
    path: &str,
    shape: LayerShape,
    parts: Parts,
    default: impl Fn(usize) -> f32,
) -> Result<LoraLayer> {
    let (Some((down_shape, down)), Some((up_shape, up))) = (parts.down, parts.up) else {
        return Err(wrong(path, "one half of the pair (down and up) is missing"));
    };
    let (c_out, c_in, k) = match shape {
        LayerShape::Linear { c_out, c_in } => (c_out, c_in, 1),
        LayerShape::Conv2d {
            c_out,
            c_in,
            kernel_size,
        } => (c_out, c_in, kernel_size),
        _ => {
            return Err(wrong(
                path,
                "the base has a norm or an embedding there, which no LoRA changes",
            ));
        }
    };
    let fits = |found: &[usize], rows, columns, k| {
        found == [rows, columns, k, k] || (k == 1 && found == [rows, columns])
    };
    let rank = down_shape.first().copied().unwrap_or(0);
    let other = up_shape.get(1).copied().unwrap_or(0);
    let what = if rank == 0 {
        "its rank is 0".to_owned()
    } else if rank != other {
        format!("its halves have the ranks {rank} and {other}")
    } else if !fits(&down_shape, rank, c_in, k) {
        format!(
            "its first half has the shape {down_shape:?}, but the base needs [{rank}, {c_in}, {k}, {k}]: the LoRA was made for another model"
        )
    } else if !fits(&up_shape, c_out, rank, 1) {
        format!(
            "its second half has the shape {up_shape:?}, but the base needs [{c_out}, {rank}]: the LoRA was made for another model"
        )
    } else {
        let scale = parts
            .alpha
            .map_or_else(|| default(rank), |alpha| alpha / rank as f32);
        if !scale.is_finite() {
            return Err(wrong(
                path,
                "its scale (alpha over rank) is no number that can be used",
            ));
        }
        return Ok(LoraLayer {
            rank,
            scale,
            down,
            up,
        });
    };
    Err(wrong(path, &what))
}
