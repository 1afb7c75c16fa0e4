//! `model_index.json`: which classes make up a base.

use serde_json::{Value, json};

use super::reader::Reader;
use crate::error::Result;

/// `model_index.json`, checked to name the parts that this crate has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelIndex {
    /// The pipeline's class.
    pub class_name: String,
    /// `_name_or_path`, if the file has one: where the model was published.
    pub name_or_path: Option<String>,
    /// Whether there is a tiny autoencoder beside the base's own:
    /// `"vae_tiny": ["diffusers", "AutoencoderTiny"]`, an addition to diffusers' file.
    pub vae_tiny: bool,
}

impl ModelIndex {
    /// Parses `model_index.json`.
    ///
    /// # Errors
    /// `Config`, naming key and value, for a pipeline or part of another class.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let file = Reader::new(json, "model_index.json")?;
        file.class(&["StableDiffusionPipeline", "LatentConsistencyModelPipeline"])?;
        for (part, library, classes) in [
            ("text_encoder", "transformers", &["CLIPTextModel"][..]),
            (
                "tokenizer",
                "transformers",
                &["CLIPTokenizer", "CLIPTokenizerFast"],
            ),
            ("unet", "diffusers", &["UNet2DConditionModel"]),
            ("vae", "diffusers", &["AutoencoderKL"]),
            ("vae_tiny", "diffusers", &["AutoencoderTiny"]),
        ] {
            let known: Vec<Value> = classes
                .iter()
                .map(|class| json!([library, class]))
                .collect();
            file.only(part, &known)?;
        }
        Ok(Self {
            class_name: file.get("_class_name", "StableDiffusionPipeline".to_owned())?,
            name_or_path: file
                .get::<Option<String>>("_name_or_path", None)?
                .filter(|name| !name.is_empty()),
            vae_tiny: file.get::<Option<Value>>("vae_tiny", None)?.is_some(),
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_part_of_another_class_is_refused_by_name() {
        let good = br#"{"_class_name":"StableDiffusionPipeline","_name_or_path":"nota-ai/bk-sdm-tiny","safety_checker":[null,null],
            "scheduler":["diffusers","PNDMScheduler"],"tokenizer":["transformers","CLIPTokenizer"],"unet":["diffusers","UNet2DConditionModel"]}"#;
        assert_eq!(
            ModelIndex::parse(good).unwrap().name_or_path.as_deref(),
            Some("nota-ai/bk-sdm-tiny")
        );
        assert!(!ModelIndex::parse(good).unwrap().vae_tiny);
        let tiny = br#"{"vae_tiny":["diffusers","AutoencoderTiny"]}"#;
        assert!(ModelIndex::parse(tiny).unwrap().vae_tiny);
        for (json, key, value) in [
            (
                r#"{"_class_name":"StableDiffusionXLPipeline"}"#,
                "'_class_name'",
                "StableDiffusionXLPipeline",
            ),
            (
                r#"{"text_encoder":["transformers","T5EncoderModel"]}"#,
                "'text_encoder'",
                "T5EncoderModel",
            ),
        ] {
            let Err(Error::Config(message)) = ModelIndex::parse(json.as_bytes()) else {
                panic!("{json} was accepted")
            };
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
    }
}
