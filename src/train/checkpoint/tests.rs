#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sha2::{Digest, Sha256};

use super::*;
use crate::config::{SubjectWords, TrainConfig};
use crate::error::Error;
use crate::train::dataset::sample::{Latents, PictureLatents, Sample, Shows};
use crate::train::trainer::StepLoss;

fn sample() -> Checkpoint {
    let settings = TrainConfig {
        subjects: vec![SubjectWords::new("sks", "robot")],
        max_train_steps: 200,
        ..TrainConfig::default()
    };
    let sample = |shows, latents| Sample {
        shows,
        caption: "photo of a sks robot".into(),
        collage: None,
        latents,
    };
    let picture = PictureLatents {
        mean: vec![0.1; 4],
        log_variance: vec![-3.0; 4],
    };
    Checkpoint {
        settings: settings.validated().unwrap(),
        base_id: "tiny".into(),
        base_hash: "ab".repeat(32),
        step: 2,
        noise_position: u64::MAX - 1,
        latent_shape: [1, 2, 2],
        delta: vec![0.5, -0.25, f32::MIN_POSITIVE],
        exp_avg: vec![1.0, 2.0, 3.0],
        exp_avg_sq: vec![4.0, 5.0, 6.0],
        average: Vec::new(),
        samples: vec![
            sample(Shows::Subject(0), Latents::Encoded(picture.clone())),
            sample(Shows::Subject(0), Latents::Encoded(picture)),
            sample(Shows::Class(0), Latents::Exact(vec![0.7; 4])),
        ],
        losses: vec![StepLoss {
            step: 1,
            subject: 0.5,
            prior: 0.25,
            unmix: 0.0,
            total: 0.75,
        }],
    }
}

#[test]
fn what_is_written_is_read_back_exactly() {
    let bytes = sample().to_bytes().unwrap();
    assert_eq!(Checkpoint::from_bytes(&bytes).unwrap(), sample());
}

#[test]
fn every_flipped_byte_and_every_cut_is_refused() {
    let bytes = sample().to_bytes().unwrap();
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= 1 << (index % 8);
        let error = Checkpoint::from_bytes(&damaged).unwrap_err();
        assert!(
            matches!(error, Error::Checkpoint(_)),
            "byte {index}: {error}"
        );
        assert!(
            Checkpoint::from_bytes(&bytes[..index]).is_err(),
            "cut at {index}"
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(Checkpoint::from_bytes(&longer).is_err());
}

/// The hash keeps accidents out, not malice: what is behind it must hold by itself.
#[test]
fn a_false_header_with_a_right_hash_is_refused() {
    let bytes = sample().to_bytes().unwrap();
    let header_len = u64::from_le_bytes(bytes[44..52].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[52..52 + header_len].to_vec()).unwrap();
    let lies = [
        ("\"parameters\":3", "\"parameters\":18446744073709551615"),
        ("\"parameters\":3", "\"parameters\":4"),
        (
            "\"latent_shape\":[1,2,2]",
            "\"latent_shape\":[4294967295,4294967295,4294967295]",
        ),
        ("\"latent_shape\":[1,2,2]", "\"latent_shape\":[0,2,2]"),
        ("\"exact\":true", "\"exact\":false"),
        ("\"subject\":0", "\"subject\":1"),
        ("\"class\":0", "\"class\":7"),
        ("\"token\":\"sks\"", "\"token\":\" \""),
        ("\"losses\":1", "\"losses\":9223372036854775808"),
        ("\"steps\":200", "\"steps\":0"),
    ];
    for (truth, lie) in lies {
        assert!(header.contains(truth), "{truth} is not in {header}");
        let header = header.replacen(truth, lie, 1);
        let mut forged = bytes[..44].to_vec();
        forged.extend_from_slice(&(header.len() as u64).to_le_bytes());
        forged.extend_from_slice(header.as_bytes());
        forged.extend_from_slice(&bytes[52 + header_len..]);
        let hash = Sha256::digest(&forged[44..]);
        forged[12..44].copy_from_slice(&hash);
        assert!(Checkpoint::from_bytes(&forged).is_err(), "{lie}");
    }
}

#[test]
fn another_base_is_refused_by_name() {
    let checkpoint = sample();
    checkpoint.check_base(&checkpoint.base_hash).unwrap();
    assert!(
        checkpoint
            .check_base("cd")
            .unwrap_err()
            .to_string()
            .contains("tiny")
    );
}
