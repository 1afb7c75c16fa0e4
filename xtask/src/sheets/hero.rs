//! The strip at the top of the page: training pictures of a sample, and pictures by its delta.

use image::{Rgb, RgbImage, imageops};

use super::canvas::SIDE;
use super::session::{DOG, Session};

/// The scenes that 'Try a sample' shows at its end.
const SCENES: [&str; 3] = ["in space", "in the snow", "on a beach"];
const GAP: u32 = 8;
/// Enlargement of the strip.
const TIMES: u32 = 2;
const FILE: &str = "static/hero.png";

/// Draws the strip; every scene has seed 0.
pub fn draw(session: &Session) -> Result<String, String> {
    let delta = session.train(DOG.folder, &[DOG], &[])?;
    let half = (SIDE - GAP) / 2;
    let mut strip = RgbImage::from_pixel(4 * SIDE + 4 * GAP, SIDE, Rgb([255; 3]));
    for (index, picture) in (0..).zip(DOG.pictures()?) {
        let small = imageops::resize(&picture, half, half, imageops::FilterType::Lanczos3);
        let at = |n: u32| i64::from(n * (half + GAP));
        imageops::replace(&mut strip, &small, at(index % 2), at(index / 2));
    }
    for (index, scene) in (1..).zip(SCENES) {
        let prompt = format!("photo of a {} {scene}", DOG.name());
        let made = session.generate(&prompt, &["--delta", &delta], 1)?;
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
