#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use burn::tensor::Device;
use pollster::block_on;

use crate::error::Result;
use crate::weights::format::safetensors::{Dtype, from_f32, write};
use crate::weights::format::shards::ShardIndex;
use crate::weights::{BaseHash, Files, Place, Weights};

type Named<'a> = &'a [(&'a str, f32)];
/// Weights, hash, what progress was told.
type Loaded = (Weights, String, Vec<(u64, u64)>);

fn file(tensors: Named) -> Vec<u8> {
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, value)| {
            let bytes = from_f32(Dtype::F16, &[*value; 3]).unwrap();
            ((*name).to_owned(), Dtype::F16, vec![3], bytes)
        })
        .collect();
    write(&tensors, &BTreeMap::new()).unwrap()
}

/// Loads `unet/` of a folder with these files.
fn load(files: &[(&str, Vec<u8>)]) -> Result<Loaded> {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("unet")).unwrap();
    for (name, bytes) in files {
        std::fs::write(place.path().join("unet").join(name), bytes).unwrap();
    }
    let files = Files::Folder(place.path().to_owned());
    let (mut hash, mut calls) = (BaseHash::new(), Vec::new());
    let mut progress = |done, total| calls.push((done, total));
    let weights = block_on(async {
        let paths = files.weight_files("unet", "model").await?;
        let device = Place::from(&Device::flex());
        files
            .component(&paths, "unet", &device, &mut hash, &mut progress)
            .await
    })?;
    Ok((weights, hash.finish(), calls))
}

const FIRST: &str = "model-00001-of-00002.safetensors";
const SECOND: &str = "model-00002-of-00002.safetensors";

fn index(map: &[(&str, &str)]) -> Vec<u8> {
    let entries: Vec<_> = map.iter().map(|(k, v)| format!("{k:?}:{v:?}")).collect();
    format!(
        r#"{{"metadata":{{"total_size":18}},"weight_map":{{{}}}}}"#,
        entries.join(",")
    )
    .into_bytes()
}

#[test]
fn shards_are_the_same_base_as_one_file() {
    let (_, whole, _) = load(&[(
        "model.safetensors",
        file(&[("a", 1.0), ("b", 2.0), ("c", 3.0)]),
    )])
    .unwrap();
    let map = index(&[("a", FIRST), ("b", SECOND), ("c", FIRST)]);
    for name in [
        "model.safetensors.index.json",
        "model.safetensors.index.fp16.json",
        "model.fp16.safetensors.index.json",
    ] {
        let (mut weights, hash, calls) = load(&[
            (name, map.clone()),
            (FIRST, file(&[("c", 3.0), ("a", 1.0)])),
            (SECOND, file(&[("b", 2.0)])),
        ])
        .unwrap();
        assert_eq!(hash, whole);
        for (name, value) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
            let read = weights.take(name, [3]).unwrap().into_data();
            assert_eq!(read.try_to_vec::<f32>().unwrap(), [value; 3]);
        }
        weights.finish().unwrap();
        assert!(calls.is_sorted_by_key(|call| call.0));
        let (done, total) = calls.last().copied().unwrap();
        assert!(done == total && calls.iter().all(|call| call.0 <= call.1));
    }
}

#[test]
fn an_index_that_does_not_fit_its_files_is_refused_by_name() {
    let refused = |map: &[(&str, &str)], first: Named, second: Named| {
        let name = "model.safetensors.index.json";
        let files = [
            (name, index(map)),
            (FIRST, file(first)),
            (SECOND, file(second)),
        ];
        load(&files).unwrap_err().to_string()
    };
    let (a, b) = (&[("a", 1.0)][..], &[("b", 1.0)][..]);
    let both = [("a", FIRST), ("b", SECOND)];
    assert!(refused(&both, a, a).contains("'b' is not in it"));
    assert!(refused(&both, &[("a", 1.0), ("c", 1.0)], b).contains("'c' is in it"));
    let again = &[("b", 1.0), ("a", 1.0)];
    assert!(refused(&both, a, again).contains("'a' is in it"), "twice");
    let twice = [("a", FIRST), ("a", SECOND)];
    assert!(refused(&twice, a, b).contains("stands twice"));
    let missing = [("a", "model-00003-of-00003.safetensors")];
    assert!(refused(&missing, a, b).contains("model-00003"));
    assert!(refused(&[], a, b).contains("no weight file"));
}

#[test]
fn an_index_leads_nowhere_but_into_its_folder() {
    for name in [
        "../model.safetensors",
        "/etc/model.safetensors",
        "https://example.org/model.safetensors",
        "a/model.safetensors",
        "..\\model.safetensors",
        "%2e%2e%2fmodel.safetensors",
        "model.safetensors?x=.safetensors",
        ".safetensors",
        "model.bin",
        "",
    ] {
        let json = index(&[("a", name)]);
        let error = ShardIndex::parse("unet/i.json", &json).unwrap_err();
        assert!(error.to_string().contains("no other place"), "{error}");
    }
    for json in [&b"[]"[..], b"{}", b"{\"weight_map\":{\"a\":1}}", b"{"] {
        assert!(ShardIndex::parse("unet/i.json", json).is_err());
    }
}
