//! Collages: two subjects side by side in one picture, each in its own half (SVDiff, section 4.2).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The direction of the seam.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// The first subject on the left, the second on the right.
    #[default]
    LeftRight,
    /// The first on the top, the second on the bottom.
    TopBottom,
}

/// The content of one half.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Half {
    /// Index of the subject.
    pub subject: usize,
    /// Index of the picture among the subject's.
    pub picture: usize,
    /// Side of the picture, as a fraction of the collage's side, 0.1 to 4.
    pub scale: f32,
    /// From the half's middle to the picture's, right and down, as a fraction of the half's sides,
    /// -1 to 1.
    pub offset: [f32; 2],
}

/// Two subjects in one picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collage {
    /// The direction of the seam.
    pub layout: Layout,
    /// Position of the seam, as a fraction of the side, 0.2 to 0.8.
    pub seam: f32,
    /// Left and right, or top and bottom.
    pub halves: [Half; 2],
}

impl Collage {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Settings` when the seam, a scale or an offset is out of its range.
    pub fn check(&self) -> Result<()> {
        let halves = self.halves.iter();
        let valid = (0.2..=0.8).contains(&self.seam)
            && halves.clone().all(|half| (0.1..=4.0).contains(&half.scale))
            && halves
                .flat_map(|half| half.offset)
                .all(|offset| (-1.0..=1.0).contains(&offset));
        if valid {
            return Ok(());
        }
        Err(Error::Settings(
            "A collage cannot be made like this: the seam must lie between 0.2 and 0.8 of the picture, scales between 0.1 and 4, offsets between -1 and 1. Move the seam or the picture back, or shuffle."
                .into(),
        ))
    }

    /// Left, top, width and height of a half, as fractions of the side.
    pub fn rectangle(&self, half: usize) -> [f32; 4] {
        let (start, length) = match half {
            0 => (0.0, self.seam),
            _ => (self.seam, 1.0 - self.seam),
        };
        match self.layout {
            Layout::LeftRight => [start, 0.0, length, 1.0],
            Layout::TopBottom => [0.0, start, 1.0, length],
        }
    }

    /// The half of each cell of a grid `[height, width]`, row by row; a cell belongs to the half that
    /// its middle lies in.
    pub fn halves_of(&self, [height, width]: [usize; 2]) -> Vec<usize> {
        let along = |index: usize, count: usize| (index as f32 + 0.5) / count as f32;
        (0..height * width)
            .map(|cell| {
                let place = match self.layout {
                    Layout::LeftRight => along(cell % width, width),
                    Layout::TopBottom => along(cell / width, height),
                };
                usize::from(place >= self.seam)
            })
            .collect()
    }
}
