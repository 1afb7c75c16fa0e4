//! Before the first step: pictures to latents, class pictures, collages of both.

use std::ops::ControlFlow;

use crate::config::captions::Caption;
use crate::config::collage::Collage;
use crate::config::{SubjectWords, TrainConfig};
use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::tokenizer::Tokenizer;
use crate::sampler::Noise;
use crate::train::dataset::collage::{compose, shuffle};
use crate::train::dataset::prior::class_pictures;
use crate::train::dataset::sample::{Latents, Placed, Sample, Shows};
use crate::train::dataset::subject::{Subject, encode};
use crate::train::dataset::words;

/// The streams of [`Noise`] that collages are drawn from.
const COLLAGES: u64 = 4;
const CLASS_COLLAGES: u64 = 5;

/// What a person should know before a run of these settings with `pictures[i]` pictures of subject
/// i; none of it stops the run.
pub fn warnings(config: &TrainConfig, pictures: &[usize], tokenizer: &Tokenizer) -> Vec<String> {
    let mut warnings = words::warnings(&config.subjects, tokenizer);
    for (words, count) in config.subjects.iter().zip(pictures) {
        if *count == 1 && words.prompt.is_empty() {
            warnings.push(format!(
                "There is one picture of '{}' only, so its ground and its pose will be learned with \
                 it. Three to five pictures on different grounds show what belongs to it.",
                words.name()
            ));
        }
    }
    warnings
}

/// The collages that a run of these settings uses, with `pictures[i]` pictures of subject i.
///
/// Every pair of subjects comes as often as every other; captions alternate between the layout's
/// template and "… and …".
pub fn collages(config: &TrainConfig, pictures: &[usize]) -> Vec<Collage> {
    if config.mixes() && !config.own_collages.is_empty() {
        return config.own_collages.clone();
    }
    drawn(config, pictures, COLLAGES)
}

/// What collage number `index` is called, its subjects by `name`: every other one by its layout.
pub fn caption(
    config: &TrainConfig,
    collage: &Collage,
    index: usize,
    name: impl Fn(&SubjectWords) -> String,
) -> Caption {
    let names = collage
        .halves
        .map(|half| name(&config.subjects[half.subject]));
    let together = index % 2 == 1;
    config
        .captions
        .collage(collage.layout, together, [&names[0], &names[1]])
}

fn drawn(config: &TrainConfig, pictures: &[usize], stream: u64) -> Vec<Collage> {
    if !config.mixes() {
        return Vec::new();
    }
    let count = pictures.len();
    let pairs: Vec<[usize; 2]> = (0..count)
        .flat_map(|a| (a + 1..count).map(move |b| [a, b]))
        .collect();
    let mut noise = Noise::new(config.seed, stream);
    (0..config.num_collages)
        .map(|index| {
            let pair = pairs[index % pairs.len()];
            shuffle(&mut noise, pair, pair.map(|subject| pictures[subject]))
        })
        .collect()
}

/// Everything that steps draw from.
///
/// `on_step` hears of pieces of work done and wanted.
///
/// # Errors
/// `Settings` when pictures and settings do not fit; `Cancelled` when `on_step` breaks; `Device`.
pub(crate) async fn samples(
    base: &BaseModel,
    subjects: &[Subject],
    config: &TrainConfig,
    on_step: &mut impl AsyncFnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Sample>> {
    check(base, subjects, config)?;
    let shown: Vec<Vec<Vec<f32>>> = subjects
        .iter()
        .map(|s| s.shown(config.random_flip))
        .collect();
    let counts: Vec<usize> = shown.iter().map(Vec::len).collect();
    let own = collages(config, &counts);
    check_collages(&own, &counts)?;
    let per_class = if config.uses_prior() {
        config.num_class_images
    } else {
        0
    };
    let class_counts = vec![per_class; subjects.len()];
    let of_classes = if per_class > 0 {
        drawn(config, &class_counts, CLASS_COLLAGES)
    } else {
        Vec::new()
    };

    let pictures: usize = counts.iter().sum();
    let wanted = pictures + per_class * subjects.len() + own.len() + of_classes.len();
    let mut progress = Progress {
        on_step,
        done: 0,
        wanted,
    };
    let mut samples = Vec::with_capacity(wanted);
    for (subject, (pictures, words)) in shown.iter().zip(&config.subjects).enumerate() {
        for picture in pictures {
            samples.push(Sample {
                shows: Shows::Subject(subject),
                caption: config.captions.instance(words),
                collage: None,
                latents: Latents::Encoded(encode(base, picture).await?),
            });
            progress.add(1).await?;
        }
    }
    let mut classes = Vec::new();
    for (subject, words) in config.subjects.iter().enumerate() {
        if per_class == 0 {
            break;
        }
        let captions = config.captions.classes(words);
        let mut pictures = Vec::with_capacity(per_class);
        for (number, caption) in captions.iter().enumerate().take(per_class) {
            // Number, number + captions, … of the class's pictures.
            let wanted = (per_class - number).div_ceil(captions.len());
            let stream = [subject as u64, number as u64];
            let before = progress.done;
            let mut report = async |made: usize| progress.show(before + made).await;
            let class =
                class_pictures(base, caption, wanted, config.seed, stream, &mut report).await?;
            progress.done = before + wanted;
            samples.extend(class.latents.into_iter().map(|latents| Sample {
                shows: Shows::Class(subject),
                caption: caption.clone(),
                collage: None,
                latents: Latents::Exact(latents),
            }));
            pictures.extend(class.pictures);
        }
        classes.push(pictures);
    }
    for (shows, collages, pictures, name) in [
        (
            Shows::Collage,
            own,
            &shown,
            SubjectWords::name as fn(&SubjectWords) -> _,
        ),
        (
            Shows::ClassCollage,
            of_classes,
            &classes,
            |words: &SubjectWords| words.class_word.clone(),
        ),
    ] {
        for (index, collage) in collages.into_iter().enumerate() {
            let caption = caption(config, &collage, index, name);
            let of = collage
                .halves
                .map(|half| pictures[half.subject][half.picture].as_slice());
            let pixels = compose(&collage, of, base.picture_size())?;
            samples.push(Sample {
                shows,
                collage: Some(Placed {
                    collage,
                    tokens: words::token_positions(&caption, &base.tokenizer),
                }),
                caption: caption.text,
                latents: Latents::Encoded(encode(base, &pixels).await?),
            });
            progress.add(1).await?;
        }
    }
    Ok(samples)
}

fn check(base: &BaseModel, subjects: &[Subject], config: &TrainConfig) -> Result<()> {
    if subjects.len() != config.subjects.len() {
        return Err(Error::Settings(format!(
            "There are pictures of {} subjects, but words for {}. Give each subject its pictures, its identifier and its class.",
            subjects.len(),
            config.subjects.len()
        )));
    }
    match subjects.iter().find(|s| s.size != base.picture_size()) {
        None => Ok(()),
        Some(subject) => Err(Error::Settings(format!(
            "The pictures have {} pixels a side, but the base works with {}. Add them again now that this base is loaded.",
            subject.size,
            base.picture_size()
        ))),
    }
}

/// Collages that a person made may speak of pictures that are gone.
fn check_collages(collages: &[Collage], counts: &[usize]) -> Result<()> {
    for collage in collages {
        collage.check()?;
        let [a, b] = collage.halves;
        let there = |subject: usize, picture: usize| {
            counts.get(subject).is_some_and(|count| picture < *count)
        };
        if a.subject == b.subject || !there(a.subject, a.picture) || !there(b.subject, b.picture) {
            return Err(Error::Settings(
                "A collage shows one subject twice, or a picture that is not there any more. Shuffle the collages."
                    .into(),
            ));
        }
    }
    Ok(())
}

struct Progress<'a, F> {
    on_step: &'a mut F,
    done: usize,
    wanted: usize,
}

impl<F: AsyncFnMut(usize, usize) -> ControlFlow<()>> Progress<'_, F> {
    async fn show(&mut self, done: usize) -> ControlFlow<()> {
        (self.on_step)(done, self.wanted).await
    }

    async fn add(&mut self, pieces: usize) -> Result<()> {
        self.done += pieces;
        if self.show(self.done).await.is_break() {
            return Err(Error::Cancelled);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(subjects: usize) -> TrainConfig {
        TrainConfig {
            subjects: (0..subjects)
                .map(|n| SubjectWords::new(format!("v{n}"), "dog"))
                .collect(),
            num_collages: 12,
            ..TrainConfig::default()
        }
    }

    #[test]
    fn every_pair_of_three_subjects_is_drawn_as_often_and_never_one_with_itself() {
        let drawn = collages(&config(3), &[4, 3, 5]);
        let mut pairs = std::collections::BTreeMap::new();
        for collage in &drawn {
            let [a, b] = collage.halves.map(|half| half.subject);
            *pairs.entry((a.min(b), a.max(b))).or_insert(0) += 1;
        }
        let pairs: Vec<_> = pairs.into_iter().collect();
        assert_eq!(pairs, [((0, 1), 4), ((0, 2), 4), ((1, 2), 4)]);
    }

    #[test]
    fn one_subject_has_no_collages() {
        assert!(collages(&config(1), &[4]).is_empty());
    }

    #[test]
    fn own_collages_are_taken_and_checked() {
        let mut config = config(2);
        let mut own = collages(&config, &[4, 4]);
        own.truncate(3);
        config.own_collages = own.clone();
        assert_eq!(collages(&config, &[4, 4]), own);
        assert!(check_collages(&own, &[4, 4]).is_ok());
        assert!(check_collages(&own, &[4, 0]).is_err());
        own[0].halves[1].subject = own[0].halves[0].subject;
        assert!(check_collages(&own, &[4, 4]).is_err());
    }
}
