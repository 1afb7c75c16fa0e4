#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use pollster::block_on;

use crate::error::Result;
use crate::weights::format::safetensors::{Dtype, from_f32, write};
use crate::weights::{BaseHash, Files, Place, WeightFiles, Weights};

fn folder(name: &str, bytes: &[u8]) -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("unet")).unwrap();
    std::fs::write(folder.path().join("unet").join(name), bytes).unwrap();
    let files = Files::Folder(folder.path().to_owned());
    (folder, files)
}

fn tensor(name: &str, dtype: Dtype, values: &[f32]) -> (String, Dtype, Vec<usize>, Vec<u8>) {
    (
        name.to_owned(),
        dtype,
        vec![values.len()],
        from_f32(dtype, values).unwrap(),
    )
}

#[expect(clippy::type_complexity, reason = "a test's table")]
fn load(files: &Files, path: &str) -> Result<(Weights, String, Vec<(u64, u64)>)> {
    let (mut hash, mut calls) = (BaseHash::new(), Vec::new());
    let mut progress = |done, total| calls.push((done, total));
    let weights = block_on(files.weights(
        path,
        "unet",
        &Place::from(&Device::flex()),
        &mut hash,
        &mut progress,
    ))?;
    Ok((weights, hash.finish(), calls))
}

#[test]
fn all_three_types_arrive_with_progress_and_hash() {
    let values = [1.0, -2.0, 0.5];
    let mut tensors: Vec<_> = [("a", Dtype::F32), ("b", Dtype::F16), ("c", Dtype::BF16)]
        .map(|(name, dtype)| tensor(name, dtype, &values))
        .into();
    tensors.push(("e.position_ids".into(), Dtype::I64, vec![1], vec![0; 8]));
    let file = write(&tensors, &BTreeMap::new()).unwrap();
    let (_folder, files) = folder("w.safetensors", &file);
    let (mut weights, hash, calls) = load(&files, "unet/w.safetensors").unwrap();
    for name in ["a", "b", "c"] {
        let read: Tensor<1> = weights.take(name, [3]).unwrap();
        assert_eq!(read.into_data().try_to_vec::<f32>().unwrap(), values);
    }
    weights.finish().unwrap();
    let mut expected = BaseHash::new();
    for (name, dtype, shape, bytes) in &tensors {
        expected.add("unet", name, *dtype, shape, bytes);
    }
    assert_eq!(hash, expected.finish());
    assert_eq!(
        *calls.last().unwrap(),
        (file.len() as u64, file.len() as u64)
    );
    assert!(calls.is_sorted());
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_name() {
    for value in [f32::NAN, f32::INFINITY] {
        let file = write(
            &[tensor("bad", Dtype::F16, &[0.0, value])],
            &BTreeMap::new(),
        )
        .unwrap();
        let (_folder, files) = folder("w.safetensors", &file);
        let error = load(&files, "unet/w.safetensors").unwrap_err().to_string();
        assert!(
            error.contains("'bad'") && error.contains("w.safetensors"),
            "{error}"
        );
    }
}

#[test]
fn every_cut_weight_file_is_refused() {
    let file = write(&[tensor("a", Dtype::F32, &[1.0; 20])], &BTreeMap::new()).unwrap();
    for length in 0..file.len() {
        let (_folder, files) = folder("w.safetensors", &file[..length]);
        let error = load(&files, "unet/w.safetensors").unwrap_err().to_string();
        assert!(error.contains("ends early"), "{length}: {error}");
    }
    let (_folder, files) = folder("w.safetensors", &[&file[..], b"x"].concat());
    assert!(load(&files, "unet/w.safetensors").is_err());
}

#[test]
fn both_names_of_a_weight_file_are_found() {
    for name in ["model.safetensors", "model.fp16.safetensors"] {
        let (_folder, files) = folder(name, b"");
        assert_eq!(
            block_on(files.weight_files("unet", "model")).unwrap(),
            WeightFiles::One(format!("unet/{name}"))
        );
    }
    let (_folder, files) = folder("model.txt", b"");
    let error = block_on(files.weight_files("unet", "model"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("unet/model.fp16.safetensors"), "{error}");
    let (_folder, files) = folder("diffusion_pytorch_model.bin", b"");
    let error = block_on(files.weight_files("unet", "diffusion_pytorch_model"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("model.bin") && error.contains("pickle"),
        "{error}"
    );
}

#[test]
fn small_files_are_limited_and_no_web_pages() {
    let (_folder, files) = folder("config.json", b"{\"a\": 1}");
    assert_eq!(
        block_on(files.read("unet/config.json", 8)).unwrap(),
        b"{\"a\": 1}"
    );
    assert!(block_on(files.read("unet/config.json", 7)).is_err());
    assert!(
        block_on(files.read("unet/none.json", 7))
            .unwrap_err()
            .to_string()
            .contains("none.json")
    );
    let (_folder, files) = folder("config.json", b"\n<!DOCTYPE html>");
    assert!(
        block_on(files.read("unet/config.json", 99))
            .unwrap_err()
            .to_string()
            .contains("web page")
    );
}
