//! Files that are damaged or made to do harm: each is refused with its reason, none causes a panic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};
use deltabooth::picture::{self, Picture};
use deltabooth::spectral::delta::{Delta, DeltaMetadata, Subject};
use deltabooth::spectral::shift::{ShiftKind, ShiftSet};
use deltabooth::weights::safetensors::{self, Dtype, Header};
use deltabooth::weights::{BaseHash, Files, Weights};
use image::{ExtendedColorType, ImageEncoder};
use proptest::prelude::*;

/// A delta as training makes it, of a few layers.
fn delta() -> Delta {
    let numbers = |n: usize| {
        (0..n)
            .map(|i| ((i * 37 % 101) as f32 - 50.0) / 64.0)
            .collect()
    };
    let mut unet = ShiftSet::new();
    unet.insert("conv_in", ShiftKind::Spectral, numbers(32));
    unet.insert("conv_norm_out", ShiftKind::NormFull, numbers(32));
    for attention in ["attn1", "attn2"] {
        for part in ["to_q", "to_k", "to_v", "to_out.0"] {
            let path =
                format!("down_blocks.1.attentions.0.transformer_blocks.0.{attention}.{part}");
            unet.insert(path, ShiftKind::Spectral, numbers(64));
        }
    }
    unet.insert(
        "mid_block.resnets.0.norm1",
        ShiftKind::NormScalar,
        numbers(1),
    );
    let mut text_encoder = ShiftSet::new();
    text_encoder.insert(
        "text_model.encoder.layers.0.mlp.fc1",
        ShiftKind::Spectral,
        numbers(64),
    );
    let metadata = DeltaMetadata {
        base_id: "emoji".into(),
        base_sha256: "0123456789abcdef".repeat(4),
        precision: "f32".into(),
        subjects: vec![Subject {
            token: "sks".into(),
            class_word: "robot".into(),
        }],
        prompts: vec!["a photo of sks robot".into()],
        trigger_phrase: "sks robot".into(),
        training: r#"{"steps":200,"learning_rate":0.02}"#.into(),
        steps: 200,
        date: "2026-11-22T22:00:00Z".into(),
        title: "Robot".into(),
        thumbnail: "data:image/png;base64,AAAA".into(),
        ..DeltaMetadata::default()
    };
    Delta {
        metadata,
        unet,
        text_encoder,
    }
}

/// A delta file with other metadata and tensors, without a right hash.
fn forged(
    change: impl FnOnce(&mut BTreeMap<String, String>, &mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>),
) -> Vec<u8> {
    let file = delta().to_bytes().unwrap();
    let header = Header::parse(&file, file.len() as u64).unwrap();
    let data = |offset: u64| (header.data_start + offset) as usize;
    let mut tensors = header
        .tensors
        .iter()
        .map(|(name, t)| {
            (
                name.clone(),
                t.dtype,
                t.shape.clone(),
                file[data(t.start)..data(t.end)].to_vec(),
            )
        })
        .collect();
    let mut metadata = header.metadata.clone();
    change(&mut metadata, &mut tensors);
    safetensors::write(&tensors, &metadata).unwrap()
}

fn message(file: &[u8]) -> String {
    Delta::from_bytes(file).unwrap_err().to_string()
}

#[test]
fn a_delta_comes_back_as_it_was_written() {
    let file = delta().to_bytes().unwrap();
    let read = Delta::from_bytes(&file).unwrap();
    // The numbers of `delta` have few bits, so F16 holds them exactly.
    assert_eq!(read, delta());
    assert_eq!(read.to_bytes().unwrap(), file);
    assert_eq!(forged(|_, _| {}), file);
    let wide = delta().to_bytes_as(Dtype::F32).unwrap();
    assert_eq!(Delta::from_bytes(&wide).unwrap(), delta());
    assert_ne!(
        Delta::content_sha256(&wide).unwrap(),
        Delta::content_sha256(&file).unwrap()
    );
}

#[test]
fn every_flipped_byte_of_a_delta_is_refused() {
    let file = delta().to_bytes().unwrap();
    assert!(file.len() > 3_000);
    let mut damaged = file.clone();
    for i in 0..file.len() {
        for flip in [0x01, 0x20, 0xFF] {
            damaged[i] = file[i] ^ flip;
            assert!(Delta::from_bytes(&damaged).is_err(), "byte {i} ^ {flip:#x}");
            // Behind the hash nothing may panic; what comes out does not matter.
            let _ = Delta::parse_without_hash(&damaged);
        }
        damaged[i] = file[i];
    }
    assert!(Delta::from_bytes(&damaged).is_ok());
}

#[test]
fn every_truncated_delta_is_refused_as_cut_short() {
    let file = delta().to_bytes().unwrap();
    for length in 0..file.len() {
        let cut = message(&file[..length]);
        assert!(cut.contains("cut short"), "{length}: {cut}");
        assert!(Delta::parse_without_hash(&file[..length]).is_err());
    }
    assert!(message(&[&file[..], b"\0"].concat()).contains("damaged"));
}

#[test]
fn the_hash_covers_padding_and_order() {
    let file = delta().to_bytes().unwrap();
    let header_len = u64::from_le_bytes(*file.first_chunk().unwrap());
    let end = 8 + header_len as usize;
    let padded = [
        &(header_len + 8).to_le_bytes()[..],
        &file[8..end],
        b"        ",
        &file[end..],
    ]
    .concat();
    assert!(Delta::parse_without_hash(&padded).is_ok());
    assert!(message(&padded).contains("damaged"));
    let reordered = forged(|_, tensors| tensors.reverse());
    assert!(Delta::parse_without_hash(&reordered).is_ok());
    assert!(message(&reordered).contains("damaged"));
}

#[test]
fn each_wrong_file_gets_its_own_message() {
    let half = |name: &str| vec![(name.to_owned(), Dtype::F16, vec![1], vec![0; 2])];
    let other = |name: &str| safetensors::write(&half(name), &BTreeMap::new()).unwrap();
    let set = |key: &'static str, value: &'static str| {
        forged(move |m, _| {
            m.insert(key.into(), value.into());
        })
    };
    let cases = [
        (b"\x89PNG\r\n\x1a\n0000".to_vec(), "not a delta"),
        (b"<!DOCTYPE html>".to_vec(), "web page"),
        (other("lora_unet_conv_in.lora_down.weight"), "LoRA"),
        (
            other("unet.down_blocks.0.attentions.0.to_q.lora_A.weight"),
            "LoRA",
        ),
        (other("conv_in.delta"), "svdiff-pytorch"),
        (other("conv_in.weight"), "model's weights"),
        (set("deltabooth.version", "2"), "version 2"),
        (set("deltabooth.version", "one"), "damaged"),
        (set("modelspec.title", "Other"), "damaged"),
        (
            forged(|m, _| {
                m.remove("content_sha256");
            }),
            "no content hash",
        ),
    ];
    for (file, expected) in cases {
        let found = message(&file);
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn tensors_that_are_no_shifts_are_refused_behind_the_hash() {
    let add = |name: &str, dtype, shape: Vec<usize>, bytes: Vec<u8>| {
        let tensor = (name.to_owned(), dtype, shape, bytes);
        forged(move |_, tensors| tensors.push(tensor))
    };
    let half = |name: &str| add(name, Dtype::F16, vec![1], vec![0; 2]);
    let cases = [
        half("vae.conv_in.delta"),
        half("unet..delta"),
        half("unet.delta"),
        half("unet.conv_out.alpha"),
        half("unet.conv_out.shift"),
        half("unet.conv out.delta"),
        half(&format!("unet.{}.delta", "x".repeat(300))),
        half("unet.mid_block.resnets.0.norm1.shift"),
        add("unet.norm1.delta", Dtype::F16, vec![2], vec![0; 4]),
        add("unet.conv_out.delta", Dtype::F16, vec![1, 1], vec![0; 2]),
        add("unet.conv_out.delta", Dtype::F16, vec![0], vec![]),
        add("unet.conv_out.delta", Dtype::I64, vec![1], vec![0; 8]),
        add(
            "unet.conv_out.delta",
            Dtype::F16,
            vec![1],
            0x7E00_u16.to_le_bytes().to_vec(),
        ),
        add(
            "unet.conv_out.delta",
            Dtype::F32,
            vec![1],
            f32::INFINITY.to_le_bytes().to_vec(),
        ),
        forged(|_, tensors| tensors.clear()),
        forged(|_, tensors| {
            tensors.extend(
                (0..9_000).map(|i| (format!("unet.l{i}.delta"), Dtype::F16, vec![1], vec![0; 2])),
            )
        }),
    ];
    for (i, file) in cases.iter().enumerate() {
        assert!(Delta::parse_without_hash(file).is_err(), "case {i}");
    }
    assert!(Delta::parse_without_hash(&half("unet.conv_out.delta")).is_ok());
}

#[test]
fn nothing_is_written_that_would_be_refused() {
    let with = |path: &str, kind, values: &[f32]| {
        let mut delta = delta();
        delta.unet.insert(path, kind, values.to_vec());
        delta.to_bytes()
    };
    assert!(with("conv_out", ShiftKind::Spectral, &[1.0]).is_ok());
    assert!(with("conv_out", ShiftKind::Spectral, &[f32::NAN]).is_err());
    assert!(
        with("conv_out", ShiftKind::Spectral, &[1e6]).is_err(),
        "1e6 is infinite in F16"
    );
    assert!(with("conv_out", ShiftKind::Spectral, &[]).is_err());
    assert!(with("conv_out", ShiftKind::NormFull, &[1.0]).is_err());
    assert!(with("norm", ShiftKind::Spectral, &[1.0]).is_err());
    assert!(
        Delta {
            unet: ShiftSet::new(),
            text_encoder: ShiftSet::new(),
            ..delta()
        }
        .to_bytes()
        .is_err()
    );
}

#[test]
fn a_delta_for_another_base_names_both() {
    let delta = delta();
    assert!(delta.check_base(&delta.metadata.base_sha256).is_ok());
    let error = delta.check_base(&"f".repeat(64)).unwrap_err().to_string();
    assert!(
        error.contains("'emoji'")
            && error.contains("0123456789abcdef")
            && error.contains("ffffffffffffffff"),
        "{error}"
    );
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_is_read() {
    let start = Instant::now();
    assert!(message(&vec![0; (64 << 20) + 1]).contains("at most"));
    let mut long_header = vec![b' '; 20 << 20];
    long_header[..8].copy_from_slice(&(19_u64 << 20).to_le_bytes());
    assert!(message(&long_header).contains("header"));
    assert!(start.elapsed() < Duration::from_secs(1));
}

/// A header and `data` bytes after it.
fn file(json: &str, data: usize) -> Vec<u8> {
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend(json.as_bytes());
    file.resize(file.len() + data, 0);
    file
}

#[test]
fn each_rule_of_the_header_refuses() {
    let deep = format!(
        r#"{{"__metadata__":{}1{}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let cases: &[(&str, &str, usize)] = &[
        ("not an object", "[1]", 0),
        ("space before the brace", " {}", 0),
        ("not closed", "{", 0),
        ("something after the object", "{}{}", 0),
        ("metadata holds a number", r#"{"__metadata__":{"a":1}}"#, 0),
        ("metadata is a list", r#"{"__metadata__":["a"]}"#, 0),
        (
            "metadata stands twice",
            r#"{"__metadata__":{},"__metadata__":{}}"#,
            0,
        ),
        (
            "a metadata key stands twice",
            r#"{"__metadata__":{"a":"1","a":"1"}}"#,
            0,
        ),
        (
            "a metadata key stands twice, once escaped",
            r#"{"__metadata__":{"a":"1","\u0061":"1"}}"#,
            0,
        ),
        ("deep nesting", &deep, 0),
        (
            "a tensor stands twice",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
            1,
        ),
        (
            "dtype stands twice",
            r#"{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
            1,
        ),
        (
            "shape stands twice",
            r#"{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}"#,
            1,
        ),
        ("no dtype", r#"{"a":{"shape":[1],"data_offsets":[0,1]}}"#, 1),
        (
            "no shape",
            r#"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#,
            1,
        ),
        ("no offsets", r#"{"a":{"dtype":"U8","shape":[1]}}"#, 1),
        (
            "unknown field",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}}"#,
            1,
        ),
        ("a tensor as a list", r#"{"a":["U8",[1],[0,1]]}"#, 1),
        (
            "unknown dtype",
            r#"{"a":{"dtype":"F12","shape":[1],"data_offsets":[0,1]}}"#,
            1,
        ),
        (
            "one offset",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}"#,
            1,
        ),
        (
            "three offsets",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}"#,
            1,
        ),
        (
            "negative offset",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}"#,
            1,
        ),
        (
            "fractional shape",
            r#"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#,
            1,
        ),
        (
            "negative shape",
            r#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#,
            1,
        ),
        (
            "offsets backwards",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}"#,
            1,
        ),
        (
            "too many bytes for the shape",
            r#"{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,4]}}"#,
            4,
        ),
        (
            "too few bytes for the shape",
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
            4,
        ),
        (
            "the shape overflows",
            r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
            0,
        ),
        (
            "the shape overflows in bits alone",
            r#"{"a":{"dtype":"F32","shape":[576460752303423488],"data_offsets":[0,0]}}"#,
            0,
        ),
        (
            "half a byte",
            r#"{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,0]}}"#,
            0,
        ),
        (
            "not from 0",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
            2,
        ),
        (
            "a hole",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
            3,
        ),
        (
            "an overlap",
            r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
            3,
        ),
        (
            "the same bytes twice",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
            1,
        ),
        (
            "data missing",
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
            3,
        ),
        (
            "data left over",
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
            5,
        ),
        ("data without tensors", "{}", 1),
        (
            "thousands of dimensions",
            &format!(
                r#"{{"a":{{"dtype":"U8","shape":[{}1],"data_offsets":[0,1]}}}}"#,
                "1,".repeat(5_000)
            ),
            1,
        ),
    ];
    for (rule, json, data) in cases {
        let file = file(json, *data);
        assert!(Header::parse(&file, file.len() as u64).is_err(), "{rule}");
    }
    let mut not_utf8 = file(r#"{"__metadata__":{"a":"x"}}"#, 0);
    let x = not_utf8.len() - 4;
    not_utf8[x] = 0xFF;
    assert!(Header::parse(&not_utf8, not_utf8.len() as u64).is_err());
    for length in [0, 1, 100_000_001, u64::MAX, u64::MAX - 7] {
        let mut file = file("{}", 0);
        file[..8].copy_from_slice(&length.to_le_bytes());
        assert!(
            Header::parse(&file, file.len() as u64).is_err(),
            "header of {length} bytes"
        );
    }
}

#[test]
fn headers_that_keep_the_rules_are_read() {
    for (json, data) in [
        ("{}", 0),
        ("{}      ", 0),
        (r#"{"__metadata__":{}}"#, 0),
        (
            r#"{"b":{"data_offsets":[0,0],"shape":[0,7],"dtype":"F32"},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
            1,
        ),
        (
            r#"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}"#,
            1,
        ),
    ] {
        let file = file(json, data);
        assert!(Header::parse(&file, file.len() as u64).is_ok(), "{json}");
    }
}

/// Writes `tensors` as a folder's weight file and takes `a` `[2]` and `b` `[1, 3]` from it, as a model does.
fn load(tensors: &[(&str, Vec<usize>)]) -> deltabooth::Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, shape)| {
            (
                (*name).to_owned(),
                Dtype::F32,
                shape.clone(),
                vec![0; 4 * shape.iter().product::<usize>()],
            )
        })
        .collect();
    let file = safetensors::write(&tensors, &BTreeMap::new()).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), file).unwrap();
    let files = Files::Folder(folder.path().to_owned());
    let mut weights: Weights = pollster::block_on(files.weights(
        "model.safetensors",
        "unet",
        &Device::flex(),
        &mut BaseHash::new(),
        &mut |_, _| {},
    ))?;
    let _: Tensor<1> = weights.take("a", [2])?;
    let _: Tensor<2> = weights.take("b", [1, 3])?;
    weights.finish()
}

#[test]
fn a_missing_extra_or_misshapen_weight_is_named() {
    load(&[("a", vec![2]), ("b", vec![1, 3])]).unwrap();
    let named = |tensors: &[(&str, Vec<usize>)], words: &[&str]| {
        let error = load(tensors).unwrap_err().to_string();
        for word in words.iter().chain(&["model.safetensors"]) {
            assert!(error.contains(word), "{word}: {error}");
        }
    };
    named(&[("a", vec![2])], &["'b'", "missing"]);
    named(
        &[("a", vec![2]), ("b", vec![1, 3]), ("c", vec![1])],
        &["'c'"],
    );
    named(
        &[("a", vec![2]), ("b", vec![3, 1])],
        &["'b'", "[3, 1]", "[1, 3]"],
    );
    named(
        &[("a", vec![1, 2]), ("b", vec![1, 3])],
        &["'a'", "[1, 2]", "[2]"],
    );
}

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

/// A PNG of these dimensions whose picture data is almost missing.
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
    let start = Instant::now();
    // 300 megapixels; one side too long; 16 bits a channel, so that the sides alone would pass.
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
    assert!(start.elapsed() < Duration::from_secs(1));
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

/// EXIF with nothing but an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

#[test]
fn pictures_are_turned_upright_by_exif() {
    // Left half black, right half white; 16×8, so that a turn also shows in the sides.
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Header::parse(&bytes, bytes.len() as u64);
        prop_assert!(Delta::from_bytes(&bytes).is_err());
        prop_assert!(Delta::parse_without_hash(&bytes).is_err());
        for magic in [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF", b"RIFF\0\0\0\0WEBPVP8L"] {
            let _ = picture::decode(&[magic, &bytes].concat());
        }
    }

    #[test]
    fn random_headers_never_panic(json in "\\{(\"(a|b|__metadata__)\":(\\{(\"(dtype|shape|data_offsets)\":(\"(F16|F4|U8)\"|\\[[0-9]{0,20}(,[0-9]{0,3})?\\]),?){0,4}\\}|1|\"x\"),?){0,3}\\}", data in 0_usize..9) {
        let file = file(&json, data);
        let _ = Header::parse(&file, file.len() as u64);
        let _ = Delta::parse_without_hash(&file);
    }

    #[test]
    fn several_changes_at_once_never_panic(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8)) {
        let file = delta().to_bytes().unwrap();
        let mut damaged = file.clone();
        for (at, byte) in changes {
            damaged[at.index(file.len())] = byte;
        }
        prop_assert_eq!(Delta::from_bytes(&damaged).is_ok(), damaged == file);
        let _ = Delta::parse_without_hash(&damaged);
    }
}
