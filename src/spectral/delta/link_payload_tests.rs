use crate::sampler::noise::Noise;
use crate::spectral::delta::Subject;
use crate::spectral::delta::link_payload::*;

fn sample(numbers: usize) -> Delta {
    let mut noise = Noise::new(3, 0);
    let mut delta = Delta {
        metadata: DeltaMetadata {
            title: "sks dog".into(),
            base_id: "a base".into(),
            base_sha256: "ab".repeat(32),
            training: "{}".into(),
            subjects: vec![Subject {
                token: "sks".into(),
                class_word: "dog".into(),
            }],
            ..DeltaMetadata::default()
        },
        ..Delta::default()
    };
    let mut normal = |n: usize, scale: f32| -> Vec<f32> {
        let drawn = noise.normal(n);
        drawn.into_iter().map(|v| v * scale).collect()
    };
    for layer in 0..8 {
        let path = format!("down_blocks.{layer}.resnets.0.conv1");
        let values = normal(numbers / 8, 0.3);
        delta.unet.insert(path, ShiftKind::Spectral, values);
    }
    let norms = normal(64, 0.01);
    delta
        .unet
        .insert("conv_norm_out", ShiftKind::NormFull, norms);
    delta
}

fn distance(a: &Delta, b: &Delta) -> f64 {
    let (mut lost, mut all) = (0.0, 0.0);
    for (path, shift) in a.unet.iter() {
        let other = b.unet.get(path).expect("the layer");
        assert_eq!(shift.kind, other.kind);
        for (x, y) in shift.delta.iter().zip(&other.delta) {
            lost += f64::from(x - y).powi(2);
            all += f64::from(*x).powi(2);
        }
    }
    (lost / all).sqrt()
}

#[test]
fn a_delta_comes_back_within_the_error_that_was_said() {
    let delta = sample(16_000);
    let payload = encode(&delta, TEXT_LIMIT).expect("it fits");
    assert!(payload.text.len() <= TEXT_LIMIT);
    assert!(payload.error < 0.1, "{}", payload.error);
    let back = decode(&payload.text).expect("it is whole");
    // F16 adds a little.
    assert!(distance(&delta, &back) < payload.error + 1e-3);
    assert_eq!(back.metadata.subjects, delta.metadata.subjects);
    assert_eq!(back.metadata.base_sha256, delta.metadata.base_sha256);
    assert!(back.metadata.training.is_empty());
}

#[test]
fn a_longer_link_loses_less_and_a_hopeless_one_is_refused() {
    let delta = sample(16_000);
    let errors: Vec<f64> = [8_000, 12_000, 16_000]
        .map(|limit| encode(&delta, limit).expect("it fits").error)
        .into();
    assert!(errors[0] > errors[1] && errors[1] > errors[2], "{errors:?}");
    let refused = encode(&delta, 2_000).expect_err("too short");
    assert!(refused.to_string().contains("too large"), "{refused}");
}

#[test]
fn whatever_happens_to_the_text_it_is_refused() {
    let text = encode(&sample(160), TEXT_LIMIT).expect("it fits").text;
    for end in 0..text.len() {
        assert!(decode(&text[..end]).is_err(), "cut at {end}");
    }
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        assert!(decode(&changed).is_err(), "changed at {at}");
    }
    assert!(decode(&"A".repeat(MAX_TEXT + 1)).is_err());
    assert!(decode("ä").is_err());
}

#[test]
fn integers_of_every_size_come_back() {
    for value in [0, 1, -1, 63, -64, 64, 1 << 20, -(1 << 40)] {
        let mut bytes = Vec::new();
        write_integer(&mut bytes, value);
        assert_eq!(read_integer(&bytes), Some((value, &[][..])));
    }
    assert_eq!(read_integer(&[0xff; 20]), None);
}
