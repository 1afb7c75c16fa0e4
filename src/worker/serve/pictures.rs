//! The subject's pictures, decoded once and cropped as often as asked.

use super::post::post;
use crate::error::{Error, Result};
use crate::picture::{Picture, decode};
use crate::worker::protocol::Event;

/// A kept picture's shorter side: crops of it stay sharp for every base.
const KEPT_SIDE: u32 = 1_024;

struct Kept {
    id: u32,
    picture: Picture,
    /// 0 is left or top, 1 is right or bottom.
    offset: f32,
}

/// In the order in which they came.
#[derive(Default)]
pub(super) struct Pictures {
    kept: Vec<Kept>,
}

impl Pictures {
    /// Takes one in, or refuses it; a second one of the same id takes the first one's place.
    pub(super) fn add(&mut self, id: u32, bytes: &[u8], size: Result<u32>) {
        let decoded = size.and_then(|size| Ok((size, decode(bytes)?.shrunk(KEPT_SIDE.max(size)))));
        match decoded {
            Ok((size, picture)) => {
                self.kept.retain(|kept| kept.id != id);
                let kept = Kept {
                    id,
                    picture,
                    offset: 0.5,
                };
                show(&kept, size);
                self.kept.push(kept);
            }
            Err(error) => post(&Event::PictureRefused { id, error }),
        }
    }

    /// Moves a crop.
    pub(super) fn crop(&mut self, id: u32, offset: f32, size: Result<u32>) {
        let found = self.kept.iter_mut().find(|kept| kept.id == id);
        match (found, size) {
            (Some(kept), Ok(size)) => {
                kept.offset = if offset.is_finite() {
                    offset.clamp(0.0, 1.0)
                } else {
                    0.5
                };
                show(kept, size);
            }
            (_, Err(error)) => post(&Event::PictureRefused { id, error }),
            (None, Ok(_)) => post(&Event::PictureRefused {
                id,
                error: Error::Picture(
                    "This picture is not here, so it cannot be cropped. Add it again.".into(),
                ),
            }),
        }
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, id: u32) {
        self.kept.retain(|kept| kept.id != id);
        post(&Event::PictureRemoved { id });
    }

    /// Shows them all, for a base of another size.
    pub(super) fn show_all(&self, size: u32) {
        for kept in &self.kept {
            show(kept, size);
        }
    }

    /// As training takes them: `[3, size, size]` each, in [-1, 1].
    pub(super) fn to_model(&self, size: u32) -> Vec<Vec<f32>> {
        self.kept
            .iter()
            .map(|kept| kept.picture.square(kept.offset, size).to_model())
            .collect()
    }
}

fn show(kept: &Kept, size: u32) {
    post(&Event::Picture {
        id: kept.id,
        size,
        pixels: kept.picture.square(kept.offset, size).rgba(),
        offset: kept.offset,
    });
}
