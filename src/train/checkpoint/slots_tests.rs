#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use pollster::block_on;

use super::*;
use crate::config::{SubjectWords, TrainConfig};
use crate::error::Error;
use crate::storage::faulty::FaultyStorage;
use crate::train::dataset::sample::{Latents, PictureLatents, Sample, Shows};

fn checkpoint(step: usize) -> Vec<u8> {
    let settings = TrainConfig {
        subjects: vec![SubjectWords::new("sks", "robot")],
        prior_loss_weight: 0.0,
        ..TrainConfig::default()
    };
    Checkpoint {
        settings,
        base_id: "base".into(),
        base_hash: "00".repeat(32),
        step,
        noise_position: 7,
        latent_shape: [1, 1, 2],
        delta: vec![step as f32; 3],
        exp_avg: vec![0.5; 3],
        exp_avg_sq: vec![0.25; 3],
        average: vec![],
        samples: vec![Sample {
            shows: Shows::Subject(0),
            caption: "photo of a sks robot".into(),
            collage: None,
            latents: Latents::Encoded(PictureLatents {
                mean: vec![1.0, 2.0],
                log_variance: vec![0.0, 0.0],
            }),
        }],
        losses: vec![],
    }
    .to_bytes()
    .unwrap()
}

fn step(bytes: Option<Vec<u8>>) -> Option<usize> {
    bytes.map(|bytes| Checkpoint::from_bytes(&bytes).unwrap().step)
}

/// What the next page load sees.
fn slots(storage: &FaultyStorage) -> CheckpointSlots {
    CheckpointSlots::new(Rc::new(storage.clone()))
}

#[test]
fn power_lost_after_any_byte_of_a_save_leaves_the_old_or_the_new_checkpoint() {
    let length = checkpoint(30).len();
    let (mut old, mut new) = (0, 0);
    for keep in 0..=length {
        let storage = FaultyStorage::default();
        let before = slots(&storage);
        for step in [0, 10, 20] {
            block_on(before.save(&checkpoint(step))).unwrap();
        }
        storage.faults().power_lost_after.set(Some(keep));
        assert!(block_on(before.save(&checkpoint(30))).is_err());
        storage.faults().power_lost_after.set(None);

        let after = slots(&storage);
        match step(block_on(after.load()).unwrap()) {
            Some(20) => old += 1,
            Some(30) => new += 1,
            other => panic!("after {keep} bytes: {other:?}"),
        }
        block_on(after.save(&checkpoint(40))).unwrap();
        assert_eq!(
            step(block_on(slots(&storage).load()).unwrap()),
            Some(40),
            "the run goes on"
        );
    }
    assert!(old > 0 && new > 0, "{old} old, {new} new");
}

#[test]
fn a_failed_save_is_not_counted() {
    let storage = FaultyStorage::default();
    let slots = slots(&storage);
    block_on(slots.save(&checkpoint(10))).unwrap();
    for _ in 0..2 {
        storage.faults().power_lost_after.set(Some(40));
        assert!(block_on(slots.save(&checkpoint(20))).is_err());
    }
    assert_eq!(step(block_on(slots.load()).unwrap()), Some(10));
}

#[test]
fn a_new_run_is_not_hidden_by_a_longer_old_one() {
    let slots = slots(&FaultyStorage::default());
    for step in [100, 110] {
        block_on(slots.save(&checkpoint(step))).unwrap();
    }
    block_on(slots.discard()).unwrap();
    assert_eq!(block_on(slots.load()).unwrap(), None);
    block_on(slots.save(&checkpoint(1))).unwrap();
    assert_eq!(step(block_on(slots.load()).unwrap()), Some(1));
}

#[test]
fn two_damaged_files_are_told_and_then_replaced() {
    let storage = FaultyStorage::default();
    let slots = slots(&storage);
    for name in NAMES {
        block_on(storage.write(name, b"DBOOTHCK?")).unwrap();
    }
    assert!(matches!(block_on(slots.load()), Err(Error::Checkpoint(_))));
    block_on(slots.save(&checkpoint(3))).unwrap();
    assert_eq!(step(block_on(slots.load()).unwrap()), Some(3));
}
