//! The subject: its pictures, checked, and as latents.

use burn::tensor::{Tensor, TensorData};

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::train::dataset::sample::PictureLatents;
use crate::train::step::read;

/// Pictures of one subject at most; each is kept as latents.
const MAX_PICTURES: usize = 256;

/// A subject to learn.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Pictures, `[3, size, size]` each, row by row, in [-1, 1].
    pub pictures: Vec<Vec<f32>>,
    /// Pixels a side.
    pub size: usize,
}

impl Subject {
    /// Pictures of `size` pixels a side.
    ///
    /// # Errors
    /// `Settings` when there is none, too many, or one is misshapen or holds what is no number.
    pub fn new(pictures: Vec<Vec<f32>>, size: usize) -> Result<Self> {
        if pictures.is_empty() || pictures.len() > MAX_PICTURES {
            return Err(Error::Settings(format!(
                "There are {} pictures of the subject, but training selection 1 to {MAX_PICTURES}. \
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

    /// The pictures and, with `flip`, after each its mirror image: the autoencoder does not commute
    /// with mirroring, so each is encoded by itself.
    pub(crate) fn shown(&self, flip: bool) -> Vec<Vec<f32>> {
        let mut shown = Vec::new();
        for picture in &self.pictures {
            shown.push(picture.clone());
            if flip {
                let rows = picture.chunks(self.size);
                shown.push(rows.flat_map(|row| row.iter().rev()).copied().collect());
            }
        }
        shown
    }
}

/// Encodes one picture `[3, size, size]` with the base's autoencoder.
///
/// # Errors
/// `Device` when the latents cannot be read back.
pub(crate) async fn encode(base: &BaseModel, picture: &[f32]) -> Result<PictureLatents> {
    let size = base.picture_size();
    let data = TensorData::new(picture.to_vec(), [1, 3, size, size]);
    let picture: Tensor<4> = Tensor::from_data(data, base.device());
    let distribution = base.vae.encode(picture);
    Ok(PictureLatents {
        mean: read(distribution.mean).await?,
        log_variance: read(distribution.log_variance).await?,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn pictures_that_cannot_be_trained_on_are_refused() {
        assert!(Subject::new(vec![vec![0.0; 12]], 2).is_ok());
        for bad in [vec![], vec![vec![0.0; 11]], vec![vec![f32::NAN; 12]]] {
            let error = Subject::new(bad, 2).unwrap_err();
            assert!(matches!(error, Error::Settings(_)), "{error}");
        }
    }

    #[test]
    fn a_mirrored_picture_has_its_rows_reversed() {
        let picture: Vec<f32> = (0..12).map(|x| x as f32).collect();
        let subject = Subject::new(vec![picture.clone()], 2).unwrap();
        let shown = subject.shown(true);
        assert_eq!(shown[0], picture);
        assert_eq!(shown[1][..4], [1.0, 0.0, 3.0, 2.0]);
        assert_eq!(subject.shown(false).len(), 1);
    }
}
