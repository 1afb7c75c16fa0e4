#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::spectral::delta::metadata::*;

fn full() -> DeltaMetadata {
    DeltaMetadata {
        base_id: "emoji".into(),
        base_sha256: "0123456789abcdef".repeat(4),
        precision: "f32".into(),
        subjects: vec![Subject {
            token: "sks".into(),
            class_word: "robot".into(),
        }],
        prompts: vec!["a sks robot".into(), "<b>\u{202e}</b>".into()],
        trigger_phrase: "a sks robot".into(),
        training: r#"{"steps":200}"#.into(),
        steps: 200,
        date: "2026-11-22T22:00:00Z".into(),
        title: "My \"robot\"\n".into(),
        author: "me".into(),
        licence: "CC0-1.0".into(),
        description: "d".into(),
        thumbnail: "data:image/png;base64,AAAA".into(),
        parents: vec![Parent {
            title: "p".into(),
            content_sha256: "h".into(),
            strength: 0.5,
        }],
        combination: Some(Combination {
            kind: CombinationKind::StyleMix,
            rank: Some(8),
        }),
    }
}

#[test]
fn every_field_comes_back() {
    let entries = full().to_entries().unwrap();
    assert_eq!(DeltaMetadata::from_entries(&entries).unwrap(), full());
    let least = DeltaMetadata {
        base_sha256: "0".repeat(64),
        ..DeltaMetadata::default()
    };
    assert_eq!(
        DeltaMetadata::from_entries(&least.to_entries().unwrap()).unwrap(),
        least
    );
}

#[test]
fn each_rule_refuses_and_names_the_entry() {
    type Change = fn(&mut DeltaMetadata);
    let cases: [(&str, Change); 10] = [
        ("base_sha256", |m| m.base_sha256.clear()),
        ("base_sha256", |m| m.base_sha256 = "G".repeat(64)),
        ("title", |m| m.title = "x".repeat(MAX_LINE + 1)),
        ("description", |m| {
            m.description = "x".repeat(MAX_DESCRIPTION + 1)
        }),
        ("training", |m| m.training = "{".into()),
        ("thumbnail", |m| {
            m.thumbnail = "https://example.com/x.png".into()
        }),
        ("thumbnail", |m| {
            m.thumbnail = "data:image/svg+xml;base64,AAAA".into()
        }),
        ("prompts", |m| {
            m.prompts = vec![String::new(); MAX_PROMPTS + 1]
        }),
        ("subjects", |m| {
            m.subjects[0].token = "x".repeat(MAX_LINE + 1)
        }),
        ("parents", |m| m.parents[0].strength = f32::NAN),
    ];
    for (name, change) in cases {
        let mut metadata = full();
        change(&mut metadata);
        let error = metadata.to_entries().unwrap_err().to_string();
        assert!(error.contains(name), "{name}: {error}");
    }
}

#[test]
fn entries_of_the_wrong_form_are_refused() {
    for (key, value) in [
        ("deltabooth.steps", "-1"),
        ("deltabooth.subjects", "[[]]"),
        ("deltabooth.prompts", "[1]"),
        ("deltabooth.parents", "{}"),
        ("deltabooth.combination", "{\"kind\":\"product\"}"),
    ] {
        let mut entries = full().to_entries().unwrap();
        entries.insert(key.into(), value.into());
        let error = DeltaMetadata::from_entries(&entries)
            .unwrap_err()
            .to_string();
        assert!(error.contains(key), "{key}: {error}");
    }
}
