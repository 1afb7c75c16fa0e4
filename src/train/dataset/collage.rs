//! Cut-Mix: two subjects side by side in one picture, each in its own half (paper, section 4.2).
//!
//! A [`Collage`] says where the seam is and what each half shows; [`compose`] makes the pixels,
//! [`shuffle`] draws a collage from a seeded stream. A half shows a whole picture, scaled so that
//! the subject fits, with its middle near the half's middle; where the picture ends before the half
//! does, its border pixels go on. All of it is plain arithmetic on the CPU: the same seed gives the
//! same collage in a tab and in a terminal.

use crate::config::collage::{Collage, Half, Layout};
use crate::error::{Error, Result};
use crate::sampler::Noise;

/// How far from the middle a drawn seam lies at most, as a part of the side.
const SEAM_SPREAD: f32 = 0.08;
/// A drawn picture's side, as a multiple of its half's short side.
const SCALES: [f32; 2] = [1.0, 1.35];
/// How far a drawn picture's middle lies from its half's at most, as a part of the half.
const OFFSET_SPREAD: f32 = 0.08;
/// How many drawn collages are left/right; the others are top/bottom.
const LEFT_RIGHT_SHARE: f64 = 0.75;
/// Samples along each side of a pixel: scaled-down pictures stay free of stairs.
const SAMPLES: usize = 3;

/// Draws a collage of two subjects, `subjects[i]` with `pictures[i]` pictures, which may change
/// places.
///
/// Order of the draws: layout, seam, places; per half picture, scale, offsets.
pub fn shuffle(noise: &mut Noise, subjects: [usize; 2], pictures: [usize; 2]) -> Collage {
    let spread = |noise: &mut Noise, by: f32| (2.0 * noise.uniform() as f32 - 1.0) * by;
    let layout = if noise.uniform() < LEFT_RIGHT_SHARE {
        Layout::LeftRight
    } else {
        Layout::TopBottom
    };
    let seam = 0.5 + spread(noise, SEAM_SPREAD);
    let places = if noise.below(2) == 0 { [0, 1] } else { [1, 0] };
    let mut half = |place: usize, length: f32| {
        let which = places[place];
        let picture = noise.below(pictures[which]);
        let stretch = SCALES[0] + noise.uniform() as f32 * (SCALES[1] - SCALES[0]);
        Half {
            subject: subjects[which],
            picture,
            scale: length * stretch,
            offset: [spread(noise, OFFSET_SPREAD), spread(noise, OFFSET_SPREAD)],
        }
    };
    Collage {
        layout,
        seam,
        halves: [half(0, seam), half(1, 1.0 - seam)],
    }
}

/// The pixels of a collage, `[3, size, size]`, of one picture `[3, size, size]` per half.
///
/// # Errors
/// `Settings` when the collage is out of its ranges or a picture has another size.
pub fn compose(collage: &Collage, pictures: [&[f32]; 2], size: usize) -> Result<Vec<f32>> {
    collage.check()?;
    if pictures
        .iter()
        .any(|picture| picture.len() != 3 * size * size)
    {
        return Err(Error::Settings(format!(
            "A picture of the collage does not have {size} × {size} pixels. Add it again now that this base is loaded."
        )));
    }
    let side = size as f32;
    let mut pixels = vec![0.0; 3 * size * size];
    let places = collage.halves_of([size, size]);
    for (at, &which) in places.iter().enumerate() {
        let half = &collage.halves[which];
        let [left, top, width, height] = collage.rectangle(which);
        let middle = [
            left + width * (0.5 + half.offset[0]),
            top + height * (0.5 + half.offset[1]),
        ];
        let mut sum = [0.0; 3];
        for sample in 0..SAMPLES * SAMPLES {
            let within = |index: usize| (index as f32 + 0.5) / SAMPLES as f32;
            let x = ((at % size) as f32 + within(sample % SAMPLES)) / side;
            let y = ((at / size) as f32 + within(sample / SAMPLES)) / side;
            let from = [
                (x - middle[0]) / half.scale + 0.5,
                (y - middle[1]) / half.scale + 0.5,
            ];
            for (sum, value) in sum.iter_mut().zip(bilinear(pictures[which], size, from)) {
                *sum += value;
            }
        }
        for (channel, sum) in sum.into_iter().enumerate() {
            pixels[channel * size * size + at] = sum / (SAMPLES * SAMPLES) as f32;
        }
    }
    Ok(pixels)
}

/// The colour at x, y in [0, 1] of a picture; beyond its border the border's colour.
fn bilinear(picture: &[f32], size: usize, at: [f32; 2]) -> [f32; 3] {
    let last = (size - 1) as f32;
    let [x, y] = at.map(|place| (place * size as f32 - 0.5).clamp(0.0, last));
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right, bottom) = ((left + 1).min(size - 1), (top + 1).min(size - 1));
    let (across, down) = (x - left as f32, y - top as f32);
    std::array::from_fn(|channel| {
        let value = |row: usize, column: usize| picture[(channel * size + row) * size + column];
        let upper = value(top, left) * (1.0 - across) + value(top, right) * across;
        let lower = value(bottom, left) * (1.0 - across) + value(bottom, right) * across;
        upper * (1.0 - down) + lower * down
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const SIZE: usize = 16;

    fn plain(value: f32) -> Vec<f32> {
        vec![value; 3 * SIZE * SIZE]
    }

    fn still(layout: Layout, seam: f32, scale: f32) -> Collage {
        let half = |subject| Half {
            subject,
            picture: 0,
            scale,
            offset: [0.0; 2],
        };
        Collage {
            layout,
            seam,
            halves: [half(0), half(1)],
        }
    }

    #[test]
    fn each_half_shows_its_own_subject_only() {
        for layout in [Layout::LeftRight, Layout::TopBottom] {
            let collage = still(layout, 0.4, 0.5);
            let pixels = compose(&collage, [&plain(-1.0), &plain(1.0)], SIZE).unwrap();
            for (cell, half) in collage.halves_of([SIZE, SIZE]).into_iter().enumerate() {
                let expected = if half == 0 { -1.0 } else { 1.0 };
                assert_eq!(pixels[cell], expected, "{layout:?} {cell}");
            }
            let first = collage.halves_of([SIZE, SIZE]);
            let first = first.iter().filter(|half| **half == 0).count();
            assert_eq!(
                first,
                6 * SIZE,
                "0.4 of 16 rows or columns, by their middles"
            );
        }
    }

    #[test]
    fn a_picture_at_full_scale_in_the_middle_of_a_seamless_collage_is_itself() {
        let picture: Vec<f32> = (0..3 * SIZE * SIZE)
            .map(|i| {
                if (i / SIZE).is_multiple_of(2) {
                    0.25
                } else {
                    0.75
                }
            })
            .collect();
        // The half's middle is the picture's middle once the offset undoes the seam.
        let mut collage = still(Layout::TopBottom, 0.5, 1.0);
        collage.halves[0].offset = [0.0, 0.5];
        collage.halves[1].offset = [0.0, -0.5];
        let pixels = compose(&collage, [&picture, &picture], SIZE).unwrap();
        let worst = pixels
            .iter()
            .zip(&picture)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(
            worst <= 0.5 / 3.0,
            "stripes of one pixel keep their place: {worst}"
        );
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean(&pixels) - mean(&picture)).abs() < 0.01);
    }

    #[test]
    fn a_seed_gives_one_collage_and_its_subjects_differ() {
        let draw = |seed| {
            let mut noise = Noise::new(seed, 9);
            (0..200)
                .map(|_| shuffle(&mut noise, [0, 2], [4, 3]))
                .collect::<Vec<Collage>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let drawn = draw(3);
        for collage in &drawn {
            collage.check().unwrap();
            let [a, b] = collage.halves;
            assert_eq!(a.subject.min(b.subject), 0);
            assert_eq!(a.subject.max(b.subject), 2);
            assert!(a.picture < 4 && b.picture < 4);
        }
        let firsts = drawn.iter().filter(|c| c.halves[0].subject == 0).count();
        assert!((60..=140).contains(&firsts), "both orders: {firsts} of 200");
        let across = drawn.iter().filter(|c| c.layout == Layout::LeftRight);
        assert!((120..=180).contains(&across.count()), "both layouts");
    }

    #[test]
    fn collages_out_of_range_and_foreign_pictures_are_refused() {
        let (a, b) = (plain(0.0), plain(0.0));
        for (seam, scale) in [
            (0.1, 1.0),
            (f32::NAN, 1.0),
            (0.5, 0.0),
            (0.5, f32::INFINITY),
        ] {
            let collage = still(Layout::LeftRight, seam, scale);
            assert!(compose(&collage, [&a, &b], SIZE).is_err(), "{seam} {scale}");
        }
        let collage = still(Layout::LeftRight, 0.5, 1.0);
        assert!(compose(&collage, [&a, &b[1..]], SIZE).is_err());
    }
}
