//! The tensors of a single file in the original layout (LDM), from the names of diffusers.

use serde_json::Value;

use crate::model::layer_info::TensorShapes;
use crate::synthetic::files::{Entry, Part};
use crate::weights::format::single_file::names::{
    OPEN_CLIP, OPEN_CLIP_IN_PROJ, OPEN_CLIP_LAYER, Table, UNET, UNET_RESNET, VAE_ATTENTION,
    VAE_ENDS, VAE_RESNET, to_original,
};

/// All tensors of the file, sorted by name. It also contains tensors that loaders must ignore: one of
/// the EMA copy, the noise schedule, and OpenCLIP's last layer.
pub(crate) fn entries(tensors: Vec<(&'static str, TensorShapes)>, unet: &Value) -> Vec<Entry> {
    let layers = unet["layers_per_block"].as_u64().unwrap_or(2) as usize;
    // Stable Diffusion 2 has OpenCLIP.
    let open_clip = unet["use_linear_projection"] == true;
    let mut entries = Vec::new();
    for (component, shapes) in tensors {
        let attends = |block: &str| {
            let prefix = format!("{block}.attentions.");
            shapes.keys().any(|name| name.starts_with(&prefix))
        };
        let levels = (0..)
            .take_while(|i| {
                shapes.contains_key(&format!("decoder.up_blocks.{i}.resnets.0.conv1.bias"))
            })
            .count();
        for (name, shape) in &shapes {
            let part = || Part {
                component,
                name: name.clone(),
                shape: shape.clone(),
            };
            let (path, end) = name.rsplit_once('.').unwrap_or((name, ""));
            let original = match component {
                "unet" => format!(
                    "model.diffusion_model.{}.{end}",
                    unet_path(path, layers, &attends)
                ),
                "vae" => format!("first_stage_model.{}.{end}", vae_path(path, levels)),
                _ if open_clip => match open_clip_name(name) {
                    Some(name) => format!("cond_stage_model.model.{name}"),
                    None => continue,
                },
                _ => format!("cond_stage_model.transformer.{name}"),
            };
            let mut entry = Entry {
                name: original,
                shape: shape.clone(),
                parts: vec![part()],
            };
            if component == "vae" && path.contains(".attentions.0.to_") && end == "weight" {
                entry.shape.extend([1, 1]);
            }
            entries.push(entry);
        }
        if component == "text_encoder" && open_clip {
            in_proj(component, &shapes, &mut entries);
        }
    }
    ignored(open_clip, &mut entries);
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

/// The original path of a layer of the UNet with `layers` resnets per block.
fn unet_path(path: &str, layers: usize, attends: &dyn Fn(&str) -> bool) -> String {
    if let Some(original) = to_original(UNET, path) {
        return original.to_owned();
    }
    let (section, i, rest) = match path.split_once('.') {
        Some(("mid_block", rest)) => ("mid_block", 0, rest),
        Some((section, rest)) => match rest.split_once('.') {
            Some((i, rest)) => (section, i.parse().unwrap_or(0), rest),
            None => (section, 0, rest),
        },
        None => return path.to_owned(),
    };
    let mut parts = rest.splitn(3, '.');
    let kind = parts.next().unwrap_or_default();
    let j: usize = parts.next().and_then(|j| j.parse().ok()).unwrap_or(0);
    let leaf = parts.next().unwrap_or_default();
    let resnet = original(UNET_RESNET, leaf);
    let blocks = (layers + 1) * i;
    match (section, kind) {
        ("down_blocks", "resnets") => format!("input_blocks.{}.0.{resnet}", blocks + j + 1),
        ("down_blocks", "attentions") => format!("input_blocks.{}.1.{leaf}", blocks + j + 1),
        ("down_blocks", _) => format!("input_blocks.{}.0.op", blocks + layers + 1),
        ("up_blocks", "resnets") => format!("output_blocks.{}.0.{resnet}", blocks + j),
        ("up_blocks", "attentions") => format!("output_blocks.{}.1.{leaf}", blocks + j),
        ("up_blocks", _) => {
            let after = if attends(&format!("up_blocks.{i}")) {
                2
            } else {
                1
            };
            format!("output_blocks.{}.{after}.conv", blocks + layers)
        }
        (_, "resnets") => format!("middle_block.{}.{resnet}", 2 * j),
        _ => format!("middle_block.1.{leaf}"),
    }
}

/// The original path of a layer of the autoencoder with `levels` levels.
fn vae_path(path: &str, levels: usize) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    let reversed = |i: &str| levels.saturating_sub(1 + i.parse::<usize>().unwrap_or(0));
    match parts[..] {
        [half, "down_blocks", i, "resnets", j, leaf] => {
            format!("{half}.down.{i}.block.{j}.{}", original(VAE_RESNET, leaf))
        }
        [half, "down_blocks", i, ..] => format!("{half}.down.{i}.downsample.conv"),
        [half, "up_blocks", i, "resnets", j, leaf] => {
            let leaf = original(VAE_RESNET, leaf);
            format!("{half}.up.{}.block.{j}.{leaf}", reversed(i))
        }
        [half, "up_blocks", i, ..] => format!("{half}.up.{}.upsample.conv", reversed(i)),
        [half, "mid_block", "resnets", j, leaf] => {
            let j = 1 + j.parse::<usize>().unwrap_or(0);
            format!("{half}.mid.block_{j}.{}", original(VAE_RESNET, leaf))
        }
        [half, "mid_block", "attentions", _, ref leaf @ ..] => {
            format!(
                "{half}.mid.attn_1.{}",
                original(VAE_ATTENTION, &leaf.join("."))
            )
        }
        [half, leaf] => format!("{half}.{}", original(VAE_ENDS, leaf)),
        _ => path.to_owned(),
    }
}

/// The name of an OpenCLIP tensor; `None` for the parts of `in_proj`.
fn open_clip_name(name: &str) -> Option<String> {
    let name = name.strip_prefix("text_model.").unwrap_or(name);
    if let Some(original) = to_original(OPEN_CLIP, name) {
        return Some(original.to_owned());
    }
    let (n, rest) = name.strip_prefix("encoder.layers.")?.split_once('.')?;
    let (path, end) = rest.rsplit_once('.')?;
    let original = to_original(OPEN_CLIP_LAYER, path)?;
    Some(format!("transformer.resblocks.{n}.{original}.{end}"))
}

/// Adds the `in_proj` tensors, which join query, key and value of a layer.
fn in_proj(component: &'static str, shapes: &TensorShapes, entries: &mut Vec<Entry>) {
    for n in 0.. {
        let layer = format!("text_model.encoder.layers.{n}.self_attn");
        if !shapes.contains_key(&format!("{layer}.q_proj.bias")) {
            return;
        }
        for end in ["weight", "bias"] {
            let parts: Vec<Part> = OPEN_CLIP_IN_PROJ
                .iter()
                .filter_map(|part| {
                    let name = format!("{layer}.{part}.{end}");
                    let shape = shapes.get(&name)?.clone();
                    Some(Part {
                        component,
                        name,
                        shape,
                    })
                })
                .collect();
            let mut shape = parts
                .first()
                .map(|part| part.shape.clone())
                .unwrap_or_default();
            if let Some(rows) = shape.first_mut() {
                *rows *= 3;
            }
            entries.push(Entry {
                name: format!(
                    "cond_stage_model.model.transformer.resblocks.{n}.attn.in_proj_{end}"
                ),
                shape,
                parts,
            });
        }
    }
}

/// Adds tensors that such files contain and loaders ignore.
fn ignored(open_clip: bool, entries: &mut Vec<Entry>) {
    let mut add = |name: &str, shape: Vec<usize>| {
        entries.push(Part::alone("", name.to_owned(), shape));
    };
    add("betas", vec![1000]);
    add("alphas_cumprod", vec![1000]);
    add("model_ema.diffusion_modelout2bias", vec![4]);
    if open_clip {
        add("cond_stage_model.model.logit_scale", vec![1]);
        add("cond_stage_model.model.text_projection", vec![64, 64]);
        let last = "cond_stage_model.model.transformer.resblocks.23";
        add(&format!("{last}.ln_1.bias"), vec![64]);
        add(&format!("{last}.attn.in_proj_bias"), vec![192]);
    }
}

/// The original name of the last part of a path.
fn original<'a>(table: &Table, leaf: &'a str) -> &'a str {
    to_original(table, leaf).unwrap_or(leaf)
}
