//! The store of the subjects' pictures: decoded once, cropped and turned on request.

use crate::error::{Error, Result};
use crate::picture::{Picture, Thumbnail, decode};
use crate::worker::protocol::{Event, PictureFault};

/// Shorter side of a stored picture, in pixels: enough for crops for every model.
const STORED_SIDE: u32 = 1_024;

struct StoredPicture {
    id: u32,
    subject: u32,
    /// As it came, upright.
    picture: Picture,
    /// For finding duplicates.
    thumbnail: Thumbnail,
    blurry: bool,
    /// Quarter turns to the right.
    quarters: u8,
    /// Whether the subject already had the same picture.
    duplicate: bool,
    /// 0 is left or top, 1 is right or bottom.
    offset: f32,
    /// The crop that was asked for last.
    square: Option<Picture>,
}

impl StoredPicture {
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

    fn event(&mut self, size: u32) -> Event {
        Event::Picture {
            id: self.id,
            size,
            pixels: self.square(size).rgba(),
            offset: self.offset,
            faults: self.faults(size),
        }
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

/// Pictures in the order in which they came.
#[derive(Default)]
pub struct PictureStore {
    pictures: Vec<StoredPicture>,
}

impl PictureStore {
    /// Decodes a picture and stores it; one of the same id is replaced. Returns its event.
    ///
    /// # Errors
    /// `Picture` if it cannot be decoded or is too large.
    pub(crate) fn add(&mut self, id: u32, subject: u32, bytes: &[u8], size: u32) -> Result<Event> {
        let picture = decode(bytes)?.shrunk(STORED_SIDE.max(size));
        self.pictures.retain(|stored| stored.id != id);
        let thumbnail = picture.thumbnail();
        let mut own = self.pictures.iter().filter(|of| of.subject == subject);
        let mut stored = StoredPicture {
            id,
            subject,
            duplicate: own.any(|stored| stored.thumbnail.is_same(&thumbnail)),
            blurry: picture.is_blurry(),
            picture,
            thumbnail,
            quarters: 0,
            offset: 0.5,
            square: None,
        };
        let event = stored.event(size);
        self.pictures.push(stored);
        Ok(event)
    }

    /// Moves a crop: 0 is left or top, 1 is right or bottom.
    ///
    /// # Errors
    /// `Picture` if there is no picture of this id.
    pub(crate) fn crop(&mut self, id: u32, offset: f32, size: u32) -> Result<Event> {
        self.change(id, size, |stored| {
            stored.offset = if offset.is_finite() {
                offset.clamp(0.0, 1.0)
            } else {
                0.5
            };
        })
    }

    /// Turns a picture to the right by quarters, counted from how it came.
    ///
    /// # Errors
    /// `Picture` if there is no picture of this id.
    pub(crate) fn turn(&mut self, id: u32, quarters: u8, size: u32) -> Result<Event> {
        self.change(id, size, |stored| stored.quarters = quarters % 4)
    }

    fn change(
        &mut self,
        id: u32,
        size: u32,
        change: impl FnOnce(&mut StoredPicture),
    ) -> Result<Event> {
        let stored = self.find(id)?;
        change(stored);
        stored.square = None;
        Ok(stored.event(size))
    }

    fn find(&mut self, id: u32) -> Result<&mut StoredPicture> {
        let found = self.pictures.iter_mut().find(|stored| stored.id == id);
        found.ok_or_else(|| {
            Error::Picture("This picture is not here any more. Add it again.".into())
        })
    }

    /// Removes a picture, if there is one of this id.
    pub(crate) fn remove(&mut self, id: u32) {
        self.pictures.retain(|stored| stored.id != id);
    }

    /// The events of all pictures, for a model of another size.
    pub(crate) fn all(&mut self, size: u32) -> Vec<Event> {
        let all = self.pictures.iter_mut();
        all.map(|stored| stored.event(size)).collect()
    }

    /// The ids of a subject's pictures.
    pub(crate) fn of(&self, subject: u32) -> Vec<u32> {
        let own = self.pictures.iter().filter(|of| of.subject == subject);
        own.map(|stored| stored.id).collect()
    }

    /// The crop for training: `[3, size, size]`, in [-1, 1].
    ///
    /// # Errors
    /// `Picture` if there is no picture of this id.
    pub(crate) fn model_pixels(&mut self, id: u32, size: u32) -> Result<Vec<f32>> {
        Ok(self.find(id)?.square(size).to_model())
    }
}
