//! The configs of a single-file checkpoint, which has none: what its tensors' shapes say.
//!
//! Shapes do not say how a layer's channels are split into heads, nor what the UNet predicts. Heads
//! follow from the generation: eight in all of Stable Diffusion 1, one per 64 channels in 2 and in
//! both text encoders. The prediction is ε unless the person says otherwise: Stable Diffusion 2 at
//! 768 pixels predicts v with the same shapes as 2-base, which predicts ε.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::config::clip::ClipTextConfig;
use crate::model::config::scheduler::{PredictionType, SchedulerConfig};
use crate::model::config::unet::UNetConfig;
use crate::model::config::vae::VaeConfig;
use crate::weights::format::single_file::{Generation, Plan};

/// More levels than any model has.
const MAX_LEVELS: usize = 16;

/// The configs of a single-file checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// Of the text encoder.
    pub text_encoder: ClipTextConfig,
    /// Of the UNet.
    pub unet: UNetConfig,
    /// Of the autoencoder.
    pub vae: VaeConfig,
    /// The schedule that all of Stable Diffusion was trained with.
    pub scheduler: SchedulerConfig,
}

impl Inferred {
    /// What the shapes of `plan` say; `prediction` is what the person knows of it.
    ///
    /// # Errors
    /// `Weights` if a tensor is missing without which nothing can be said; `Config` for shapes that
    /// this program's models do not have.
    pub fn new(plan: &Plan, prediction: Option<PredictionType>) -> Result<Self> {
        let second = plan.generation == Generation::Second;
        let prediction = prediction.unwrap_or(PredictionType::Epsilon);
        // Stable Diffusion 2 was trained on v with 768 pixels, all others with 512.
        let side = match (second, prediction) {
            (true, PredictionType::VPrediction) => 96,
            _ => 64,
        };
        let scheduler = json!({
            "_class_name": "PNDMScheduler",
            "beta_end": 0.012,
            "beta_schedule": "scaled_linear",
            "beta_start": 0.00085,
            "clip_sample": false,
            "num_train_timesteps": 1000,
            "prediction_type": match prediction {
                PredictionType::Epsilon => "epsilon",
                PredictionType::VPrediction => "v_prediction",
                PredictionType::Sample => "sample",
            },
            "set_alpha_to_one": false,
            "steps_offset": 1,
        });
        let text = text_encoder(&Shapes(plan.shapes("text_encoder")), second)?;
        let unet = unet(&Shapes(plan.shapes("unet")), second, side)?;
        let vae = vae(&Shapes(plan.shapes("vae")), 8 * side)?;
        let bytes = |value: Value| value.to_string().into_bytes();
        Ok(Self {
            text_encoder: ClipTextConfig::parse(&bytes(text))?,
            unet: UNetConfig::parse(&bytes(unet))?,
            vae: VaeConfig::parse(&bytes(vae))?,
            scheduler: SchedulerConfig::parse(&bytes(scheduler))?,
        })
    }
}

/// A part's tensors.
struct Shapes<'a>(BTreeMap<&'a str, &'a [usize]>);

impl Shapes<'_> {
    /// Length of one dimension.
    fn dim(&self, name: &str, dimension: usize) -> Result<usize> {
        let shape = self.0.get(name);
        shape
            .and_then(|shape| shape.get(dimension).copied())
            .ok_or_else(|| {
                Error::Weights(format!(
                    "The checkpoint has no tensor that could be '{name}', so it is not whole. Fetch it again, or take another version of the model."
                ))
            })
    }

    fn any(&self, prefix: &str) -> bool {
        let mut from = self.0.range(prefix..);
        from.next()
            .is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// How many of `{prefix}0.`, `{prefix}1.`, … there are.
    fn count(&self, prefix: &str) -> usize {
        (0..)
            .take_while(|i| self.any(&format!("{prefix}{i}.")))
            .count()
    }
}

fn levels(count: usize) -> Result<usize> {
    if (1..=MAX_LEVELS).contains(&count) {
        return Ok(count);
    }
    Err(Error::Weights(format!(
        "The checkpoint's model has {count} levels; those of Stable Diffusion have three or four. Choose another base."
    )))
}

fn unet(shapes: &Shapes, second: bool, side: usize) -> Result<Value> {
    let levels = levels(shapes.count("down_blocks."))?;
    let (mut channels, mut layers, mut depths) = (Vec::new(), Vec::new(), Vec::new());
    let (mut down, mut up) = (Vec::new(), Vec::new());
    for i in 0..levels {
        let block = format!("down_blocks.{i}");
        channels.push(shapes.dim(&format!("{block}.resnets.0.conv1.weight"), 0)?);
        layers.push(shapes.count(&format!("{block}.resnets.")));
        let transformer = format!("{block}.attentions.0.transformer_blocks.");
        depths.push(shapes.count(&transformer).max(1));
        down.push(if shapes.any(&format!("{block}.attentions.")) {
            "CrossAttnDownBlock2D"
        } else {
            "DownBlock2D"
        });
        up.push(if shapes.any(&format!("up_blocks.{i}.attentions.")) {
            "CrossAttnUpBlock2D"
        } else {
            "UpBlock2D"
        });
    }
    let attention = (0..levels)
        .find(|i| down[*i] == "CrossAttnDownBlock2D")
        .map(|i| format!("down_blocks.{i}.attentions.0"));
    let attention = attention.unwrap_or_else(|| "mid_block.attentions.0".to_owned());
    let to_k = format!("{attention}.transformer_blocks.0.attn2.to_k.weight");
    let heads: Vec<usize> = channels
        .iter()
        .map(|channels| if second { (channels / 64).max(1) } else { 8 })
        .collect();
    let mut config = json!({
        "_class_name": "UNet2DConditionModel",
        "attention_head_dim": heads,
        "block_out_channels": channels,
        "cross_attention_dim": shapes.dim(&to_k, 1)?,
        "down_block_types": down,
        "in_channels": shapes.dim("conv_in.weight", 1)?,
        "layers_per_block": layers,
        "out_channels": shapes.dim("conv_out.weight", 0)?,
        "sample_size": side,
        "time_embedding_dim": shapes.dim("time_embedding.linear_1.weight", 0)?,
        "transformer_layers_per_block": depths,
        "up_block_types": up,
        "use_linear_projection":
            shapes.dim(&format!("{attention}.proj_in.weight"), 0).is_ok()
                && shapes.dim(&format!("{attention}.proj_in.weight"), 2).is_err(),
    });
    config["mid_block_type"] = match shapes.any("mid_block.") {
        true => json!("UNetMidBlock2DCrossAttn"),
        false => Value::Null,
    };
    if let Ok(channels) = shapes.dim("time_embedding.cond_proj.weight", 1) {
        config["time_cond_proj_dim"] = json!(channels);
    }
    Ok(config)
}

fn vae(shapes: &Shapes, side: usize) -> Result<Value> {
    let levels = levels(shapes.count("encoder.down_blocks."))?;
    let channels = (0..levels)
        .map(|i| {
            shapes.dim(
                &format!("encoder.down_blocks.{i}.resnets.0.conv1.weight"),
                0,
            )
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(json!({
        "_class_name": "AutoencoderKL",
        "block_out_channels": channels,
        "down_block_types": vec!["DownEncoderBlock2D"; levels],
        "in_channels": shapes.dim("encoder.conv_in.weight", 1)?,
        "latent_channels": shapes.dim("decoder.conv_in.weight", 1)?,
        "layers_per_block": shapes.count("encoder.down_blocks.0.resnets."),
        "mid_block_add_attention": shapes.any("encoder.mid_block.attentions."),
        "out_channels": shapes.dim("decoder.conv_out.weight", 0)?,
        "sample_size": side,
        "scaling_factor": 0.18215,
        "up_block_types": vec!["UpDecoderBlock2D"; levels],
        "use_post_quant_conv": shapes.any("post_quant_conv."),
        "use_quant_conv": shapes.any("quant_conv."),
    }))
}

fn text_encoder(shapes: &Shapes, second: bool) -> Result<Value> {
    let tokens = "embeddings.token_embedding.weight";
    let channels = shapes.dim(tokens, 1)?;
    Ok(json!({
        "hidden_act": if second { "gelu" } else { "quick_gelu" },
        "hidden_size": channels,
        "intermediate_size": shapes.dim("encoder.layers.0.mlp.fc1.weight", 0)?,
        "max_position_embeddings": shapes.dim("embeddings.position_embedding.weight", 0)?,
        "model_type": "clip_text_model",
        "num_attention_heads": (channels / 64).max(1),
        "num_hidden_layers": shapes.count("encoder.layers."),
        "vocab_size": shapes.dim(tokens, 0)?,
    }))
}
