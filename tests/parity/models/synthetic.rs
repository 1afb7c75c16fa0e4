//! Stand-ins have the names, shapes and sizes of the published bases (the fixture of synthetic.py).

use std::collections::BTreeMap;

use clap::ValueEnum;
use deltabooth::synthetic;
use deltabooth::synthetic::{Kind, Size};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What diffusers makes of a part.
#[derive(Debug, PartialEq, Deserialize)]
struct Part {
    parameters: usize,
    sha256: String,
}

fn parts(kind: Kind) -> BTreeMap<String, Part> {
    let tensors = synthetic::tensors(kind, Size::Published).unwrap();
    let part = |shapes: &BTreeMap<String, Vec<usize>>| {
        let lines: String = shapes
            .iter()
            .map(|(name, shape)| format!("{name} {shape:?}\n"))
            .collect();
        let digest = Sha256::digest(lines);
        Part {
            parameters: shapes.values().map(|s| s.iter().product::<usize>()).sum(),
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    };
    tensors
        .iter()
        .map(|(component, shapes)| ((*component).to_owned(), part(shapes)))
        .collect()
}

#[test]
fn stand_ins_have_every_tensor_of_the_published_bases() {
    let Some(path) = crate::fixture("synthetic/digests.json") else {
        return;
    };
    let json = std::fs::read(path).unwrap();
    let expected: BTreeMap<String, BTreeMap<String, Part>> = serde_json::from_slice(&json).unwrap();
    assert_eq!(expected.len(), 7);
    for (name, parts_of_diffusers) in expected {
        let kind = Kind::from_str(&name, false).unwrap();
        assert_eq!(parts(kind), parts_of_diffusers, "{name}");
    }
}

#[test]
fn stand_ins_have_the_published_sizes() {
    // Millions of parameters, as their publishers state them.
    for (kind, part, millions) in [
        (Kind::Sd15, "unet", 859.5),
        (Kind::BkSdmBase, "unet", 579.4),
        (Kind::BkSdmSmall, "unet", 482.3),
        (Kind::BkSdmTiny, "unet", 323.4),
        (Kind::SdTurbo, "unet", 865.9),
        (Kind::Sd15, "text_encoder", 123.1),
        (Kind::Sd15, "vae", 83.7),
        (Kind::Taesd, "", 2.4),
        // A file of 135 MB in F16.
        (Kind::LcmLora, "", 67.3),
    ] {
        let found = parts(kind)[part].parameters as f64 / 1e6;
        assert!((found - millions).abs() < 0.06, "{kind:?}: {found}");
    }
}
