//! The catalogue that is shipped, and those that are refused.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use serde_json::{Value, json};

use super::*;

fn shipped() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/static/catalogue.json");
    std::fs::read(path).unwrap()
}

#[test]
fn the_shipped_catalogue_holds() {
    let catalogue = Catalogue::parse(&shipped()).unwrap();
    assert!(catalogue.bases.iter().any(|entry| entry.embedded));
    for entry in &catalogue.bases {
        assert_eq!(entry.bytes() > 0, !entry.files.is_empty(), "{}", entry.id);
        let pickles = entry
            .files
            .iter()
            .filter(|file| !file.path.ends_with(".json"));
        for file in pickles {
            let known = file.path.ends_with(".safetensors") || file.path.ends_with(".txt");
            assert!(known, "{}: {}", entry.id, file.path);
        }
        if entry.root.starts_with("https://huggingface.co/") {
            let pinned = entry.root.trim_end_matches('/').rsplit('/').next().unwrap();
            assert!(pinned == "main" || pinned.len() == 40, "{}", entry.id);
        }
    }
}

#[test]
fn every_field_that_is_wrong_is_refused_and_the_base_is_named() {
    let whole: Value = serde_json::from_slice(&shipped()).unwrap();
    let at = 1;
    assert!(!whole["bases"][at]["files"][0]["path"].is_null());
    let changes = [
        ("/more", json!(1)),
        ("/id", json!("A b")),
        ("/title", json!("")),
        ("/root", json!("http://huggingface.co/a/")),
        ("/root", json!("//huggingface.co/a/")),
        ("/root", json!("../elsewhere/")),
        ("/root", json!("https://huggingface.co/a")),
        ("/root", json!("https://user@huggingface.co/a/")),
        ("/page", json!("javascript:alert(1)")),
        ("/licence/url", json!("data:text/html,x")),
        ("/licence/consent", json!("yes")),
        ("/embedded", json!(true)),
        ("/files", json!([])),
        ("/files/0/path", json!("../../x")),
        ("/files/0/path", json!("/etc/passwd")),
        ("/files/0/bytes", json!(0)),
        ("/files/0/bytes", json!(-1)),
        ("/files/0/bytes", json!(1_u64 << 41)),
        ("/files/0/sha256", json!("abc")),
        ("/files/0/url", json!("file:///etc/passwd")),
        ("/files/0/more", json!(1)),
        ("/defaults/steps", json!(0)),
        ("/defaults/guidance_scale", json!(-1)),
        ("/defaults/resolution", json!(7)),
        ("/memory", json!({"generate": -1})),
        (
            "/lora",
            json!({"path": "elsewhere.safetensors", "strength": 1}),
        ),
        ("/lora", json!({"path": "unet/config.json", "strength": 0})),
        ("/lora", json!({"path": "unet/config.json", "strength": 9})),
    ];
    for (path, value) in changes {
        let mut changed = whole.clone();
        let entry = &mut changed["bases"][at];
        let (parent, name) = path.rsplit_once('/').unwrap();
        entry.pointer_mut(parent).unwrap()[name] = value;
        let bytes = serde_json::to_vec(&changed).unwrap();
        assert!(Catalogue::parse(&bytes).is_err(), "{path}");
    }
    let mut twice = whole.clone();
    let first = twice["bases"][at].clone();
    twice["bases"].as_array_mut().unwrap().push(first);
    let error = Catalogue::parse(&serde_json::to_vec(&twice).unwrap()).unwrap_err();
    let id = whole["bases"][at]["id"].as_str().unwrap();
    assert!(error.to_string().contains(id), "{error}");
}

#[test]
fn half_a_catalogue_is_refused() {
    let whole = shipped();
    for length in (0..whole.len() - 2).step_by(97) {
        assert!(Catalogue::parse(&whole[..length]).is_err());
    }
}
