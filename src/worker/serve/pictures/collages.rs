//! Collages of two subjects as training will see them; some arranged by the person.

use crate::config::{SubjectWords, TrainConfig, collage};
use crate::error::{Error, Result};
use crate::picture::Picture;
use crate::train::dataset::collage::compose;
use crate::train::dataset::prepare;
use crate::worker::protocol::{
    ArrangedCollage, Collage, Event, Half, Pixels, ShownCollage, TrainRun,
};
use crate::worker::serve::context::Context;
use crate::worker::serve::pictures::store::PictureStore;

/// The picture ids of each subject of a run, in its order.
type Ids = Vec<Vec<u32>>;

/// Shows the first `count` collages of a run.
pub(crate) fn show_collages(
    cx: &Context,
    pictures: &mut PictureStore,
    size: Result<u32>,
    (run, count): (TrainRun, usize),
) {
    cx.post(match first_collages(pictures, size, run, count) {
        Ok(collages) => Event::Collages { collages },
        Err(error) => Event::CollagesRefused { error },
    });
}

/// Shows one collage as a person arranged it.
pub(crate) fn arrange_collage(
    cx: &Context,
    pictures: &mut PictureStore,
    size: Result<u32>,
    run: TrainRun,
    (number, collage): (usize, &Collage),
) {
    let compose = || {
        let ids = picture_ids(pictures, &run)?;
        let config = collage_config(run.config)?;
        let collage = from_page(collage, &ids)?;
        shown(pictures, size?, &config, (number, &collage), &ids)
    };
    cx.post(match compose() {
        Ok(shown) => Event::Collage(shown),
        Err(error) => Event::CollagesRefused { error },
    });
}

fn first_collages(
    pictures: &mut PictureStore,
    size: Result<u32>,
    run: TrainRun,
    count: usize,
) -> Result<Vec<ShownCollage>> {
    let ids = picture_ids(pictures, &run)?;
    let config = collage_config(run.config)?;
    let collages = run_collages(&config, &ids, &run.arranged)?;
    let size = size?;
    let first = collages.iter().take(count).enumerate();
    first
        .map(|numbered| shown(pictures, size, &config, numbered, &ids))
        .collect()
}

/// The picture ids of each subject.
///
/// # Errors
/// `Settings` if a subject has no picture or no number.
pub(crate) fn picture_ids(pictures: &PictureStore, run: &TrainRun) -> Result<Ids> {
    let (subjects, numbers) = (&run.config.subjects, &run.subject_numbers);
    if subjects.len() != numbers.len() {
        return Err(Error::Settings(format!(
            "There are {} subjects, but {} numbers of their pictures. Give each subject its number.",
            subjects.len(),
            numbers.len()
        )));
    }
    let of = |(subject, number): (&SubjectWords, &u32)| {
        let ids = pictures.of(*number);
        if ids.is_empty() {
            return Err(Error::Settings(format!(
                "There are no pictures of '{} {}' yet. Add three to five, or take this subject away.",
                subject.token, subject.class_word
            )));
        }
        Ok(ids)
    };
    subjects.iter().zip(numbers).map(of).collect()
}

/// The settings that collages depend on. The others need not be valid before the run begins.
fn collage_config(config: TrainConfig) -> Result<TrainConfig> {
    TrainConfig {
        subjects: config.subjects,
        captions: config.captions,
        num_collages: config.num_collages,
        seed: config.seed,
        ..TrainConfig::default()
    }
    .validated()
}

fn shown(
    pictures: &mut PictureStore,
    side: u32,
    config: &TrainConfig,
    (number, collage): (usize, &collage::Collage),
    ids: &Ids,
) -> Result<ShownCollage> {
    let [first, second] = collage.halves.map(|half| ids[half.subject][half.picture]);
    let of = [
        pictures.model_pixels(first, side)?,
        pictures.model_pixels(second, side)?,
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
