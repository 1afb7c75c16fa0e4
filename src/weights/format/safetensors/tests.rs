#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use crate::weights::format::safetensors::*;

fn file(json: &str, data: usize) -> Vec<u8> {
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend(json.as_bytes());
    file.resize(file.len() + data, 0);
    file
}

#[test]
fn what_is_written_is_read() {
    let metadata = BTreeMap::from([("a \"b\"\n".to_owned(), "ü\u{0}".to_owned())]);
    let tensors = vec![
        ("b".to_owned(), Dtype::F32, vec![1, 2], vec![1; 8]),
        ("a".to_owned(), Dtype::F16, vec![], vec![2; 2]),
        ("z".to_owned(), Dtype::U8, vec![0], vec![]),
    ];
    let file = write(&tensors, &metadata).unwrap();
    let header = Header::parse(&file, file.len() as u64).unwrap();
    assert_eq!(header.metadata, metadata);
    assert_eq!(header.data_start % 8, 0);
    assert_eq!(
        header.data_start,
        header_len(&file, file.len() as u64).unwrap() + 8
    );
    assert_eq!(
        header.tensors["b"],
        TensorInfo {
            dtype: Dtype::F32,
            shape: vec![1, 2],
            start: 0,
            end: 8
        }
    );
    assert_eq!(
        header.in_order().iter().map(|t| t.0).collect::<Vec<_>>(),
        ["b", "a", "z"]
    );
    assert_eq!(header.data_len(), 10);
}

#[test]
fn offsets_beyond_four_gibibytes_are_counted() {
    let five = 5_u64 << 30;
    let json = format!(
        r#"{{"a":{{"dtype":"F16","shape":[{}],"data_offsets":[0,{five}]}}}}"#,
        five / 2
    );
    let prefix = file(&json, 0);
    let length = prefix.len() as u64 + five;
    assert_eq!(Header::parse(&prefix, length).unwrap().data_len(), five);
    let fault = Header::inspect(&prefix, Some(length - 1)).unwrap_err();
    assert!(matches!(fault, HeaderFault::Truncated(_)), "{fault}");
}

#[test]
fn wrong_kinds_of_files_are_told_apart() {
    let page = Header::inspect(b"<!DOCTYPE html><html>", Some(21))
        .unwrap_err()
        .to_string();
    assert!(page.contains("web page"), "{page}");
    let pointer = Header::inspect(b"version https://git-lfs", Some(23))
        .unwrap_err()
        .to_string();
    assert!(pointer.contains("git lfs pull"), "{pointer}");
    let array = Header::inspect(&file("[]      ", 0), Some(16)).unwrap_err();
    assert!(matches!(array, HeaderFault::NotSafetensors(_)), "{array}");
    let empty = Header::inspect(b"", Some(0)).unwrap_err();
    assert!(matches!(empty, HeaderFault::Truncated(_)), "{empty}");
}

#[test]
fn every_type_name_is_read_back() {
    for name in [
        "BOOL", "F4", "F6_E2M3", "U8", "F8_E5M2", "BF16", "F32", "C64", "I64",
    ] {
        assert_eq!(Dtype::from_name(name).unwrap().name(), name);
    }
    assert_eq!(Dtype::from_name("f32"), None);
}

#[test]
fn halves_are_exact_numbers() {
    assert_eq!(to_f32(Dtype::F32, &1.5_f32.to_le_bytes()).unwrap(), [1.5]);
    // 1/3 in binary16, the smallest subnormal, -2, infinity.
    let f16 = [0x3555_u16, 1, 0xC000, 0x7C00]
        .map(u16::to_le_bytes)
        .concat();
    let expected = [0.333_251_95, 5.960_464_5e-8, -2.0, f32::INFINITY];
    assert_eq!(to_f32(Dtype::F16, &f16).unwrap(), expected);
    assert_eq!(from_f32(Dtype::F16, &expected).unwrap(), f16);
    let bf16 = [0x3F80_u16, 0xC049].map(u16::to_le_bytes).concat();
    assert_eq!(to_f32(Dtype::BF16, &bf16).unwrap(), [1.0, -3.140_625]);
    assert_eq!(from_f32(Dtype::BF16, &[1.0, -3.140_625]).unwrap(), bf16);
}

#[test]
fn other_types_and_broken_numbers_are_refused() {
    let error = to_f32(Dtype::I64, &[0; 8]).unwrap_err().to_string();
    assert!(error.contains("I64"), "{error}");
    assert!(to_f32(Dtype::F32, &[0; 7]).is_err());
    assert!(from_f32(Dtype::U8, &[0.0]).is_err());
}

#[test]
fn the_writer_refuses_what_the_reader_would() {
    let none = BTreeMap::new();
    let tensor = |name: &str, bytes: usize| (name.to_owned(), Dtype::F16, vec![2], vec![0; bytes]);
    assert!(write(&[tensor("a", 4), tensor("a", 4)], &none).is_err());
    assert!(write(&[tensor("__metadata__", 4)], &none).is_err());
    assert!(write(&[tensor("a", 5)], &none).is_err());
    assert!(write(&[tensor("a", 4)], &none).is_ok());
}

#[test]
fn pickles_are_refused_with_the_reason() {
    // The first bytes of torch.save, today's and the one before version 1.6.
    for first8 in [*b"PK\x03\x04\0\0\x08\x08", *b"\x80\x02\x8a\nl\xfc\x9cF"] {
        let fault = Header::inspect(&first8, Some(100)).unwrap_err().to_string();
        assert!(
            fault.contains("pickle") && fault.contains("program"),
            "{fault}"
        );
    }
    // A header of 640 bytes begins with the same two bytes.
    let text = format!("{:<640}", "{}");
    assert_eq!(file(&text, 0)[..2], [0x80, 2]);
    assert!(Header::inspect(&file(&text, 0), Some(648)).is_ok());
}
