//! Going on from a checkpoint is the same as never having stopped (on the CPU, bit for bit).

#![cfg(feature = "tensor")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ops::ControlFlow;

use burn::tensor::Device;
use deltabooth::model::base::Base;
use deltabooth::picture;
use deltabooth::spectral::Decomposed;
use deltabooth::train::settings::{RateSchedule, TimestepSampling};
use deltabooth::train::{Checkpoint, Subject, TrainSettings, Trainer, Words};
use deltabooth::weights::Files;
use deltabooth::{Error, error::Result};

async fn base() -> (Base, Decomposed) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/base");
    let files = Files::Folder(folder.into());
    let base = Base::load(&files, &Device::flex(), &mut |_| {})
        .await
        .unwrap();
    let decomposed = Decomposed::new(&base, true, async |_, _| Ok(()));
    let decomposed = decomposed.await.unwrap();
    (base, decomposed)
}

fn subject(base: &Base, name: &str) -> Subject {
    let size = base.picture_size();
    let pictures = (0..2).map(|index| {
        let path = format!(
            "{}/static/subjects/{name}/{index}.png",
            env!("CARGO_MANIFEST_DIR")
        );
        let picture = picture::decode(&std::fs::read(path).unwrap()).unwrap();
        picture.square(0.5, size as u32).to_model()
    });
    Subject::new(pictures.collect(), size).unwrap()
}

/// Everything that a checkpoint has to keep: collages, an average, the text encoder.
fn settings() -> TrainSettings {
    TrainSettings {
        subjects: vec![Words::new("sks", "robot"), Words::new("olis", "cat")],
        steps: 6,
        prior_images: 2,
        collages: 3,
        unmix_weight: 0.1,
        text_encoder: true,
        timesteps: TimestepSampling::Stratified,
        schedule: RateSchedule::Cosine,
        ema_decay: 0.9,
        flip: true,
        seed: 7,
        ..TrainSettings::default()
    }
}

async fn steps(trainer: &mut Trainer, count: usize) -> Result<()> {
    for _ in 0..count {
        trainer.step().await?;
    }
    Ok(())
}

#[test]
fn a_resumed_run_is_bit_equal_to_one_that_never_stopped() {
    pollster::block_on(async {
        let (base, decomposed) = base().await;
        let subjects = [subject(&base, "robot"), subject(&base, "cat")];
        let mut on_prior = async |_, _| ControlFlow::Continue(());
        let mut whole = Trainer::new(&base, &decomposed, &subjects, settings(), &mut on_prior)
            .await
            .unwrap();
        steps(&mut whole, 3).await.unwrap();
        let blob = whole.checkpoint().await.unwrap().to_bytes().unwrap();
        steps(&mut whole, 3).await.unwrap();
        assert!(whole.is_done());

        let read = Checkpoint::from_bytes(&blob).unwrap();
        let mut resumed = Trainer::resume(&base, &decomposed, read.clone()).unwrap();
        assert_eq!(resumed.step_count(), 3);
        steps(&mut resumed, 3).await.unwrap();

        let [a, b] = [
            whole.checkpoint().await.unwrap(),
            resumed.checkpoint().await.unwrap(),
        ];
        assert_ne!(a.delta, read.delta, "the second half changed something");
        assert_eq!(a.losses.len(), 6);
        assert!(
            a.to_bytes().unwrap() == b.to_bytes().unwrap(),
            "equal to the last bit"
        );

        let mut foreign = read;
        foreign.base_hash = "0".repeat(64);
        let refused = Trainer::resume(&base, &decomposed, foreign)
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(refused, Error::Checkpoint(_)), "{refused}");
    });
}
