//! Pictures as PNG files that contain their settings.

use super::png_text::with_text;
use crate::config::GenerateConfig;
use crate::ui::{browser::pixels::png, text};
use crate::worker::protocol::{DeltaStrength, GenerateRequest, Pixels};

/// A PNG file with its settings: `parameters` for other programs, `deltabooth` for this one.
pub async fn png_with_settings(
    picture: &Pixels,
    request: &GenerateRequest,
    titles: &[String],
) -> Option<Vec<u8>> {
    let file = png(picture).await?;
    let words = text::parameters(request, titles);
    let settings = serde_json::to_string(request).unwrap_or_default();
    let texts = [
        ("parameters", words.as_str()),
        ("deltabooth", settings.as_str()),
    ];
    Some(with_text(&file, &texts))
}

/// A request for only the picture at `index` of a request.
pub fn single(request: &GenerateRequest, index: usize) -> GenerateRequest {
    let factor = request.strength_factors.get(index).copied();
    let deltas = request.deltas.iter().map(|of| DeltaStrength {
        id: of.id.clone(),
        strength: of.strength * factor.unwrap_or(1.0),
    });
    GenerateRequest {
        config: GenerateConfig {
            // In a row of strengths all pictures have the same seed.
            seed: match factor {
                Some(_) => request.config.seed,
                None => request.config.seed.wrapping_add(index as u64),
            },
            num_images_per_prompt: 1,
            ..request.config.clone()
        },
        deltas: deltas.collect(),
        compare: false,
        strength_factors: Vec::new(),
        ..request.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_can_be_asked_for_alone() {
        let request = GenerateRequest {
            id: 1,
            config: GenerateConfig {
                prompt: "a dog".into(),
                seed: 7,
                num_images_per_prompt: 4,
                ..GenerateConfig::default()
            },
            deltas: vec![DeltaStrength {
                id: "ab".into(),
                strength: 0.5,
            }],
            compare: true,
            strength_factors: Vec::new(),
        };
        let third = single(&request, 2);
        let config = &third.config;
        let found = (config.seed, config.num_images_per_prompt, third.compare);
        assert_eq!(found, (9, 1, false));
        let row = GenerateRequest {
            strength_factors: vec![0.0, 1.0, 2.0],
            ..request
        };
        let third = single(&row, 2);
        assert_eq!((third.config.seed, third.deltas[0].strength), (7, 1.0));
        assert!(third.strength_factors.is_empty());
    }
}
