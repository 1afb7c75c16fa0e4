//! `booth inspect`.

use std::collections::BTreeMap;

use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::Dtype;

use super::{folder, succeeds};

#[test]
fn hostile_text_in_a_file_stays_text() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hostile.safetensors");
    let metadata = BTreeMap::from([(
        "title\u{202e}".to_owned(),
        "a\x1b[2J\nmetadata\n  author: me\u{0}".to_owned(),
    )]);
    let tensors = [(
        "x\x1b]0;owned\x07".to_owned(),
        Dtype::F32,
        vec![1],
        vec![0; 4],
    )];
    std::fs::write(&file, safetensors::write(&tensors, &metadata).unwrap()).unwrap();
    let text = succeeds(&["inspect", file.to_str().unwrap()]);
    assert!(
        text.contains(r"title\u{202e}: a\u{1b}[2J\nmetadata\n  author: me\u{0}"),
        "{text}"
    );
    assert!(text.contains(r"x\u{1b}]0;owned\u{7}"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn a_base_is_described_without_reading_its_weights() {
    let file = folder("base/unet/diffusion_pytorch_model.safetensors");
    let text = succeeds(&["inspect", file.to_str().unwrap()]);
    assert!(
        text.contains("conv_in.weight") && text.contains("tensors"),
        "{text}"
    );
}
