//! The subject: its pictures as cached latents, its words, its prompts.

use burn::tensor::{Tensor, TensorData};

use super::settings::TrainSettings;
use crate::error::{Error, Result};
use crate::model::base::Base;
use crate::model::tokenizer::Tokenizer;

/// Below this place in the vocabulary a whole word is in common use: CLIP's vocabulary is ordered
/// by frequency and the last fifth of its 49,408 tokens are rare names.
const RARE_FROM: u32 = 40_000;
/// Identifiers in common use that mean nothing to the usual bases.
const IDENTIFIERS: [&str; 6] = ["sks", "ohwx", "zwx", "olis", "hta", "pll"];
/// Pictures of one run at most; each is kept as latents.
const MAX_PICTURES: usize = 256;

/// A subject to learn.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Pictures, `[3, size, size]` each, row by row, in [-1, 1].
    pub pictures: Vec<Vec<f32>>,
    /// Pixels a side.
    pub size: usize,
}

/// The VAE's distribution of one picture, before scaling.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureLatents {
    /// `[channels, height, width]`, row by row.
    pub mean: Vec<f32>,
    /// Of the same shape.
    pub log_variance: Vec<f32>,
}

impl Subject {
    /// Pictures of `size` pixels a side.
    ///
    /// # Errors
    /// `Settings` when there is none, too many, or one is misshapen or holds what is no number.
    pub fn new(pictures: Vec<Vec<f32>>, size: usize) -> Result<Self> {
        if pictures.is_empty() || pictures.len() > MAX_PICTURES {
            return Err(Error::Settings(format!(
                "There are {} pictures of the subject, but training needs 1 to {MAX_PICTURES}. \
                 Three to five are best.",
                pictures.len()
            )));
        }
        for (index, picture) in pictures.iter().enumerate() {
            if picture.len() != 3 * size * size || picture.iter().any(|x| !x.is_finite()) {
                return Err(Error::Settings(format!(
                    "Picture {} does not hold 3 × {size} × {size} numbers, so it cannot be \
                     trained on. Take it out and add it again.",
                    index + 1
                )));
            }
        }
        Ok(Self { pictures, size })
    }

    /// Encodes the pictures with the base's VAE, once for the whole run.
    ///
    /// With `flip` each picture is followed by its mirror image, encoded by itself: the VAE does
    /// not commute with mirroring.
    ///
    /// # Errors
    /// `Device` when the latents cannot be read back.
    pub async fn encode(&self, base: &Base, flip: bool) -> Result<Vec<PictureLatents>> {
        let mut encoded = Vec::with_capacity(self.pictures.len() * if flip { 2 } else { 1 });
        for picture in &self.pictures {
            let data = TensorData::new(picture.clone(), [1, 3, self.size, self.size]);
            let picture: Tensor<4> = Tensor::from_data(data, base.device());
            encoded.push(encode(base, picture.clone()).await?);
            if flip {
                encoded.push(encode(base, picture.flip([3])).await?);
            }
        }
        Ok(encoded)
    }
}

async fn encode(base: &Base, picture: Tensor<4>) -> Result<PictureLatents> {
    let distribution = base.vae.encode(picture);
    Ok(PictureLatents {
        mean: super::step::read(distribution.mean).await?,
        log_variance: super::step::read(distribution.log_variance).await?,
    })
}

/// "photo of a sks robot": what the subject's pictures are called.
pub fn instance_prompt(settings: &TrainSettings) -> String {
    format!("photo of a {} {}", settings.token, settings.class_word)
}

/// "photo of a robot": what the class pictures are called.
pub fn class_prompt(settings: &TrainSettings) -> String {
    format!("photo of a {}", settings.class_word)
}

/// What a person should know about the chosen words; none of it stops a run.
pub fn warnings(settings: &TrainSettings, tokenizer: &Tokenizer) -> Vec<String> {
    let mut warnings = Vec::new();
    let token = settings.token.as_str();
    let pieces = tokenizer.tokens(token);
    let known = matches!(pieces[..], [piece] if piece < RARE_FROM);
    if known && !IDENTIFIERS.contains(&token.to_lowercase().as_str()) {
        warnings.push(format!(
            "The base knows the word '{token}' already, so the subject may mix with what it means. \
             A rare word such as 'sks' is learned more cleanly."
        ));
    }
    for word in settings.class_word.split_whitespace() {
        if tokenizer.tokens(word).len() > 1 {
            warnings.push(format!(
                "The base does not know '{word}' as a word, so it cannot build on what it knows \
                 of the class. A more general word such as 'dog' or 'toy' may work better."
            ));
        }
    }
    if tokenizer.tokens(&settings.class_word).contains(&pieces.first().copied().unwrap_or(u32::MAX))
        && pieces.len() == 1
    {
        warnings.push(format!(
            "The identifier '{token}' is part of the class word, so the two cannot be told apart. \
             Choose a rare word such as 'sks'."
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_prompts_are_dreambooths() {
        let settings = TrainSettings { class_word: "robot".into(), ..TrainSettings::default() };
        assert_eq!(instance_prompt(&settings), "photo of a sks robot");
        assert_eq!(class_prompt(&settings), "photo of a robot");
    }

    #[test]
    fn pictures_that_cannot_be_trained_on_are_refused() {
        assert!(Subject::new(vec![vec![0.0; 12]], 2).is_ok());
        for bad in [vec![], vec![vec![0.0; 11]], vec![vec![f32::NAN; 12]]] {
            let error = Subject::new(bad, 2).unwrap_err();
            assert!(matches!(error, Error::Settings(_)), "{error}");
        }
    }
}
