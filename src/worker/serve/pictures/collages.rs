//! Collages as training will see them, before it begins; some as a person arranged them.

use crate::error::{Error, Result};
use crate::picture::Picture;
use crate::train::dataset::collage;
use crate::train::dataset::collage::compose;
use crate::train::dataset::prepare;
use crate::train::{TrainSettings, Words};
use crate::worker::protocol::{
    ArrangedCollage, Captions, Collage, CollagesRequest, Event, Half, Pixels, ShownCollage,
    SubjectWords,
};
use crate::worker::serve::page::post;
use crate::worker::serve::runs::settings::templates_of;
use crate::worker::serve::session::Session;

/// The picture ids of each subject of a run, in its order.
type Ids = Vec<Vec<u32>>;

impl Session {
    /// Shows the collages that a run would begin with.
    pub(crate) fn show_collages(&mut self, request: CollagesRequest) {
        post(&match self.collages(request) {
            Ok(collages) => Event::Collages { collages },
            Err(error) => Event::CollagesRefused { error },
        });
    }

    /// Shows one collage as a person arranged it.
    pub(crate) fn arrange_collage(
        &mut self,
        subjects: &[SubjectWords],
        captions: Captions,
        number: usize,
        collage: &Collage,
    ) {
        let settings = settings_for(subjects, captions, 0);
        let mut compose = || {
            let settings = settings.clone()?;
            let ids = self.ids(subjects)?;
            self.shown(&settings, number, &from_page(collage, &ids)?, &ids)
        };
        post(&match compose() {
            Ok(shown) => Event::Collage(shown),
            Err(error) => Event::CollagesRefused { error },
        });
    }

    fn collages(&mut self, request: CollagesRequest) -> Result<Vec<ShownCollage>> {
        let settings = settings_for(&request.subjects, request.captions, request.seed)?;
        let ids = self.ids(&request.subjects)?;
        let collages = run_collages(&settings, &ids, &request.arranged)?;
        let first = collages.iter().take(request.count).enumerate();
        first
            .map(|(number, collage)| self.shown(&settings, number, collage, &ids))
            .collect()
    }

    /// The pictures of each subject.
    ///
    /// # Errors
    /// `Settings` if one has none.
    pub(crate) fn ids(&self, subjects: &[SubjectWords]) -> Result<Ids> {
        let of = |subject: &SubjectWords| {
            let ids = self.pictures.of(subject.number);
            if ids.is_empty() {
                return Err(Error::Settings(format!(
                    "There are no pictures of '{} {}' yet. Add three to five, or take this subject away.",
                    subject.token, subject.class_word
                )));
            }
            Ok(ids)
        };
        subjects.iter().map(of).collect()
    }

    fn shown(
        &mut self,
        settings: &TrainSettings,
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
            caption: prepare::caption(settings, collage, number, Words::name).text,
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
    settings: &TrainSettings,
    ids: &Ids,
    arranged: &[ArrangedCollage],
) -> Result<Vec<collage::Collage>> {
    let counts: Vec<usize> = ids.iter().map(Vec::len).collect();
    let mut collages = prepare::collages(settings, &counts);
    for own in arranged {
        if let Some(place) = collages.get_mut(own.number) {
            *place = from_page(&own.collage, ids)?;
        }
    }
    Ok(collages)
}

/// What the subjects are called.
pub(crate) fn words_of(subjects: &[SubjectWords]) -> Vec<Words> {
    let words = subjects.iter();
    words
        .map(|subject| Words::new(&*subject.token, &*subject.class_word))
        .collect()
}

/// Settings of a run as far as its collages go.
fn settings_for(subjects: &[SubjectWords], captions: Captions, seed: u64) -> Result<TrainSettings> {
    TrainSettings {
        subjects: words_of(subjects),
        templates: templates_of(captions),
        seed,
        ..TrainSettings::default()
    }
    .validated()
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
