#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::picture::*;

/// Column x is grey 10·x, so that a crop shows where it was made.
fn columns(width: u32, height: u32) -> Picture {
    let rgb = (0..height)
        .flat_map(|_| (0..width).flat_map(|x| [10 * x as u8; 3]))
        .collect();
    Picture::from_rgb(width, height, rgb).unwrap()
}

#[test]
fn png_round_trip_is_exact() {
    let picture = columns(7, 3);
    assert_eq!(decode(&picture.to_png().unwrap()).unwrap(), picture);
}

#[test]
fn the_square_moves_along_the_longer_side() {
    let first = |offset| columns(20, 4).square(offset, 4).rgb()[0];
    assert_eq!(
        [
            first(0.0),
            first(0.5),
            first(1.0),
            first(9.0),
            first(f32::NAN)
        ],
        [0, 80, 160, 160, 80]
    );
    let tall = Picture::from_rgb(1, 3, vec![1, 1, 1, 2, 2, 2, 3, 3, 3]).unwrap();
    assert_eq!(tall.square(1.0, 1).rgb(), [3, 3, 3]);
}

#[test]
fn four_quarters_are_a_whole_turn() {
    let picture = columns(5, 3);
    let right = picture.turned(1);
    assert_eq!((right.width(), right.height()), (3, 5));
    // The left column lies on top now.
    assert_eq!(right.rgb()[..9], [0; 9]);
    assert_eq!(right.turned(3), picture);
    assert_eq!(picture.turned(6), picture.turned(2));
}

#[test]
fn shrinking_averages_instead_of_dropping_pixels() {
    let rgb = (0..64 * 64)
        .flat_map(|i| [if (i % 64 + i / 64) % 2 == 0 { 0 } else { 255 }; 3])
        .collect();
    let small = Picture::from_rgb(64, 64, rgb).unwrap().square(0.5, 8);
    assert!(
        small.rgb().iter().all(|&c| (118..=138).contains(&c)),
        "{:?}",
        small.rgb()
    );
    let kept = columns(24, 12).shrunk(6);
    assert_eq!((kept.width(), kept.height()), (12, 6));
    assert_eq!(columns(5, 5).shrunk(6), columns(5, 5));
}

#[test]
fn the_models_range_is_channels_first_from_minus_one_to_one() {
    let picture = Picture::from_rgb(2, 1, vec![0, 255, 51, 255, 0, 204]).unwrap();
    let values = picture.to_model();
    for (value, expected) in values.iter().zip([-1.0, 1.0, 1.0, -1.0, -0.6, 0.6]) {
        assert!((value - expected).abs() < 1e-6, "{values:?}");
    }
    let unit: Vec<f32> = values.iter().map(|v| v / 2.0 + 0.5).collect();
    assert_eq!(Picture::from_unit(&unit, 1, 2).unwrap(), picture);
}

#[test]
fn numbers_out_of_range_are_clamped() {
    let picture = Picture::from_unit(&[f32::NAN, -1.0, 2.0], 1, 1).unwrap();
    assert_eq!(picture.rgb(), [0, 0, 255]);
    assert_eq!(picture.rgba(), [0, 0, 255, 255]);
}

#[test]
fn transparent_parts_become_white() {
    let mut file = Vec::new();
    let rgba = [255, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0, 255];
    PngEncoder::new(&mut file)
        .write_image(&rgba, 3, 1, ExtendedColorType::Rgba8)
        .unwrap();
    assert_eq!(
        decode(&file).unwrap().rgb(),
        [255, 255, 255, 127, 127, 127, 0, 0, 0]
    );
}

#[test]
fn wrong_sizes_are_errors() {
    assert!(Picture::from_rgb(2, 2, vec![0; 11]).is_err());
    assert!(Picture::from_rgb(2, 2, vec![0; 13]).is_err());
    assert!(Picture::from_rgb(0, 0, vec![]).is_err());
    assert!(Picture::from_unit(&[0.0; 4], 1, 1).is_err());
    assert!(encode_png(&[0; 4], 1, 1).is_err());
}
