//! Native times with the embedded base model.
//!
//! `cargo bench --bench marks`
#![expect(clippy::unwrap_used, reason = "a benchmark may fail by panicking")]

mod table;

use core::ops::ControlFlow;
use core::slice;
use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use deltabooth::generate::{GenerateConfig, generate};
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture;
use deltabooth::spectral::DecomposedBaseModel;
use deltabooth::train::{Recompute, Subject, SubjectWords, TrainConfig, Trainer};
use deltabooth::weights::Files;
use table::row;

fn main() {
    deltabooth::memory::keep_freed();
    pollster::block_on(measure());
}

async fn measure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = Files::Folder(root.join("static/base"));
    let base = BaseModel::load(&files, &Device::flex(), &mut |_| {})
        .await
        .unwrap();
    let start = Instant::now();
    let decomposed = DecomposedBaseModel::new(&base, false, async |_, _| Ok(()))
        .await
        .unwrap();
    row("decomposition, native", seconds(start), "");

    let subject = |name: &str| sample(root, name, base.picture_size());
    collages(&base, &decomposed, [subject("dog"), subject("cat")]).await;
    let subject = subject("robot");
    recomputation(&base, &decomposed, &subject).await;
    training(&base, &decomposed, &subject).await;
    picture(&base).await;
}

/// The four pictures of a sample subject.
fn sample(root: &Path, name: &str, side: usize) -> Subject {
    let pictures = (0..4).map(|index| {
        let file = root.join(format!("static/subjects/{name}/{index}.png"));
        let picture = picture::decode(&std::fs::read(file).unwrap()).unwrap();
        picture.square(0.5, side as u32).to_model()
    });
    Subject::new(pictures.collect(), side).unwrap()
}

/// Training with the default settings, and the size of the delta.
async fn training(base: &BaseModel, decomposed: &DecomposedBaseModel, subject: &Subject) {
    let mut trainer = trainer(base, decomposed, slice::from_ref(subject), one_subject()).await;
    let mut steps = Vec::new();
    for _ in 0..23 {
        timed_step(&mut trainer, &mut steps).await;
    }
    row(
        "training step, native CPU",
        format!("{:.0} ms", median(&mut steps[3..])),
        "≤ half of the PyTorch step",
    );
    let delta = trainer.finish("2026-01-01").await.unwrap();
    row(
        "delta of the embedded base",
        format!("{:.1} KB", delta.to_bytes().unwrap().len() as f64 / 1e3),
        "≤ 100 KB",
    );
}

/// One picture with the default sampler.
async fn picture(base: &BaseModel) {
    let settings = GenerateConfig {
        prompt: "photo of a dog on grass".into(),
        guidance_scale: 4.0,
        ..Default::default()
    };
    let mut go_on = async |_, _| ControlFlow::Continue(());
    let start = Instant::now();
    generate(base, &base.unet, &settings, None, &mut go_on)
        .await
        .unwrap();
    row("picture, 25 steps, native CPU", seconds(start), "");
}

/// A step that recomputes the UNet's blocks to save memory, against a plain one of the same batch,
/// alternating.
async fn recomputation(base: &BaseModel, decomposed: &DecomposedBaseModel, subject: &Subject) {
    let mut trainers = Vec::new();
    for recompute in [Recompute::None, Recompute::Blocks] {
        let subjects = slice::from_ref(subject);
        let mut trainer = trainer(base, decomposed, subjects, one_subject()).await;
        trainer.recompute(recompute);
        trainers.push(trainer);
    }
    let [plain, blocks] = alternating(trainers.try_into().ok().unwrap()).await;
    row(
        "training step with recomputation, against plain",
        format!("{blocks:.0} ms / {plain:.0} ms = {:.2}", blocks / plain),
        "≤ 1.4",
    );
}

/// A step with a collage and the unmix loss, against a plain one of the same batch, alternating.
async fn collages(base: &BaseModel, decomposed: &DecomposedBaseModel, subjects: [Subject; 2]) {
    let mut trainers = Vec::new();
    for (mix_probability, unmix_loss_weight) in [(0.0, 0.0), (1.0, 0.0), (1.0, 0.01)] {
        let settings = TrainConfig {
            subjects: vec![
                SubjectWords::new("sks", "dog"),
                SubjectWords::new("olis", "cat"),
            ],
            num_class_images: 4,
            num_collages: 8,
            mix_probability,
            unmix_loss_weight,
            ..TrainConfig::default()
        };
        trainers.push(trainer(base, decomposed, &subjects, settings).await);
    }
    let [plain, mixed, unmixed] = alternating(trainers.try_into().ok().unwrap()).await;
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

/// The default settings for one subject.
fn one_subject() -> TrainConfig {
    TrainConfig {
        subjects: vec![SubjectWords::new("sks", "robot")],
        num_class_images: 4,
        ..TrainConfig::default()
    }
}

async fn trainer(
    base: &BaseModel,
    decomposed: &DecomposedBaseModel,
    subjects: &[Subject],
    settings: TrainConfig,
) -> Trainer {
    let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
    Trainer::new(base, decomposed, subjects, settings, &mut go_on)
        .await
        .unwrap()
}

/// The median milliseconds of a step of each trainer, after three to warm up.
async fn alternating<const N: usize>(mut trainers: [Trainer; N]) -> [f64; N] {
    let mut steps = [const { Vec::new() }; N];
    for _ in 0..40 {
        for (trainer, steps) in trainers.iter_mut().zip(&mut steps) {
            timed_step(trainer, steps).await;
        }
    }
    steps.map(|mut steps| median(&mut steps[3..]))
}

/// Makes a step and adds its milliseconds.
async fn timed_step(trainer: &mut Trainer, steps: &mut Vec<f64>) {
    let start = Instant::now();
    trainer.step().await.unwrap();
    steps.push(start.elapsed().as_secs_f64() * 1e3);
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn seconds(since: Instant) -> String {
    format!("{:.2} s", since.elapsed().as_secs_f64())
}
