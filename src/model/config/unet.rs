//! The config of diffusers' `UNet2DConditionModel`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::config::reader::Reader;

/// `unet/config.json`; fields are diffusers' (`models/unets/unet_2d_condition.py`), and options that
/// may be one value or a list hold one entry per down block.
#[derive(Clone, Debug, PartialEq)]
pub struct UNetConfig {
    /// Side of the latents in latent pixels, if the file has it.
    pub sample_size: Option<usize>,
    /// Channels of the input latents.
    pub in_channels: usize,
    /// Channels of the prediction.
    pub out_channels: usize,
    /// Whether the timestep embedding is (cos, sin) rather than (sin, cos).
    pub flip_sin_to_cos: bool,
    /// Subtracted from the half dimension in the embedding's frequencies.
    pub freq_shift: f64,
    /// Down blocks, from the highest resolution down.
    pub down_block_types: Vec<DownBlockType>,
    /// The middle block; `None` in distilled models without it.
    pub mid_block_type: Option<MidBlockType>,
    /// Up blocks, from the lowest resolution up.
    pub up_block_types: Vec<UpBlockType>,
    /// Per down block: whether both attentions of a transformer block take the text as context.
    pub only_cross_attention: Vec<bool>,
    /// Channels per down block.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks per down block (an up block has one more).
    pub layers_per_block: Vec<usize>,
    /// Groups of every GroupNorm.
    pub norm_num_groups: usize,
    /// Added to the variance in the GroupNorms of the residual blocks and in the last one.
    pub norm_eps: f64,
    /// Per down block: channels of the text embeddings.
    pub cross_attention_dim: Vec<usize>,
    /// Per down block: transformer blocks in each attention.
    pub transformer_layers_per_block: Vec<usize>,
    /// Per down block: the **number of heads**. The name is a mistake that diffusers keeps for
    /// compatibility; a head has `block_out_channels[i] / attention_head_dim[i]` channels.
    pub attention_head_dim: Vec<usize>,
    /// Whether `proj_in` and `proj_out` are linear layers rather than 1×1 convolutions.
    pub use_linear_projection: bool,
    /// Channels of the time embedding; four times the first block's if absent.
    pub time_embedding_dim: Option<usize>,
    /// Channels of the guidance-scale embedding of latent consistency models.
    pub time_cond_proj_dim: Option<usize>,
}

/// The down blocks of Stable Diffusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum DownBlockType {
    /// Residual blocks with attention.
    CrossAttnDownBlock2D,
    /// Residual blocks only.
    DownBlock2D,
}

/// The middle block of Stable Diffusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum MidBlockType {
    /// Residual, attention, residual.
    UNetMidBlock2DCrossAttn,
}

/// The up blocks of Stable Diffusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum UpBlockType {
    /// Residual blocks with attention.
    CrossAttnUpBlock2D,
    /// Residual blocks only.
    UpBlock2D,
}

impl UNetConfig {
    /// Parses `unet/config.json`.
    ///
    /// # Errors
    /// `Config`, naming key and value, for an unsupported option.
    pub fn parse(json: &[u8]) -> Result<Self> {
        use {DownBlockType as Down, UpBlockType as Up};
        let file = Reader::new(json, "unet/config.json")?;
        file.class(&["UNet2DConditionModel"])?;
        check_fixed(&file)?;
        let down_block_types = file.get(
            "down_block_types",
            vec![
                Down::CrossAttnDownBlock2D,
                Down::CrossAttnDownBlock2D,
                Down::CrossAttnDownBlock2D,
                Down::DownBlock2D,
            ],
        )?;
        let blocks = down_block_types.len();
        file.in_range("down_block_types", blocks, 16)?;
        let config = Self {
            sample_size: sample_size(&file)?,
            in_channels: file.get("in_channels", 4)?,
            out_channels: file.get("out_channels", 4)?,
            flip_sin_to_cos: file.get("flip_sin_to_cos", true)?,
            freq_shift: file.get("freq_shift", 0.0)?,
            down_block_types,
            mid_block_type: file.get(
                "mid_block_type",
                Some(MidBlockType::UNetMidBlock2DCrossAttn),
            )?,
            up_block_types: file.get(
                "up_block_types",
                vec![
                    Up::UpBlock2D,
                    Up::CrossAttnUpBlock2D,
                    Up::CrossAttnUpBlock2D,
                    Up::CrossAttnUpBlock2D,
                ],
            )?,
            only_cross_attention: file.per_block("only_cross_attention", blocks, false)?,
            block_out_channels: file.get("block_out_channels", vec![320, 640, 1280, 1280])?,
            layers_per_block: file.per_block("layers_per_block", blocks, 2)?,
            norm_num_groups: file.get("norm_num_groups", 32)?,
            norm_eps: file.get("norm_eps", 1e-5)?,
            cross_attention_dim: file.per_block("cross_attention_dim", blocks, 1280)?,
            transformer_layers_per_block: file.per_block(
                "transformer_layers_per_block",
                blocks,
                1,
            )?,
            attention_head_dim: file.per_block("attention_head_dim", blocks, 8)?,
            use_linear_projection: file.get("use_linear_projection", false)?,
            time_embedding_dim: file.get("time_embedding_dim", None)?,
            time_cond_proj_dim: file.get("time_cond_proj_dim", None)?,
        };
        config.check(&file)?;
        Ok(config)
    }

    /// Channels of the time embedding.
    pub fn time_embed_dim(&self) -> usize {
        self.time_embedding_dim
            .unwrap_or(4 * self.block_out_channels[0])
    }

    /// Checks that the sizes are consistent.
    fn check(&self, file: &Reader) -> Result<()> {
        let blocks = self.down_block_types.len();
        for (key, found) in [
            ("up_block_types", self.up_block_types.len()),
            ("block_out_channels", self.block_out_channels.len()),
        ] {
            if found != blocks {
                return Err(file.unsupported(
                    key,
                    &json!(found),
                    &format!("a list of {blocks} entries, as 'down_block_types', is needed"),
                ));
            }
        }
        let counts = [
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels),
            ("norm_num_groups", self.norm_num_groups),
            ("time_embedding_dim", self.time_embed_dim()),
            ("time_cond_proj_dim", self.time_cond_proj_dim.unwrap_or(1)),
            ("sample_size", self.sample_size.unwrap_or(1)),
        ];
        let lists = [
            ("block_out_channels", &self.block_out_channels),
            ("layers_per_block", &self.layers_per_block),
            ("cross_attention_dim", &self.cross_attention_dim),
            (
                "transformer_layers_per_block",
                &self.transformer_layers_per_block,
            ),
            ("attention_head_dim", &self.attention_head_dim),
        ];
        let listed = lists
            .iter()
            .flat_map(|(key, list)| list.iter().map(|value| (*key, *value)));
        for (key, value) in counts.into_iter().chain(listed) {
            file.in_range(key, value, 1 << 16)?;
        }
        for (channels, heads) in self.block_out_channels.iter().zip(&self.attention_head_dim) {
            if channels % self.norm_num_groups != 0 {
                return Err(file.unsupported(
                    "norm_num_groups",
                    &json!(self.norm_num_groups),
                    &format!("{channels} channels do not divide into that many groups"),
                ));
            }
            if channels % heads != 0 {
                return Err(file.unsupported(
                    "attention_head_dim",
                    &json!(heads),
                    &format!("{channels} channels do not divide into that many heads"),
                ));
            }
        }
        Ok(())
    }
}

/// Checks options that have a single value in all Stable Diffusion models.
fn check_fixed(file: &Reader) -> Result<(), Error> {
    let null = || vec![Value::Null];
    let fixed = [
        ("center_input_sample", vec![json!(false)]),
        ("downsample_padding", vec![json!(1)]),
        ("mid_block_scale_factor", vec![json!(1)]),
        ("dropout", vec![json!(0)]),
        ("act_fn", vec![json!("silu"), json!("swish")]),
        ("reverse_transformer_layers_per_block", null()),
        ("encoder_hid_dim", null()),
        ("encoder_hid_dim_type", null()),
        ("num_attention_heads", null()),
        ("dual_cross_attention", vec![json!(false)]),
        ("class_embed_type", null()),
        ("addition_embed_type", null()),
        ("num_class_embeds", null()),
        ("resnet_time_scale_shift", vec![json!("default")]),
        ("resnet_skip_time_act", vec![json!(false)]),
        ("resnet_out_scale_factor", vec![json!(1)]),
        ("time_embedding_type", vec![json!("positional")]),
        ("time_embedding_act_fn", null()),
        ("timestep_post_act", null()),
        ("conv_in_kernel", vec![json!(3)]),
        ("conv_out_kernel", vec![json!(3)]),
        ("attention_type", vec![json!("default")]),
        ("class_embeddings_concat", vec![json!(false)]),
        ("cross_attention_norm", null()),
    ];
    fixed
        .iter()
        .try_for_each(|(key, allowed)| file.only(key, allowed))
}

/// `sample_size`: a side, or `[height, width]` if they are equal.
fn sample_size(file: &Reader) -> Result<Option<usize>> {
    match file.get("sample_size", Value::Null)? {
        Value::Array(sides) if sides.len() == 2 && sides[0] == sides[1] => {
            Ok(sides[0].as_u64().map(|side| side as usize))
        }
        value @ Value::Array(_) => {
            Err(file.unsupported("sample_size", &value, "only square pictures are supported"))
        }
        _ => file.get("sample_size", None),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn absent_keys_take_diffusers_defaults() {
        let config = UNetConfig::parse(b"{}").unwrap();
        assert_eq!(config.block_out_channels, [320, 640, 1280, 1280]);
        assert_eq!(config.layers_per_block, [2; 4]);
        assert_eq!(config.attention_head_dim, [8; 4]);
        assert_eq!(config.cross_attention_dim, [1280; 4]);
        assert_eq!(
            config.mid_block_type,
            Some(MidBlockType::UNetMidBlock2DCrossAttn)
        );
        assert_eq!((config.sample_size, config.time_embed_dim()), (None, 1280));
    }

    #[test]
    fn lists_and_single_values_mean_the_same() {
        let json = br#"{"attention_head_dim":[5,10,20,20],"use_linear_projection":true,"cross_attention_dim":1024,
            "sample_size":[64,64],"layers_per_block":[1,1,1,1],"upcast_attention":true,"dual_cross_attention":false,
            "num_class_embeds":null,"mid_block_scale_factor":1.0,"time_cond_proj_dim":256}"#;
        let config = UNetConfig::parse(json).unwrap();
        assert_eq!(config.attention_head_dim, [5, 10, 20, 20]);
        assert_eq!(config.layers_per_block, [1; 4]);
        assert_eq!(
            (config.sample_size, config.time_cond_proj_dim),
            (Some(64), Some(256))
        );
    }

    #[test]
    fn a_missing_middle_is_not_an_absent_key() {
        let json = br#"{"mid_block_type":null,"down_block_types":["CrossAttnDownBlock2D","CrossAttnDownBlock2D","CrossAttnDownBlock2D"],
            "up_block_types":["CrossAttnUpBlock2D","CrossAttnUpBlock2D","CrossAttnUpBlock2D"],"block_out_channels":[320,640,1280],"layers_per_block":1}"#;
        assert_eq!(UNetConfig::parse(json).unwrap().mid_block_type, None);
    }

    #[test]
    fn unsupported_options_are_refused_by_key_and_value() {
        for (json, key, value) in [
            (r#"{"act_fn":"mish"}"#, "'act_fn'", "mish"),
            (
                r#"{"dual_cross_attention":true}"#,
                "'dual_cross_attention'",
                "true",
            ),
            (
                r#"{"addition_embed_type":"text_time"}"#,
                "'addition_embed_type'",
                "text_time",
            ),
            (
                r#"{"down_block_types":["AttnDownBlock2D"]}"#,
                "'down_block_types'",
                "AttnDownBlock2D",
            ),
            (
                r#"{"layers_per_block":[2,2]}"#,
                "'layers_per_block'",
                "[2,2]",
            ),
            (r#"{"attention_head_dim":0}"#, "'attention_head_dim'", "0"),
            (r#"{"norm_num_groups":33}"#, "'norm_num_groups'", "33"),
            (r#"{"sample_size":[64,96]}"#, "'sample_size'", "[64,96]"),
            (
                r#"{"_class_name":"UNet3DConditionModel"}"#,
                "'_class_name'",
                "UNet3DConditionModel",
            ),
        ] {
            let Err(Error::Config(message)) = UNetConfig::parse(json.as_bytes()) else {
                panic!("{json} was accepted")
            };
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
    }
}
