//! Files of all three types, stored as F16.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use pollster::block_on;

use crate::error::Result;
use crate::weights::format::safetensors::{Dtype, from_f32, to_f32, write};
use crate::weights::{BaseHash, Files, Numbers, Place, Stored, Weights, pack};

/// A file of one matrix and one vector of these numbers, loaded as halves.
fn load(dtype: Dtype, values: &[f32]) -> Result<(Weights, String)> {
    let bytes = from_f32(dtype, values).unwrap();
    let tensors = [vec![1, values.len()], vec![values.len()]].map(|shape| {
        let name = format!("of {}", shape.len());
        (name, dtype, shape, bytes.clone())
    });
    let folder = tempfile::tempdir().unwrap();
    let file = write(&tensors, &BTreeMap::new()).unwrap();
    std::fs::write(folder.path().join("w.safetensors"), file).unwrap();
    let files = Files::Folder(folder.path().to_owned());
    let (mut hash, place) = (BaseHash::new(), Place::new(&Device::flex(), Stored::F16));
    let mut quiet = |_, _| ();
    let weights = files.weights("w.safetensors", "unet", &place, &mut hash, &mut quiet);
    Ok((block_on(weights)?, hash.finish()))
}

#[test]
fn matrices_are_stored_as_halves_and_vectors_as_f32() {
    let values = [1.0, -2.5, 0.1, 65024.0, 6e-8];
    for dtype in [Dtype::F16, Dtype::BF16, Dtype::F32] {
        let (mut weights, hash) = load(dtype, &values).unwrap();
        let read = to_f32(dtype, &from_f32(dtype, &values).unwrap()).unwrap();
        let vector: Tensor<1> = weights.take("of 1", [5]).unwrap();
        assert_eq!(vector.into_data().try_to_vec::<f32>().unwrap(), read);
        let Numbers::F16(words) = weights.take_numbers("of 2", &[1, 5]).unwrap() else {
            panic!("a matrix is stored as halves")
        };
        assert_eq!(words.into_data().try_to_vec::<u32>().unwrap(), pack(&read));
        weights.finish().unwrap();
        let mut expected = BaseHash::new();
        let bytes = from_f32(dtype, &values).unwrap();
        expected.add("unet", "of 1", dtype, &[5], &bytes);
        expected.add("unet", "of 2", dtype, &[1, 5], &bytes);
        assert_eq!(hash, expected.finish(), "the hash is the file's");
    }
}

#[test]
fn numbers_beyond_halves_are_refused_by_name_with_a_way_out() {
    for dtype in [Dtype::BF16, Dtype::F32] {
        let error = load(dtype, &[1.0, 7e4]).unwrap_err().to_string();
        for part in ["w.safetensors", "'of 2'", "65504", "stored as F32"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    for value in [f32::NAN, f32::INFINITY] {
        for dtype in [Dtype::F16, Dtype::BF16, Dtype::F32] {
            let error = load(dtype, &[1.0, value]).unwrap_err().to_string();
            assert!(error.contains("make no pictures"), "{error}");
        }
    }
}

#[test]
fn a_matrix_of_halves_is_not_taken_for_f32() {
    let (mut weights, _) = load(Dtype::F16, &[1.0, 2.0]).unwrap();
    let error = weights.take::<2>("of 2", [1, 2]).unwrap_err().to_string();
    assert!(error.contains("'of 2'") && error.contains("F16"), "{error}");
}
