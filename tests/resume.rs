//! Going on from a checkpoint is the same as never having stopped, and so is going on without the
//! base (on the CPU, bit for bit).

#![cfg(feature = "tensor")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ops::ControlFlow;

use burn::tensor::Device;
use deltabooth::config::{LrScheduler, TimestepSampling};
use deltabooth::generate::GenerateConfig;
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture;
use deltabooth::spectral::DecomposedBaseModel;
use deltabooth::train::{
    Checkpoint, Onlooker, Prepared, Subject, SubjectWords, TrainConfig, Trainer,
};
use deltabooth::weights::Files;
use deltabooth::{Error, error::Result};

async fn base() -> (BaseModel, DecomposedBaseModel) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/base");
    let files = Files::Folder(folder.into());
    let base = BaseModel::load(&files, &Device::flex(), &mut |_| {})
        .await
        .unwrap();
    let decomposed = DecomposedBaseModel::new(&base, true, async |_, _| Ok(()));
    let decomposed = decomposed.await.unwrap();
    (base, decomposed)
}

fn subject(base: &BaseModel, name: &str) -> Subject {
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
fn settings() -> TrainConfig {
    TrainConfig {
        subjects: vec![
            SubjectWords::new("sks", "robot"),
            SubjectWords::new("olis", "cat"),
        ],
        max_train_steps: 6,
        num_class_images: 2,
        num_collages: 3,
        unmix_loss_weight: 0.1,
        train_text_encoder: true,
        timestep_sampling: TimestepSampling::Stratified,
        lr_scheduler: LrScheduler::Cosine,
        ema_decay: 0.9,
        random_flip: true,
        seed: 7,
        ..TrainConfig::default()
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

#[test]
fn a_run_whose_base_was_let_go_of_learns_the_same_to_the_last_bit() {
    pollster::block_on(async {
        let (base, decomposed) = base().await;
        let subjects = [subject(&base, "robot"), subject(&base, "cat")];
        let mut on_prior = async |_, _| ControlFlow::Continue(());
        let mut whole = Trainer::new(&base, &decomposed, &subjects, settings(), &mut on_prior)
            .await
            .unwrap();
        let prepared = Prepared::new(&base, &subjects, settings(), &mut on_prior);
        let prepared = prepared.await.unwrap();
        let prompt = "photo of sks robot";
        let onlooker = Onlooker::new(&base, prompt).unwrap();
        let mut alone = Trainer::begin(prepared, &base, &decomposed).unwrap();
        steps(&mut whole, 3).await.unwrap();
        let request = GenerateConfig {
            prompt: prompt.to_owned(),
            num_inference_steps: 4,
            guidance_scale: 4.0,
            ..GenerateConfig::default()
        };
        let shown = whole.preview(&base, &decomposed, &request, &mut on_prior);
        let shown = shown.await.unwrap();
        drop((base, decomposed));
        steps(&mut alone, 3).await.unwrap();
        let [a, b] = [
            whole.checkpoint().await.unwrap(),
            alone.checkpoint().await.unwrap(),
        ];
        assert!(a.delta.iter().any(|delta| *delta != 0.0), "it learned");
        assert!(
            a.to_bytes().unwrap() == b.to_bytes().unwrap(),
            "equal to the last bit"
        );

        // The same picture but for rounding: through factors here, through a built weight there.
        let seen = alone.preview_alone(&onlooker, &request, &mut on_prior);
        let seen = seen.await.unwrap();
        let pairs = shown.images.iter().zip(&seen.images);
        let largest = pairs.fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        println!("previews differ by {largest:.1e} at most");
        assert_eq!(shown.images.len(), seen.images.len());
        assert!(largest < 1e-3, "{largest}");
    });
}
