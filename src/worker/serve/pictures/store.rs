//! The subjects' pictures, decoded once and cropped as often as asked.

use crate::error::{Error, Result};
use crate::picture::{Picture, Thumbnail, decode};
use crate::worker::protocol::{Event, PictureFault};
use crate::worker::serve::page::post;

/// A kept picture's shorter side: crops of it stay sharp for every base.
const KEPT_SIDE: u32 = 1_024;

struct Kept {
    id: u32,
    subject: u32,
    /// As it came, upright.
    picture: Picture,
    /// To tell duplicates by.
    thumbnail: Thumbnail,
    blurry: bool,
    /// Quarters to the right.
    quarters: u8,
    /// Whether the subject had the same picture when this one came.
    duplicate: bool,
    /// 0 is left or top, 1 is right or bottom.
    offset: f32,
    /// The crop that was asked for last.
    square: Option<Picture>,
}

impl Kept {
    /// The crop, `size` pixels a side.
    fn square(&mut self, size: u32) -> &Picture {
        let (picture, offset, quarters) = (&self.picture, self.offset, self.quarters);
        let fits = self.square.as_ref().is_some_and(|s| s.width() == size);
        if !fits {
            self.square = None;
        }
        self.square
            .get_or_insert_with(|| picture.turned(quarters).square(offset, size))
    }

    fn show(&mut self, size: u32) {
        post(&Event::Picture {
            id: self.id,
            size,
            pixels: self.square(size).rgba(),
            offset: self.offset,
            faults: self.faults(size),
        });
    }

    fn faults(&self, size: u32) -> Vec<PictureFault> {
        let found = [
            (PictureFault::Tiny, self.picture.is_tiny(size)),
            (PictureFault::Blurry, self.blurry),
            (PictureFault::Duplicate, self.duplicate),
        ];
        let found = found.into_iter().filter(|(_, is)| *is);
        found.map(|(fault, _)| fault).collect()
    }
}

/// In the order in which they came.
#[derive(Default)]
pub(crate) struct Pictures {
    kept: Vec<Kept>,
}

impl Pictures {
    /// Takes one in, or refuses it; a second one of the same id takes the first one's place.
    pub(crate) fn add(&mut self, id: u32, subject: u32, bytes: &[u8], size: Result<u32>) {
        let decoded = size.and_then(|size| Ok((size, decode(bytes)?.shrunk(KEPT_SIDE.max(size)))));
        match decoded {
            Ok((size, picture)) => {
                self.kept.retain(|kept| kept.id != id);
                let thumbnail = picture.thumbnail();
                let mut own = self.kept.iter().filter(|kept| kept.subject == subject);
                let mut kept = Kept {
                    id,
                    subject,
                    duplicate: own.any(|kept| kept.thumbnail.is_same(&thumbnail)),
                    blurry: picture.is_blurry(),
                    picture,
                    thumbnail,
                    quarters: 0,
                    offset: 0.5,
                    square: None,
                };
                kept.show(size);
                self.kept.push(kept);
            }
            Err(error) => post(&Event::PictureRefused { id, error }),
        }
    }

    /// Moves a crop.
    pub(crate) fn crop(&mut self, id: u32, offset: f32, size: Result<u32>) {
        self.change(id, size, |kept| {
            kept.offset = if offset.is_finite() {
                offset.clamp(0.0, 1.0)
            } else {
                0.5
            };
        });
    }

    /// Turns one, counted from how it came.
    pub(crate) fn turn(&mut self, id: u32, quarters: u8, size: Result<u32>) {
        self.change(id, size, |kept| kept.quarters = quarters % 4);
    }

    fn change(&mut self, id: u32, size: Result<u32>, change: impl FnOnce(&mut Kept)) {
        let found = self.kept.iter_mut().find(|kept| kept.id == id);
        match (found, size) {
            (Some(kept), Ok(size)) => {
                change(kept);
                kept.square = None;
                kept.show(size);
            }
            (_, Err(error)) => post(&Event::PictureRefused { id, error }),
            (None, Ok(_)) => post(&Event::PictureRefused { id, error: gone() }),
        }
    }

    /// Forgets one.
    pub(crate) fn remove(&mut self, id: u32) {
        self.kept.retain(|kept| kept.id != id);
        post(&Event::PictureRemoved { id });
    }

    /// Shows them all, for a base of another size.
    pub(crate) fn show_all(&mut self, size: u32) {
        for kept in &mut self.kept {
            kept.show(size);
        }
    }

    /// The ids of a subject's pictures.
    pub(crate) fn of(&self, subject: u32) -> Vec<u32> {
        let own = self.kept.iter().filter(|kept| kept.subject == subject);
        own.map(|kept| kept.id).collect()
    }

    /// As training takes it: `[3, size, size]`, in [-1, 1].
    ///
    /// # Errors
    /// `Picture` if there is none of this id.
    pub(crate) fn model_pixels(&mut self, id: u32, size: u32) -> Result<Vec<f32>> {
        let found = self.kept.iter_mut().find(|kept| kept.id == id);
        Ok(found.ok_or_else(gone)?.square(size).to_model())
    }
}

fn gone() -> Error {
    Error::Picture("This picture is not here any more. Add it again.".into())
}
