//! The config of transformers' `CLIPTextModel`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Result;
use crate::model::config::reader::Reader;

/// `text_encoder/config.json`; fields are transformers' (`models/clip/configuration_clip.py`).
#[derive(Clone, Debug, PartialEq)]
pub struct ClipTextConfig {
    /// Rows of the token embedding.
    pub vocab_size: usize,
    /// Channels of a token.
    pub hidden_size: usize,
    /// Channels inside the feed-forward part.
    pub intermediate_size: usize,
    /// Encoder layers.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Rows of the position embedding; the longest prompt, in tokens.
    pub max_position_embeddings: usize,
    /// The feed-forward part's activation.
    pub hidden_act: HiddenAct,
    /// Added to the variance in every LayerNorm.
    pub layer_norm_eps: f64,
}

/// The activations that published text encoders use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenAct {
    /// x · sigmoid(1.702 x); OpenAI's CLIP.
    QuickGelu,
    /// x · Φ(x); OpenCLIP.
    Gelu,
}

impl ClipTextConfig {
    /// Parses `text_encoder/config.json`.
    ///
    /// # Errors
    /// `Config`, naming key and value, for an unsupported option.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let file = Reader::new(json, "text_encoder/config.json")?;
        file.only("model_type", &[json!("clip_text_model")])?;
        file.only("use_attention_mask", &[json!(false), Value::Null])?;
        let layer_norm_eps: Option<f64> = file.get("layer_norm_eps", None)?;
        let config = Self {
            vocab_size: file.get("vocab_size", 49408)?,
            hidden_size: file.get("hidden_size", 512)?,
            intermediate_size: file.get("intermediate_size", 2048)?,
            num_hidden_layers: file.get("num_hidden_layers", 12)?,
            num_attention_heads: file.get("num_attention_heads", 8)?,
            max_position_embeddings: file.get("max_position_embeddings", 77)?,
            hidden_act: file.get("hidden_act", HiddenAct::QuickGelu)?,
            layer_norm_eps: layer_norm_eps.unwrap_or(1e-5),
        };
        for (key, value, limit) in [
            ("vocab_size", config.vocab_size, 1 << 24),
            ("hidden_size", config.hidden_size, 1 << 16),
            ("intermediate_size", config.intermediate_size, 1 << 18),
            ("num_hidden_layers", config.num_hidden_layers, 1 << 10),
            ("num_attention_heads", config.num_attention_heads, 1 << 10),
            (
                "max_position_embeddings",
                config.max_position_embeddings,
                1 << 16,
            ),
        ] {
            file.in_range(key, value, limit)?;
        }
        if !config
            .hidden_size
            .is_multiple_of(config.num_attention_heads)
        {
            let why = format!(
                "{} channels do not divide into that many heads",
                config.hidden_size
            );
            return Err(file.unsupported(
                "num_attention_heads",
                &json!(config.num_attention_heads),
                &why,
            ));
        }
        Ok(config)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn absent_keys_take_transformers_defaults() {
        let config = ClipTextConfig::parse(b"{}").unwrap();
        assert_eq!(
            (
                config.vocab_size,
                config.hidden_size,
                config.num_hidden_layers
            ),
            (49408, 512, 12)
        );
        assert_eq!(
            (config.max_position_embeddings, config.hidden_act),
            (77, HiddenAct::QuickGelu)
        );
    }

    #[test]
    fn unsupported_options_are_refused_by_key_and_value() {
        for (json, key, value) in [
            (r#"{"hidden_act":"relu"}"#, "'hidden_act'", "relu"),
            (r#"{"model_type":"t5"}"#, "'model_type'", "t5"),
            (
                r#"{"use_attention_mask":true}"#,
                "'use_attention_mask'",
                "true",
            ),
            (r#"{"num_attention_heads":7}"#, "'num_attention_heads'", "7"),
            (r#"{"hidden_size":-1}"#, "'hidden_size'", "-1"),
        ] {
            let Err(Error::Config(message)) = ClipTextConfig::parse(json.as_bytes()) else {
                panic!("{json} was accepted")
            };
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
    }
}
