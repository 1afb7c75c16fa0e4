//! Each rule for safetensors headers, and weight files that do not fit their model.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::{Dtype, Header};
use deltabooth::weights::{BaseHash, Files, Place, Weights};

/// A header followed by `data` bytes.
pub(crate) fn file(json: &str, data: usize) -> Vec<u8> {
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

/// Writes `tensors` as a weight file and reads `a` `[2]` and `b` `[1, 3]` from it, as a model does.
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
        &Place::from(&Device::flex()),
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
