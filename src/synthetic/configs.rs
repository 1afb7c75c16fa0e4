//! The published config files.

use serde_json::{Value, json};

use crate::synthetic::options::{Kind, Size};

/// The JSON files of one kind. Files that it does not have are null.
pub(crate) struct Configs {
    pub(crate) model_index: Value,
    pub(crate) scheduler: Value,
    pub(crate) text_encoder: Value,
    pub(crate) unet: Value,
    pub(crate) vae: Value,
    pub(crate) vae_tiny: Option<Value>,
}

impl Configs {
    pub(crate) fn new(kind: Kind, size: Size) -> Self {
        let turbo = kind == Kind::SdTurbo;
        let (index, scheduler) = match kind {
            Kind::SdTurbo => (
                model_index(
                    "StableDiffusionPipeline",
                    "sd-turbo",
                    "EulerDiscreteScheduler",
                ),
                euler(),
            ),
            Kind::Lcm => (
                model_index("LatentConsistencyModelPipeline", "lcm", "LCMScheduler"),
                lcm(),
            ),
            _ => (
                model_index("StableDiffusionPipeline", name(kind), "PNDMScheduler"),
                pndm(),
            ),
        };
        let mut configs = Self {
            model_index: index,
            scheduler,
            text_encoder: text_encoder(turbo),
            unet: unet(kind),
            vae: vae(if kind == Kind::Lcm { 768 } else { 512 }),
            vae_tiny: (kind == Kind::Taesd).then(taesd),
        };
        // The fewest channels that the norms' 32 groups and the head size of 64 in single files allow.
        match size {
            Size::Published => {}
            Size::Small => configs.shrink(turbo, if turbo { 128 } else { 64 }),
            Size::Middle => configs.shrink(turbo, 512),
        }
        configs
    }

    /// Reduces the UNet to `wide` channels in its deeper levels, and everything else to the minimum.
    fn shrink(&mut self, turbo: bool, wide: usize) {
        let levels = self.unet["block_out_channels"]
            .as_array()
            .map_or(0, Vec::len);
        let channels: Vec<_> = (0..levels)
            .map(|level| if level == 0 { wide / 2 } else { wide })
            .collect();
        if turbo {
            let heads: Vec<_> = channels.iter().map(|channels| channels / 64).collect();
            self.unet["attention_head_dim"] = json!(heads);
        }
        self.unet["block_out_channels"] = json!(channels);
        self.unet["cross_attention_dim"] = json!(64);
        self.unet["sample_size"] = json!(8);
        for (key, value) in [
            ("hidden_size", 64),
            ("intermediate_size", 128),
            ("num_attention_heads", 1),
            // Original files of Stable Diffusion 2 have an unused 24th layer, recognised by its number.
            ("num_hidden_layers", if turbo { 23 } else { 2 }),
        ] {
            self.text_encoder[key] = json!(value);
        }
        self.vae["block_out_channels"] = json!([32, 32, 64, 64]);
        self.vae["sample_size"] = json!(64);
        if let Some(tiny) = &mut self.vae_tiny {
            for key in [
                "block_out_channels",
                "decoder_block_out_channels",
                "encoder_block_out_channels",
            ] {
                tiny[key] = json!([8, 8, 8, 8]);
            }
        }
    }
}

/// `model_index.json`.
fn model_index(class: &str, kind: &str, scheduler: &str) -> Value {
    json!({
        "_class_name": class,
        "_diffusers_version": "0.42.1",
        // The written files must not change.
        "_name_or_path": format!("stand-in/{kind}"),
        "feature_extractor": [null, null],
        "requires_safety_checker": false,
        "safety_checker": [null, null],
        "scheduler": ["diffusers", scheduler],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    })
}

/// The name in `model_index.json`.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Sd15 => "sd15",
        Kind::BkSdmBase => "bk-sdm-base",
        Kind::BkSdmSmall => "bk-sdm-small",
        Kind::BkSdmTiny => "bk-sdm-tiny",
        Kind::SdTurbo => "sd-turbo",
        Kind::Lcm => "lcm",
        Kind::Taesd => "taesd",
        Kind::LcmLora => "lcm-lora",
    }
}

fn unet(kind: Kind) -> Value {
    let (cross, cross_up) = ("CrossAttnDownBlock2D", "CrossAttnUpBlock2D");
    let mut config = json!({
        "_class_name": "UNet2DConditionModel",
        "_diffusers_version": "0.6.0",
        "act_fn": "silu",
        "attention_head_dim": 8,
        "block_out_channels": [320, 640, 1280, 1280],
        "center_input_sample": false,
        "cross_attention_dim": 768,
        "down_block_types": [cross, cross, cross, "DownBlock2D"],
        "downsample_padding": 1,
        "flip_sin_to_cos": true,
        "freq_shift": 0,
        "in_channels": 4,
        "layers_per_block": 2,
        "mid_block_scale_factor": 1,
        "norm_eps": 1e-5,
        "norm_num_groups": 32,
        "out_channels": 4,
        "sample_size": 64,
        "up_block_types": ["UpBlock2D", cross_up, cross_up, cross_up],
    });
    if matches!(kind, Kind::BkSdmBase | Kind::BkSdmSmall | Kind::BkSdmTiny) {
        config["layers_per_block"] = json!(1);
        config["mid_block_type"] = json!("UNetMidBlock2DCrossAttn");
    }
    if matches!(kind, Kind::BkSdmSmall | Kind::BkSdmTiny) {
        config["mid_block_type"] = Value::Null;
    }
    if kind == Kind::BkSdmTiny {
        config["block_out_channels"] = json!([320, 640, 1280]);
        config["down_block_types"] = json!([cross, cross, cross]);
        config["up_block_types"] = json!([cross_up, cross_up, cross_up]);
    }
    if kind == Kind::SdTurbo {
        config["attention_head_dim"] = json!([5, 10, 20, 20]);
        config["cross_attention_dim"] = json!(1024);
        config["dual_cross_attention"] = json!(false);
        config["only_cross_attention"] = json!(false);
        config["upcast_attention"] = Value::Null;
        config["use_linear_projection"] = json!(true);
    }
    if kind == Kind::Lcm {
        config["sample_size"] = json!(96);
        config["time_cond_proj_dim"] = json!(256);
    }
    config
}

fn text_encoder(turbo: bool) -> Value {
    let mut config = json!({
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "dropout": 0.0,
        "eos_token_id": 2,
        "hidden_act": "quick_gelu",
        "hidden_size": 768,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": 3072,
        "layer_norm_eps": 1e-5,
        "max_position_embeddings": 77,
        "model_type": "clip_text_model",
        "num_attention_heads": 12,
        "num_hidden_layers": 12,
        "pad_token_id": 1,
        "projection_dim": 768,
        "torch_dtype": "float16",
        "vocab_size": 49408,
    });
    if turbo {
        config["hidden_act"] = json!("gelu");
        config["projection_dim"] = json!(512);
        for (key, value) in [
            ("hidden_size", 1024),
            ("intermediate_size", 4096),
            ("num_attention_heads", 16),
            ("num_hidden_layers", 23),
        ] {
            config[key] = json!(value);
        }
    }
    config
}

fn vae(sample_size: usize) -> Value {
    json!({
        "_class_name": "AutoencoderKL",
        "_diffusers_version": "0.6.0",
        "act_fn": "silu",
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": vec!["DownEncoderBlock2D"; 4],
        "in_channels": 3,
        "latent_channels": 4,
        "layers_per_block": 2,
        "norm_num_groups": 32,
        "out_channels": 3,
        "sample_size": sample_size,
        "scaling_factor": 0.18215,
        "up_block_types": vec!["UpDecoderBlock2D"; 4],
    })
}

fn taesd() -> Value {
    json!({
        "_class_name": "AutoencoderTiny",
        "_diffusers_version": "0.20.0.dev0",
        "act_fn": "relu",
        "block_out_channels": [64, 64, 64, 64],
        "decoder_block_out_channels": [64, 64, 64, 64],
        "encoder_block_out_channels": [64, 64, 64, 64],
        "force_upcast": false,
        "in_channels": 3,
        "latent_channels": 4,
        "latent_magnitude": 3,
        "latent_shift": 0.5,
        "num_decoder_blocks": [3, 3, 3, 1],
        "num_encoder_blocks": [1, 3, 3, 3],
        "out_channels": 3,
        "scaling_factor": 1.0,
        "upsampling_scaling_factor": 2,
    })
}

fn pndm() -> Value {
    json!({
        "_class_name": "PNDMScheduler",
        "_diffusers_version": "0.6.0",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "clip_sample": false,
        "num_train_timesteps": 1000,
        "set_alpha_to_one": false,
        "skip_prk_steps": true,
        "steps_offset": 1,
        "trained_betas": null,
    })
}

fn euler() -> Value {
    json!({
        "_class_name": "EulerDiscreteScheduler",
        "_diffusers_version": "0.24.0.dev0",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "clip_sample": false,
        "interpolation_type": "linear",
        "num_train_timesteps": 1000,
        "prediction_type": "epsilon",
        "sample_max_value": 1.0,
        "set_alpha_to_one": false,
        "sigma_max": null,
        "sigma_min": null,
        "skip_prk_steps": true,
        "steps_offset": 1,
        "timestep_spacing": "trailing",
        "timestep_type": "discrete",
        "trained_betas": null,
        "use_karras_sigmas": false,
    })
}

fn lcm() -> Value {
    json!({
        "_class_name": "LCMScheduler",
        "_diffusers_version": "0.22.0.dev0",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "clip_sample": false,
        "clip_sample_range": 1.0,
        "dynamic_thresholding_ratio": 0.995,
        "num_train_timesteps": 1000,
        "original_inference_steps": 50,
        "prediction_type": "epsilon",
        "rescale_betas_zero_snr": false,
        "sample_max_value": 1.0,
        "set_alpha_to_one": true,
        "steps_offset": 0,
        "thresholding": false,
        "timestep_spacing": "leading",
        "trained_betas": null,
    })
}
