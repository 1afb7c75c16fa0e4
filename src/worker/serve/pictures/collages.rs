//! Collages as training will see them, before it begins; some as a person arranged them.

use crate::config::collage;
use crate::error::{Error, Result};
use crate::picture::Picture;
use crate::train::dataset::collage::compose;
use crate::train::dataset::prepare;
use crate::train::{SubjectWords, TrainConfig};
use crate::worker::protocol::{
    ArrangedCollage, Collage, Event, Half, Pixels, ShownCollage, TrainRequest,
};
use crate::worker::serve::page::post;
use crate::worker::serve::session::Session;

/// The picture ids of each subject of a run, in its order.
type Ids = Vec<Vec<u32>>;

impl Session {
    /// Shows the collages that a run would begin with.
    pub(crate) fn show_collages(&mut self, run: TrainRequest, count: usize) {
        post(&match self.collages(run, count) {
            Ok(collages) => Event::Collages { collages },
            Err(error) => Event::CollagesRefused { error },
        });
    }

    /// Shows one collage as a person arranged it.
    pub(crate) fn arrange_collage(&mut self, run: TrainRequest, number: usize, collage: &Collage) {
        let mut compose = || {
            let ids = self.ids(&run)?;
            let config = run.config.clone().validated()?;
            self.shown(&config, number, &from_page(collage, &ids)?, &ids)
        };
        post(&match compose() {
            Ok(shown) => Event::Collage(shown),
            Err(error) => Event::CollagesRefused { error },
        });
    }

    fn collages(&mut self, run: TrainRequest, count: usize) -> Result<Vec<ShownCollage>> {
        let ids = self.ids(&run)?;
        let config = run.config.validated()?;
        let collages = run_collages(&config, &ids, &run.arranged)?;
        let first = collages.iter().take(count).enumerate();
        first
            .map(|(number, collage)| self.shown(&config, number, collage, &ids))
            .collect()
    }

    /// The pictures of each subject.
    ///
    /// # Errors
    /// `Settings` if one has none.
    pub(crate) fn ids(&self, run: &TrainRequest) -> Result<Ids> {
        let (subjects, numbers) = (run.config.subjects.len(), run.subject_numbers.len());
        if subjects != numbers {
            return Err(Error::Settings(format!(
                "There are {subjects} subjects, but {numbers} numbers of their pictures. Give each subject its number."
            )));
        }
        let of = |(subject, number): (&SubjectWords, &u32)| {
            let ids = self.pictures.of(*number);
            if ids.is_empty() {
                return Err(Error::Settings(format!(
                    "There are no pictures of '{} {}' yet. Add three to five, or take this subject away.",
                    subject.token, subject.class_word
                )));
            }
            Ok(ids)
        };
        let subjects = run.config.subjects.iter().zip(&run.subject_numbers);
        subjects.map(of).collect()
    }

    fn shown(
        &mut self,
        config: &TrainConfig,
        number: usize,
        collage: &collage::Collage,
        ids: &Ids,
    ) -> Result<ShownCollage> {
        let side = self.picture_size()?;
        let [first, second] = collage.halves.map(|half| ids[half.subject][half.picture]);
        let of = [
            self.pictures.model_pixels(first, side)?,
            self.pictures.model_pixels(second, side)?,
        ];
        let pixels = compose(collage, [&of[0], &of[1]], side as usize)?;
        let unit: Vec<f32> = pixels.iter().map(|value| value / 2.0 + 0.5).collect();
        Ok(ShownCollage {
            number,
            collage: to_page(collage, ids),
            caption: prepare::caption(config, collage, number, SubjectWords::name).text,
            picture: Pixels {
                width: side,
                height: side,
                rgba: Picture::from_unit(&unit, side, side)?.rgba(),
            },
        })
    }
}

/// All collages of a run, the arranged ones in their places.
///
/// # Errors
/// `Settings` if an arranged one shows a picture that is gone.
pub(crate) fn run_collages(
    config: &TrainConfig,
    ids: &Ids,
    arranged: &[ArrangedCollage],
) -> Result<Vec<collage::Collage>> {
    let counts: Vec<usize> = ids.iter().map(Vec::len).collect();
    let mut collages = prepare::collages(config, &counts);
    for own in arranged {
        if let Some(place) = collages.get_mut(own.number) {
            *place = from_page(&own.collage, ids)?;
        }
    }
    Ok(collages)
}

fn to_page(collage: &collage::Collage, ids: &Ids) -> Collage {
    Collage {
        top_bottom: collage.layout == collage::Layout::TopBottom,
        seam: collage.seam,
        halves: collage.halves.map(|half| Half {
            picture: ids[half.subject][half.picture],
            scale: half.scale,
            offset: half.offset,
        }),
    }
}

fn from_page(shown: &Collage, ids: &Ids) -> Result<collage::Collage> {
    let half = |half: &Half| -> Result<collage::Half> {
        let place = ids.iter().enumerate().find_map(|(subject, ids)| {
            let picture = ids.iter().position(|id| *id == half.picture)?;
            Some((subject, picture))
        });
        let (subject, picture) = place.ok_or_else(|| {
            Error::Settings(
                "A collage shows a picture that is not there any more. Shuffle the collages."
                    .into(),
            )
        })?;
        Ok(collage::Half {
            subject,
            picture,
            scale: half.scale,
            offset: half.offset,
        })
    };
    let own = collage::Collage {
        layout: if shown.top_bottom {
            collage::Layout::TopBottom
        } else {
            collage::Layout::LeftRight
        },
        seam: shown.seam,
        halves: [half(&shown.halves[0])?, half(&shown.halves[1])?],
    };
    own.check()?;
    Ok(own)
}
