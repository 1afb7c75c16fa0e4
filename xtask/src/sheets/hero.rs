//! The strip at the top of the page: a sample's pictures, and what became of them.

use image::{Rgb, RgbImage, imageops};

use super::paper::SIDE;
use super::studio::{Studio, Subject};

/// The subject of the first button.
const DOG: Subject = Subject {
    folder: "dog",
    token: "sks",
};
/// The scenes that the first button ends with.
const SCENES: [&str; 3] = ["in space", "in the snow", "on a beach"];
const GAP: u32 = 8;
/// Enlarged so many times.
const TIMES: u32 = 2;
const FILE: &str = "static/hero.png";

/// Draws it; the scenes have seed 0, whatever comes.
pub fn draw(studio: &Studio) -> Result<String, String> {
    let delta = studio.train(DOG.folder, &[DOG], &[])?;
    let half = (SIDE - GAP) / 2;
    let mut strip = RgbImage::from_pixel(4 * SIDE + 4 * GAP, SIDE, Rgb([255; 3]));
    for (index, picture) in (0..).zip(DOG.pictures()?) {
        let small = imageops::resize(&picture, half, half, imageops::FilterType::Lanczos3);
        let at = |n: u32| i64::from(n * (half + GAP));
        imageops::replace(&mut strip, &small, at(index % 2), at(index / 2));
    }
    for (index, scene) in (1..).zip(SCENES) {
        let prompt = format!("photo of a {} {scene}", DOG.name());
        let made = studio.make(&prompt, &["--delta", &delta], 1)?;
        let left = index * (SIDE + GAP) + GAP;
        for picture in &made {
            imageops::replace(&mut strip, picture, i64::from(left), 0);
        }
    }
    let (width, height) = (TIMES * strip.width(), TIMES * strip.height());
    imageops::resize(&strip, width, height, imageops::FilterType::CatmullRom)
        .save(FILE)
        .map_err(|error| format!("{FILE}: {error}"))?;
    Ok(FILE.to_owned())
}
