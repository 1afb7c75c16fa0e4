//! The config of diffusers' `AutoencoderKL`.

use serde_json::{Value, json};

use crate::error::Result;
use crate::model::config::reader::Reader;

/// `vae/config.json`; fields are diffusers' (`models/autoencoders/autoencoder_kl.py`).
#[derive(Clone, Debug, PartialEq)]
pub struct VaeConfig {
    /// Channels of a picture.
    pub in_channels: usize,
    /// Channels of a decoded picture.
    pub out_channels: usize,
    /// Channels per level, from the highest resolution down; each level but the last halves the side.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks per encoder level (a decoder level has one more).
    pub layers_per_block: usize,
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Groups of every GroupNorm.
    pub norm_num_groups: usize,
    /// Side of the training pictures, in pixels.
    pub sample_size: usize,
    /// Factor of the latents for the UNet; their variance is then about 1.
    pub scaling_factor: f64,
    /// Whether a 1×1 convolution follows the encoder.
    pub use_quant_conv: bool,
    /// Whether a 1×1 convolution precedes the decoder.
    pub use_post_quant_conv: bool,
    /// Whether the middle blocks have attention.
    pub mid_block_add_attention: bool,
}

impl VaeConfig {
    /// Parses `vae/config.json`.
    ///
    /// # Errors
    /// `Config`, naming key and value, for an unsupported option.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let file = Reader::new(json, "vae/config.json")?;
        file.class(&["AutoencoderKL"])?;
        file.only("act_fn", &[json!("silu"), json!("swish")])?;
        for key in ["shift_factor", "latents_mean", "latents_std"] {
            file.only(key, &[Value::Null])?;
        }
        let config = Self {
            in_channels: file.get("in_channels", 3)?,
            out_channels: file.get("out_channels", 3)?,
            block_out_channels: file.get("block_out_channels", vec![64])?,
            layers_per_block: file.get("layers_per_block", 1)?,
            latent_channels: file.get("latent_channels", 4)?,
            norm_num_groups: file.get("norm_num_groups", 32)?,
            sample_size: file.get("sample_size", 32)?,
            scaling_factor: file.get("scaling_factor", 0.18215)?,
            use_quant_conv: file.get("use_quant_conv", true)?,
            use_post_quant_conv: file.get("use_post_quant_conv", true)?,
            mid_block_add_attention: file.get("mid_block_add_attention", true)?,
        };
        config.check(&file)?;
        Ok(config)
    }

    /// Picture pixels per latent pixel, along one side.
    pub fn scale(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }

    /// Checks that the sizes are consistent.
    fn check(&self, file: &Reader) -> Result<()> {
        let levels = self.block_out_channels.len();
        file.in_range("block_out_channels", levels, 8)?;
        for (key, name) in [
            ("down_block_types", "DownEncoderBlock2D"),
            ("up_block_types", "UpDecoderBlock2D"),
        ] {
            file.only(key, &[json!(vec![name; levels])])?;
        }
        for (key, value) in [
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels),
            ("layers_per_block", self.layers_per_block),
            ("latent_channels", self.latent_channels),
            ("norm_num_groups", self.norm_num_groups),
            ("sample_size", self.sample_size),
        ] {
            file.in_range(key, value, 1 << 16)?;
        }
        for &channels in &self.block_out_channels {
            file.in_range("block_out_channels", channels, 1 << 16)?;
            if channels % self.norm_num_groups != 0 {
                return Err(file.unsupported(
                    "norm_num_groups",
                    &json!(self.norm_num_groups),
                    &format!("{channels} channels do not divide into that many groups"),
                ));
            }
        }
        if !(self.scaling_factor.is_finite() && self.scaling_factor > 0.0) {
            return Err(file.unsupported(
                "scaling_factor",
                &json!(self.scaling_factor),
                "it must be above 0",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn the_config_of_stable_diffusion_1_is_understood() {
        let json = br#"{"_class_name":"AutoencoderKL","act_fn":"silu","block_out_channels":[128,256,512,512],
            "down_block_types":["DownEncoderBlock2D","DownEncoderBlock2D","DownEncoderBlock2D","DownEncoderBlock2D"],
            "up_block_types":["UpDecoderBlock2D","UpDecoderBlock2D","UpDecoderBlock2D","UpDecoderBlock2D"],
            "in_channels":3,"latent_channels":4,"layers_per_block":2,"norm_num_groups":32,"out_channels":3,"sample_size":512}"#;
        let config = VaeConfig::parse(json).unwrap();
        assert_eq!(
            (
                config.scale(),
                config.scaling_factor,
                config.layers_per_block
            ),
            (8, 0.18215, 2)
        );
        assert!(
            config.use_quant_conv && config.use_post_quant_conv && config.mid_block_add_attention
        );
    }

    #[test]
    fn unsupported_options_are_refused_by_key_and_value() {
        for (json, key, value) in [
            (r#"{"shift_factor":0.1}"#, "'shift_factor'", "0.1"),
            (
                r#"{"down_block_types":["AttnDownEncoderBlock2D"]}"#,
                "'down_block_types'",
                "AttnDownEncoderBlock2D",
            ),
            (r#"{"block_out_channels":[]}"#, "'block_out_channels'", "0"),
            (
                r#"{"_class_name":"AutoencoderTiny"}"#,
                "'_class_name'",
                "AutoencoderTiny",
            ),
        ] {
            let Err(Error::Config(message)) = VaeConfig::parse(json.as_bytes()) else {
                panic!("{json} was accepted")
            };
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
    }
}
