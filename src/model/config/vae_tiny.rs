//! The config of diffusers' `AutoencoderTiny`.

use serde_json::json;

use crate::error::Result;
use crate::model::config::reader::Reader;

/// `vae_tiny/config.json`; fields are diffusers' (`models/autoencoders/autoencoder_tiny.py`).
#[derive(Clone, Debug, PartialEq)]
pub struct VaeTinyConfig {
    /// Channels of a picture.
    pub in_channels: usize,
    /// Channels of a decoded picture.
    pub out_channels: usize,
    /// Channels of every encoder level.
    pub encoder_channels: usize,
    /// Channels of every decoder level.
    pub decoder_channels: usize,
    /// Blocks per encoder level, from the highest resolution down; each level but the first halves the
    /// side.
    pub num_encoder_blocks: Vec<usize>,
    /// Blocks per decoder level, from the lowest resolution up; each level but the last doubles the
    /// side.
    pub num_decoder_blocks: Vec<usize>,
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Latents in ± this are mapped to [0, 1] by `scale_latents`.
    pub latent_magnitude: f64,
    /// The value of latent 0 after `scale_latents`.
    pub latent_shift: f64,
    /// Factor of the latents for the UNet.
    pub scaling_factor: f64,
}

impl VaeTinyConfig {
    /// Parses `vae_tiny/config.json`.
    ///
    /// # Errors
    /// `Config`, naming key and value, for an unsupported option.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let file = Reader::new(json, "vae_tiny/config.json")?;
        file.class(&["AutoencoderTiny"])?;
        file.only("act_fn", &[json!("relu")])?;
        file.only("upsample_fn", &[json!("nearest")])?;
        file.only("upsampling_scaling_factor", &[json!(2)])?;
        file.only("shift_factor", &[json!(0)])?;
        let num_encoder_blocks: Vec<usize> = file.get("num_encoder_blocks", vec![1, 3, 3, 3])?;
        let num_decoder_blocks: Vec<usize> = file.get("num_decoder_blocks", vec![3, 3, 3, 1])?;
        let levels = num_encoder_blocks.len();
        file.in_range("num_encoder_blocks", levels, 8)?;
        if num_decoder_blocks.len() != levels {
            let why = format!("there are {levels} levels in 'num_encoder_blocks'");
            return Err(file.unsupported("num_decoder_blocks", &json!(num_decoder_blocks), &why));
        }
        let config = Self {
            in_channels: file.get("in_channels", 3)?,
            out_channels: file.get("out_channels", 3)?,
            encoder_channels: channels(&file, "encoder_block_out_channels", levels)?,
            decoder_channels: channels(&file, "decoder_block_out_channels", levels)?,
            num_encoder_blocks,
            num_decoder_blocks,
            latent_channels: file.get("latent_channels", 4)?,
            latent_magnitude: file.get("latent_magnitude", 3.0)?,
            latent_shift: file.get("latent_shift", 0.5)?,
            scaling_factor: file.get("scaling_factor", 1.0)?,
        };
        config.check(&file)?;
        Ok(config)
    }

    /// Picture pixels per latent pixel, along one side.
    pub fn scale(&self) -> usize {
        1 << (self.num_encoder_blocks.len() - 1)
    }

    /// Checks that the sizes are consistent.
    fn check(&self, file: &Reader) -> Result<()> {
        for (key, value) in [
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels),
            ("encoder_block_out_channels", self.encoder_channels),
            ("decoder_block_out_channels", self.decoder_channels),
            ("latent_channels", self.latent_channels),
        ] {
            file.in_range(key, value, 1 << 16)?;
        }
        for (key, blocks) in [
            ("num_encoder_blocks", &self.num_encoder_blocks),
            ("num_decoder_blocks", &self.num_decoder_blocks),
        ] {
            for &number in blocks {
                file.in_range(key, number, 64)?;
            }
        }
        for (key, value) in [
            ("latent_magnitude", self.latent_magnitude),
            ("scaling_factor", self.scaling_factor),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return Err(file.unsupported(key, &json!(value), "it must be above 0"));
            }
        }
        if !self.latent_shift.is_finite() {
            return Err(file.unsupported(
                "latent_shift",
                &json!(self.latent_shift),
                "it must be a number",
            ));
        }
        Ok(())
    }
}

/// The number of channels, which is the same in all levels.
fn channels(file: &Reader, key: &str, levels: usize) -> Result<usize> {
    let list: Vec<usize> = file.get(key, vec![64; levels])?;
    match list.first() {
        Some(&first) if list.len() == levels && list.iter().all(|&n| n == first) => Ok(first),
        _ => Err(file.unsupported(
            key,
            &json!(list),
            &format!("it must be the same number for each of the {levels} levels"),
        )),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn the_config_of_taesd_is_understood() {
        let json = br#"{"_class_name":"AutoencoderTiny","act_fn":"relu","decoder_block_out_channels":[64,64,64,64],
            "encoder_block_out_channels":[64,64,64,64],"force_upcast":false,"in_channels":3,"latent_channels":4,"latent_magnitude":3,
            "latent_shift":0.5,"num_decoder_blocks":[3,3,3,1],"num_encoder_blocks":[1,3,3,3],"out_channels":3,"scaling_factor":1.0,
            "upsampling_scaling_factor":2}"#;
        let config = VaeTinyConfig::parse(json).unwrap();
        assert_eq!(config, VaeTinyConfig::parse(b"{}").unwrap());
        assert_eq!((config.scale(), config.encoder_channels), (8, 64));
    }

    #[test]
    fn unsupported_options_are_refused_by_key_and_value() {
        for (json, key, value) in [
            (r#"{"act_fn":"gelu"}"#, "'act_fn'", "gelu"),
            (r#"{"upsample_fn":"bilinear"}"#, "'upsample_fn'", "bilinear"),
            (
                r#"{"encoder_block_out_channels":[32,64,64,64]}"#,
                "'encoder_block_out_channels'",
                "[32,64,64,64]",
            ),
            (
                r#"{"num_decoder_blocks":[1]}"#,
                "'num_decoder_blocks'",
                "[1]",
            ),
            (r#"{"num_encoder_blocks":[]}"#, "'num_encoder_blocks'", "0"),
            (r#"{"latent_magnitude":0}"#, "'latent_magnitude'", "0"),
            (
                r#"{"_class_name":"AutoencoderKL"}"#,
                "'_class_name'",
                "AutoencoderKL",
            ),
        ] {
            let Err(Error::Config(message)) = VaeTinyConfig::parse(json.as_bytes()) else {
                panic!("{json} was accepted")
            };
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
    }
}
