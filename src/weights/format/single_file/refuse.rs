//! Recognises other kinds of models by the names of their tensors, for a helpful error.

use crate::weights::format::safetensors::Header;

/// What the file is and what to do instead, if it is a known kind of model that is not a base model.
pub(crate) fn other_model(header: &Header) -> Option<String> {
    let any = |part: &str| header.tensors.keys().any(|name| name.contains(part));
    let starts = |prefix: &str| header.tensors.keys().any(|name| name.starts_with(prefix));
    let base = "Choose a checkpoint of Stable Diffusion 1.x or 2.x, or one distilled of them";
    let (what, advice) = if starts("lora_") || any(".lora_") || any("lora.down") {
        (
            "a LoRA",
            "It goes on top of a base: choose the base that it was made for (the command line adds the file with --lora)",
        )
    } else if starts("control_model.")
        || any("controlnet_cond_embedding")
        || any("input_hint_block")
    {
        ("a ControlNet", base)
    } else if any("joint_blocks.") {
        ("a Stable Diffusion 3", base)
    } else if any("double_blocks.") || any("double_stream_modulation") {
        ("a Flux", base)
    } else if starts("conditioner.embedders.1.") {
        ("a Stable Diffusion XL", base)
    } else if any("noise_augmentor") || starts("embedder.model.visual.") {
        ("a Stable unCLIP", base)
    } else if starts("model.diffusion_model.label_emb.") {
        ("a Stable Diffusion XL refiner or upscaler", base)
    } else if starts("down_blocks.") || starts("text_model.") || starts("encoder.down_blocks.") {
        (
            "one part of a diffusers folder",
            "Give the folder that holds model_index.json",
        )
    } else if starts("emb_params") || starts("string_to_param") {
        ("a textual inversion", base)
    } else {
        return inputs(header).map(|(what, channels)| {
            format!("it is {what}: its UNet takes {channels} channels, where 4 are needed. {base}")
        });
    };
    Some(format!(
        "it is {what}, which this program does not have as a base. {advice}"
    ))
}

/// The purpose of a UNet with more input channels than latents have.
fn inputs(header: &Header) -> Option<(&'static str, usize)> {
    let first = header
        .tensors
        .get("model.diffusion_model.input_blocks.0.0.weight")?;
    let channels = *first.shape.get(1)?;
    let what = match channels {
        4 => return None,
        9 => "an inpainting model",
        8 => "an InstructPix2Pix model",
        7 => "an upscaler",
        5 => "a depth-to-image model",
        _ => "a model with other inputs",
    };
    Some((what, channels))
}
