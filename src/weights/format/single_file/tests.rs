#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use crate::weights::format::safetensors::{Dtype, Header, write_header};
use crate::weights::format::single_file::Plan;
use crate::weights::format::single_file::unet::UnetNames;

fn header(tensors: &[(&str, &[usize])]) -> Header {
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, shape)| (*name, Dtype::F16, *shape))
        .collect();
    let bytes = write_header(&tensors, &BTreeMap::new()).unwrap();
    Header::inspect(&bytes, None).unwrap()
}

const FIRST: &str = "model.diffusion_model.input_blocks.0.0.weight";
const WHOLE: [(&str, &[usize]); 3] = [
    (FIRST, &[8, 4, 3, 3]),
    ("first_stage_model.quant_conv.bias", &[8]),
    (
        "cond_stage_model.transformer.text_model.final_layer_norm.bias",
        &[8],
    ),
];

#[test]
fn other_models_are_refused_by_name() {
    for (name, shape, what) in [
        (
            "conditioner.embedders.1.model.ln_final.bias",
            &[1][..],
            "Diffusion XL",
        ),
        (
            "model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.bias",
            &[1],
            "Diffusion 3",
        ),
        ("joint_blocks.0.x_block.mlp.fc1.bias", &[1], "Diffusion 3"),
        ("double_blocks.0.img_attn.proj.bias", &[1], "Flux"),
        (
            "model.diffusion_model.double_blocks.0.img_mod.lin.bias",
            &[1],
            "Flux",
        ),
        ("model.diffusion_model.label_emb.0.0.bias", &[1], "refiner"),
        ("control_model.time_embed.0.bias", &[1], "ControlNet"),
        ("controlnet_cond_embedding.conv_in.bias", &[1], "ControlNet"),
        ("lora_unet_conv_in.lora_down.weight", &[1, 1], "--lora"),
        ("unet.conv_in.lora_A.weight", &[1, 1], "--lora"),
        ("down_blocks.0.resnets.0.conv1.bias", &[1], "folder"),
        ("text_model.final_layer_norm.bias", &[1], "folder"),
        ("emb_params", &[1, 8], "textual inversion"),
        (FIRST, &[8, 9, 3, 3], "inpainting"),
        (FIRST, &[8, 8, 3, 3], "InstructPix2Pix"),
        (FIRST, &[8, 5, 3, 3], "depth"),
        ("something.else", &[1], "no UNet"),
    ] {
        let error = Plan::new(&header(&[(name, shape)])).unwrap_err();
        assert!(error.contains(what) && !error.ends_with('.'), "{error}");
    }
}

#[test]
fn a_checkpoint_without_one_of_its_parts_is_refused() {
    assert!(Plan::new(&header(&WHOLE)).is_ok());
    for (left_out, what) in ["no UNet", "no autoencoder", "no text encoder"]
        .iter()
        .enumerate()
    {
        let mut tensors = WHOLE.to_vec();
        tensors.remove(left_out);
        let error = Plan::new(&header(&tensors)).unwrap_err();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn averages_and_buffers_are_left_out_and_unknown_layers_are_not() {
    let with = |name, shape| {
        let tensors = [&WHOLE[..], &[(name, shape)]].concat();
        Plan::new(&header(&tensors))
    };
    for name in [
        "model_ema.diffusion_modelinput_blocks00weight",
        "model_ema.decay",
        "betas",
        "alphas_cumprod",
        "denoiser.sigmas",
        "first_stage_model.loss.logvar",
    ] {
        assert_eq!(with(name, &[8]).unwrap().targets.len(), 3, "{name}");
    }
    for name in [
        "model.diffusion_model.input_blocks.1.2.norm.weight",
        "model.diffusion_model.input_blocks.1.0.in_layers.7.weight",
        "model.diffusion_model.adapter.weight",
        "first_stage_model.decoder.up.x.block.0.norm1.bias",
        "first_stage_model.quantize.embedding.weight",
    ] {
        let error = with(name, &[8]).unwrap_err();
        assert!(error.contains(name), "{error}");
    }
    let again = "cond_stage_model.transformer.final_layer_norm.bias";
    assert!(
        with(again, &[8])
            .unwrap_err()
            .contains("two of its tensors")
    );
}

#[test]
fn a_level_ends_at_its_sampler_however_its_blocks_are_counted() {
    // One layer per block: counted through, and as in models of two layers.
    let counted = [
        "input_blocks.1.0.in_layers.0.bias",
        "input_blocks.2.0.op.bias",
        "input_blocks.3.0.in_layers.0.bias",
        "output_blocks.0.0.in_layers.0.bias",
        "output_blocks.1.0.in_layers.0.bias",
        "output_blocks.1.2.conv.bias",
        "output_blocks.2.0.in_layers.0.bias",
    ];
    let as_of_two = [
        "input_blocks.1.0.in_layers.0.bias",
        "input_blocks.3.0.op.bias",
        "input_blocks.4.0.in_layers.0.bias",
        "output_blocks.0.0.in_layers.0.bias",
        "output_blocks.1.0.in_layers.0.bias",
        "output_blocks.2.2.conv.bias",
        "output_blocks.3.0.in_layers.0.bias",
    ];
    let expected = [
        "down_blocks.0.resnets.0.norm1.bias",
        "down_blocks.0.downsamplers.0.conv.bias",
        "down_blocks.1.resnets.0.norm1.bias",
        "up_blocks.0.resnets.0.norm1.bias",
        "up_blocks.0.resnets.1.norm1.bias",
        "up_blocks.0.upsamplers.0.conv.bias",
        "up_blocks.1.resnets.0.norm1.bias",
    ];
    for names in [counted, as_of_two] {
        let unet = UnetNames::new(names.into_iter());
        assert_eq!(names.map(|name| unet.find(name).unwrap()), expected);
    }
}
