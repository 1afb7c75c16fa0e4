//! Native times on the embedded base, one line each: what, measured, mark, separated by tabs.
//!
//! `cargo bench --profile dev --bench marks`
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say"
)]

use core::ops::ControlFlow;
use std::time::Instant;

use burn::tensor::Device;
use deltabooth::generate::{GenerateConfig, generate};
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture;
use deltabooth::spectral::DecomposedBaseModel;
use deltabooth::train::{Recompute, Subject, SubjectWords, TrainConfig, Trainer};
use deltabooth::weights::Files;

fn main() {
    deltabooth::memory::keep_freed();
    pollster::block_on(measure());
}

async fn measure() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let device = Device::flex();
    let base = BaseModel::load(
        &Files::Folder(root.join("static/base")),
        &device,
        &mut |_| {},
    )
    .await
    .unwrap();

    let start = Instant::now();
    let decomposed = DecomposedBaseModel::new(&base, false, async |_, _| Ok(()))
        .await
        .unwrap();
    row(
        "decomposition, native",
        format!("{:.2} s", start.elapsed().as_secs_f64()),
        "",
    );

    let subject = |name: &str| {
        let pictures = (0..4)
            .map(|i| {
                let file = root.join(format!("static/subjects/{name}/{i}.png"));
                picture::decode(&std::fs::read(file).unwrap())
                    .unwrap()
                    .square(0.5, base.picture_size() as u32)
                    .to_model()
            })
            .collect();
        Subject::new(pictures, base.picture_size()).unwrap()
    };
    collages(&base, &decomposed, [subject("dog"), subject("cat")]).await;
    let subject = subject("robot");
    recomputation(&base, &decomposed, &subject).await;
    let settings = TrainConfig {
        subjects: vec![SubjectWords::new("sks", "robot")],
        num_class_images: 4,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(
        &base,
        &decomposed,
        &[subject],
        settings,
        &mut async |_, _| ControlFlow::Continue(()),
    )
    .await
    .unwrap();
    let mut steps = Vec::new();
    for _ in 0..23 {
        let start = Instant::now();
        trainer.step().await.unwrap();
        steps.push(start.elapsed().as_secs_f64() * 1e3);
    }
    steps.drain(..3);
    row(
        "training step, native CPU",
        format!("{:.0} ms", median(&mut steps)),
        "≤ half of the PyTorch step",
    );

    let delta = trainer
        .finish("2026-01-01")
        .await
        .unwrap()
        .to_bytes()
        .unwrap();
    row(
        "delta of the embedded base",
        format!("{:.1} KB", delta.len() as f64 / 1e3),
        "≤ 100 KB",
    );

    let settings = GenerateConfig {
        prompt: "photo of a dog on grass".into(),
        guidance_scale: 4.0,
        ..Default::default()
    };
    let start = Instant::now();
    generate(&base, &base.unet, &settings, None, &mut async |_, _| {
        ControlFlow::Continue(())
    })
    .await
    .unwrap();
    row(
        "picture, 25 steps, native CPU",
        format!("{:.2} s", start.elapsed().as_secs_f64()),
        "",
    );
}

/// A step that computes the UNet's stages twice to save memory, against a plain one of the same
/// batch, in turn.
async fn recomputation(base: &BaseModel, decomposed: &DecomposedBaseModel, subject: &Subject) {
    let mut trainers = Vec::new();
    for recompute in [Recompute::None, Recompute::Blocks] {
        let settings = TrainConfig {
            subjects: vec![SubjectWords::new("sks", "robot")],
            num_class_images: 4,
            ..TrainConfig::default()
        };
        let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
        let subjects = core::slice::from_ref(subject);
        let trainer = Trainer::new(base, decomposed, subjects, settings, &mut go_on).await;
        let mut trainer = trainer.unwrap();
        trainer.recompute(recompute);
        trainers.push((trainer, Vec::new()));
    }
    for _ in 0..40 {
        for (trainer, steps) in &mut trainers {
            let start = Instant::now();
            trainer.step().await.unwrap();
            steps.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let [plain, blocks] = [0, 1].map(|of| median(&mut trainers[of].1[3..]));
    row(
        "training step with recomputation, against plain",
        format!("{blocks:.0} ms / {plain:.0} ms = {:.2}", blocks / plain),
        "≤ 1.4",
    );
}

/// A step that sees a collage and counts the unmix loss, against a plain one of the same batch, in
/// turn.
async fn collages(base: &BaseModel, decomposed: &DecomposedBaseModel, subjects: [Subject; 2]) {
    let settings = |mix_probability: f64, unmix_weight: f64| TrainConfig {
        subjects: vec![
            SubjectWords::new("sks", "dog"),
            SubjectWords::new("olis", "cat"),
        ],
        num_class_images: 4,
        num_collages: 8,
        mix_probability,
        unmix_loss_weight: unmix_weight,
        ..TrainConfig::default()
    };
    let mut trainers = Vec::new();
    for settings in [settings(0.0, 0.0), settings(1.0, 0.0), settings(1.0, 0.01)] {
        let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
        let trainer = Trainer::new(base, decomposed, &subjects, settings, &mut go_on).await;
        trainers.push((trainer.unwrap(), Vec::new()));
    }
    for _ in 0..40 {
        for (trainer, steps) in &mut trainers {
            let start = Instant::now();
            trainer.step().await.unwrap();
            steps.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let [plain, mixed, unmixed] = [0, 1, 2].map(|of| median(&mut trainers[of].1[3..]));
    for (what, time) in [
        ("with collages", mixed),
        ("with collages and unmix loss", unmixed),
    ] {
        row(
            &format!("training step {what}, against plain"),
            format!("{time:.0} ms / {plain:.0} ms = {:.2}", time / plain),
            "≤ 1.15",
        );
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn row(what: &str, value: String, mark: &str) {
    println!("{what}\t{value}\t{mark}");
}
