//! Pictures: decompression bombs, damage, orientation.

use std::io::Write;

use deltabooth::picture::{self, Picture};
use image::{ExtendedColorType, ImageEncoder};

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

fn png_chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let body = [&kind[..], data].concat();
    file.write_all(&(data.len() as u32).to_be_bytes()).unwrap();
    file.write_all(&body).unwrap();
    file.write_all(&crc32(&body).to_be_bytes()).unwrap();
}

/// A PNG of these dimensions with almost no picture data.
fn png_header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
    png_chunk(
        &mut file,
        b"IHDR",
        &[&sizes[..], &[depth, colour, 0, 0, 0]].concat(),
    );
    png_chunk(&mut file, b"IDAT", &[0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]);
    png_chunk(&mut file, b"IEND", &[]);
    file
}

fn riff(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [
        kind,
        &(data.len() as u32).to_le_bytes()[..],
        data,
        &[0][..data.len() % 2],
    ]
    .concat()
}

#[test]
fn picture_bombs_are_refused_at_their_header() {
    // 300 megapixels; one side too long; 16 bits per channel, with sides that are allowed.
    for (width, height, depth, colour) in [
        (20_000, 15_000, 8, 2),
        (8_193, 1, 8, 2),
        (1, (1 << 31) - 1, 8, 2),
        (8_192, 8_192, 16, 6),
    ] {
        let error = picture::decode(&png_header(width, height, depth, colour))
            .unwrap_err()
            .to_string();
        assert!(error.contains("too large"), "{width}×{height}: {error}");
    }
    let mut jpeg = b"\xFF\xD8\xFF\xC0\0\x11\x08".to_vec();
    jpeg.extend([15_000_u16.to_be_bytes(), 16_000_u16.to_be_bytes()].concat());
    jpeg.extend(
        b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xFF\xDA\0\x0C\x03\x01\0\x02\x11\x03\x11\0\x3F\0",
    );
    let error = picture::decode(&jpeg).unwrap_err().to_string();
    assert!(error.contains("too large"), "{error}");
    // A lossless frame of 10,000 × 10,000; a lossy one of 16,383 × 16,383 on a canvas of 1 × 1,
    // also within an animation.
    let lossless = [
        &[0x2F][..],
        &(9_999_u32 | 9_999 << 14).to_le_bytes(),
        &[0; 12],
    ]
    .concat();
    let lossy = riff(b"VP8 ", b"\x10\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F\0\0\0\0\0\0");
    let still = [riff(b"VP8X", &[0; 10]), lossy.clone()].concat();
    let animation = [&[2][..], &[0; 9]].concat();
    let moving = [
        riff(b"VP8X", &animation),
        riff(b"ANIM", &[0; 6]),
        riff(b"ANMF", &[&[0; 16], &lossy[..]].concat()),
    ]
    .concat();
    for chunks in [riff(b"VP8L", &lossless), still, moving] {
        let error = picture::decode(&riff(b"RIFF", &[b"WEBP", &chunks[..]].concat()))
            .unwrap_err()
            .to_string();
        assert!(error.contains("too large"), "{error}");
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [
        &b""[..],
        b"GIF89a",
        b"BM",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\0",
    ] {
        let error = picture::decode(bytes).unwrap_err().to_string();
        assert!(error.contains("PNG, JPEG or WebP"), "{error}");
    }
}

#[test]
fn every_cut_or_changed_picture_is_refused_or_decoded_without_a_panic() {
    let rgb: Vec<u8> = (0..16 * 16 * 3).map(|i| (i * 7) as u8).collect();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg)
        .write_image(&rgb, 16, 16, ExtendedColorType::Rgb8)
        .unwrap();
    let mut webp = Vec::new();
    image::codecs::webp::WebPEncoder::new_lossless(&mut webp)
        .write_image(&rgb, 16, 16, ExtendedColorType::Rgb8)
        .unwrap();
    for file in [picture::encode_png(&rgb, 16, 16).unwrap(), jpeg, webp] {
        assert_eq!(picture::decode(&file).unwrap().width(), 16);
        for i in 0..file.len() {
            let _ = picture::decode(&file[..i]);
            let mut changed = file.clone();
            changed[i] ^= 0xFF;
            let _ = picture::decode(&changed);
        }
    }
}

/// EXIF data with only an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

#[test]
fn pictures_are_turned_upright_by_exif() {
    // Left half black, right half white; 16×8, so that a rotation also changes the sides.
    let rgb: Vec<u8> = (0..8)
        .flat_map(|_| (0..16).flat_map(|x| [if x < 8 { 0 } else { 255 }; 3]))
        .collect();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 100)
        .write_image(&rgb, 16, 8, ExtendedColorType::Rgb8)
        .unwrap();
    let png = picture::encode_png(&rgb, 16, 8).unwrap();
    let turned = |orientation: u8| {
        let block = [b"Exif\0\0", &exif(orientation)[..]].concat();
        let length = (block.len() as u16 + 2).to_be_bytes();
        let jpeg = [&jpeg[..2], b"\xFF\xE1", &length, &block, &jpeg[2..]].concat();
        let mut chunk = Vec::new();
        png_chunk(&mut chunk, b"eXIf", &exif(orientation));
        let png = [&png[..33], &chunk, &png[33..]].concat();
        [jpeg, png].map(|file| picture::decode(&file).unwrap())
    };
    let black = |picture: &Picture, x: u32, y: u32| {
        picture.rgb()[3 * (y * picture.width() + x) as usize] < 128
    };
    for picture in turned(1) {
        assert_eq!((picture.width(), picture.height()), (16, 8));
        assert!(black(&picture, 1, 4) && !black(&picture, 14, 4));
    }
    for picture in turned(3) {
        assert!(
            !black(&picture, 1, 4) && black(&picture, 14, 4),
            "half a turn"
        );
    }
    for picture in turned(6) {
        assert_eq!((picture.width(), picture.height()), (8, 16));
        assert!(
            black(&picture, 4, 1) && !black(&picture, 4, 14),
            "a quarter clockwise"
        );
    }
    for picture in turned(8) {
        assert!(
            !black(&picture, 4, 1) && black(&picture, 4, 14),
            "a quarter anticlockwise"
        );
    }
    assert_eq!(
        turned(77)[0].width(),
        16,
        "a value that does not exist is passed over"
    );
}
