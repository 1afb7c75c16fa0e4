//! `model_index.json`: the classes of a base model's components.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::config::reader::Reader;

/// A `model_index.json` that names supported components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelIndex {
    /// The pipeline's class.
    pub class_name: String,
    /// `_name_or_path`, if the file has one: where the model was published.
    pub name_or_path: Option<String>,
    /// Whether there is a small autoencoder: `"vae_tiny": ["diffusers", "AutoencoderTiny"]`, which
    /// diffusers does not have.
    pub vae_tiny: bool,
}

/// Unsupported pipelines with their names in messages, by a part of the class name. The first match
/// counts.
const OTHERS: [(&str, &str); 11] = [
    ("ControlNet", "a ControlNet with its base"),
    ("Inpaint", "an inpainting model"),
    ("InstructPix2Pix", "an InstructPix2Pix model"),
    ("Upscale", "an upscaler"),
    ("Depth2Img", "a depth-to-image model"),
    ("StableDiffusionXL", "a Stable Diffusion XL"),
    ("StableDiffusion3", "a Stable Diffusion 3"),
    ("StableUnCLIP", "a Stable unCLIP"),
    ("Flux", "a Flux"),
    ("PixArt", "a PixArt"),
    ("StableCascade", "a Stable Cascade"),
];

impl ModelIndex {
    /// Parses `model_index.json`.
    ///
    /// # Errors
    /// `Config`, naming key and value, for a pipeline or component of another class.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let file = Reader::new(json, "model_index.json")?;
        let class: String = file.get("_class_name", "StableDiffusionPipeline".to_owned())?;
        if let Some((_, what)) = OTHERS.iter().find(|(part, _)| class.contains(part)) {
            return Err(Error::Config(format!(
                "The folder holds {what} ('_class_name' in model_index.json is '{class}'), which this program does not have. Choose a base of Stable Diffusion 1.x or 2.x, or one distilled of them."
            )));
        }
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
            class_name: class,
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

    #[test]
    fn other_pipelines_are_refused_in_words() {
        for (class, what) in [
            ("StableDiffusionXLPipeline", "a Stable Diffusion XL"),
            ("StableDiffusionXLInpaintPipeline", "inpainting"),
            ("StableDiffusion3Pipeline", "a Stable Diffusion 3"),
            ("FluxPipeline", "a Flux"),
            ("StableDiffusionInpaintPipeline", "inpainting"),
            ("StableDiffusionControlNetPipeline", "ControlNet"),
        ] {
            let json = format!(r#"{{"_class_name":"{class}"}}"#);
            let error = ModelIndex::parse(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(what) && error.contains(class), "{error}");
        }
    }

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
