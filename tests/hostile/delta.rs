//! Delta files that are damaged, truncated, forged or of another kind.

use std::collections::BTreeMap;

use deltabooth::spectral::delta::{Delta, DeltaMetadata, Subject};
use deltabooth::spectral::shift::{ShiftKind, ShiftSet};
use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::{Dtype, Header};

/// A delta of a few layers.
pub(crate) fn delta() -> Delta {
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

/// A delta file with other metadata and tensors, and no valid hash.
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
            // With a valid hash nothing may panic; the result does not matter.
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
    assert!(message(&vec![0; (64 << 20) + 1]).contains("at most"));
    let mut long_header = vec![b' '; 20 << 20];
    long_header[..8].copy_from_slice(&(19_u64 << 20).to_le_bytes());
    assert!(message(&long_header).contains("header has 19922944 bytes, at most"));
}
