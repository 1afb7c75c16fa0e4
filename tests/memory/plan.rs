//! The plan against what is really held.

use core::ops::ControlFlow;

use burn::tensor::{Device, Tensor};
use deltabooth::model::config::{ClipTextConfig, UNetConfig, VaeConfig};
use deltabooth::plan::{
    Configs, Job, Kernels, LEVEL_2_CACHE, Phase, Stored, Strategy, Task, phases,
};
use deltabooth::spectral::DecomposedBaseModel;
use deltabooth::spectral::shift::NormShift;
use deltabooth::spectral::shift::preset::LayerPreset;
use deltabooth::train::loss::gradient::differentiate;
use deltabooth::train::loss::recompute::Recompute;
use deltabooth::train::loss::{Batch, LossWeights, Text};
use deltabooth::train::{Subject, SubjectWords, TrainConfig, Trainer};

use super::{counting, models};

const TRAINING: Task = Task::Train {
    samples: 1,
    preset: LayerPreset::All,
    text_encoder: false,
};

fn root() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap()
}

/// The embedded base's text encoder and autoencoder around `unet`.
fn configs(unet: &UNetConfig) -> Configs {
    Configs {
        unet: unet.clone(),
        text_encoder: ClipTextConfig::parse(&read("static/base/text_encoder/config.json")).unwrap(),
        vae: VaeConfig::parse(&read("static/base/vae/config.json")).unwrap(),
    }
}

fn phase(
    configs: &Configs,
    (task, stored): (Task, Stored),
    pixels: usize,
    strategy: Strategy,
    name: &str,
) -> Phase {
    let job = Job {
        task,
        pixels,
        kernels: Kernels::Custom,
        weights: stored,
        factors: stored,
    };
    let phases = phases(configs, &job, pixels, strategy);
    phases.into_iter().find(|phase| phase.name == name).unwrap()
}

/// Bytes of those of the phase's items.
fn bytes(phase: &Phase, names: &[&str]) -> usize {
    let items = phase.items.iter().filter(|item| names.contains(&item.name));
    items.map(|item| item.bytes as usize).sum()
}

/// What `f` holds at its worst on one thread that has no scratch space yet.
fn cold<T: Send>(f: impl FnOnce() -> T + Send) -> usize {
    // The pool is the thread itself, whose scratch space is gone when it has been joined.
    let alone = || {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1);
        let one = one.use_current_thread().build().unwrap();
        one.install(f);
    };
    counting::peak(|| std::thread::scope(|scope| scope.spawn(alone).join().unwrap())).0
}

/// A pass's bytes by the plan, with what the library for products of matrices keeps for this
/// machine's cache in the place of [`LEVEL_2_CACHE`].
fn on_this_machine(planned: usize) -> usize {
    let size = size_of::<f32>();
    let [left, right] = [[64, 64], [64, 1024]].map(|of| Tensor::<2>::ones(of, &Device::flex()));
    let kept = cold(|| left.matmul(right)) - 64 * 1024 * size;
    println!("products keep {:.1} MB here", kept as f64 / 1e6);
    planned - LEVEL_2_CACHE as usize * size + kept
}

fn hold(what: &str, planned: usize, measured: usize) {
    let ratio = planned as f64 / measured as f64;
    let [planned, measured] = [planned, measured].map(|bytes| bytes as f64 / 1e6);
    println!("{what}: {planned:.1} MB planned, {measured:.1} MB measured, {ratio:.3}");
    assert!((0.9..=1.1).contains(&ratio), "{what}: {ratio:.3}");
}

#[test]
fn a_training_steps_peak_is_within_a_tenth_of_the_plan() {
    counting::alone(|| {
        let embedded = read("static/base/unet/config.json");
        let distilled = read("tests/memory/distilled.json");
        for (name, json, side, stored) in [
            ("embedded base", &embedded[..], 32, Stored::F32),
            ("embedded base", &embedded[..], 32, Stored::F16),
            ("middle-sized", models::MIDDLE, 32, Stored::F32),
            ("middle-sized", models::MIDDLE, 32, Stored::F16),
            ("middle-sized", models::MIDDLE, 40, Stored::F32),
            ("without a middle", &distilled[..], 32, Stored::F32),
            ("without a middle", &distilled[..], 32, Stored::F16),
        ] {
            let config = models::config(json);
            let configs = configs(&config);
            let unet = models::stored(models::unet(&config), stored);
            let model = models::tunable(&unet, NormShift::FullLength);
            let (delta, schedule) = (models::delta(&model), models::schedule());
            let tokens = configs.text_encoder.max_position_embeddings;
            let text = [1, tokens, config.cross_attention_dim[0]];
            let batch = Batch {
                text: Text::Embeddings(Tensor::ones(text, &Device::flex())),
                ..models::batch(&config, 1, 1, side)
            };
            let weights = LossWeights {
                prior: 1.0,
                unmix: 0.0,
                min_snr_gamma: 0.0,
            };
            for recompute in [Recompute::None, Recompute::Blocks] {
                let measured = cold(|| {
                    let batch = batch.clone();
                    differentiate(&model, &delta, &schedule, batch, weights, recompute).unwrap()
                });
                let strategy = Strategy {
                    recompute,
                    ..Strategy::default()
                };
                let pixels = side * configs.vae.scale();
                let phase = phase(&configs, (TRAINING, stored), pixels, strategy, "training");
                let names = ["kept for the backward pass", "held for a moment"];
                let what = format!("{name}, {stored:?}, {side} × {side} latents, {recompute:?}");
                hold(&what, on_this_machine(bytes(&phase, &names)), measured);
            }
        }
    });
}

#[test]
fn a_pass_without_gradients_is_within_a_tenth_of_the_plan() {
    counting::alone(|| {
        let task = Task::Generate { delta: None };
        for (side, stored) in [
            (32, Stored::F32),
            (40, Stored::F32),
            (32, Stored::F16),
            (40, Stored::F16),
        ] {
            let config = models::config(models::MIDDLE);
            let configs = configs(&config);
            let unet = models::stored(models::unet(&config), stored);
            let batch = models::batch(&config, 2, 2, side);
            let Text::Embeddings(text) = batch.text else {
                panic!("captions are embedded")
            };
            let times = Tensor::from_floats([10.0, 500.0], &Device::flex());
            let measured = cold(|| unet.forward(batch.latents, times, text));
            let pixels = side * configs.vae.scale();
            let phase = phase(
                &configs,
                (task, stored),
                pixels,
                Strategy::default(),
                "denoising",
            );
            let what = format!("a pass at {side} × {side}, {stored:?}");
            let planned = bytes(&phase, &["the UNet at work"]);
            hold(&what, on_this_machine(planned), measured);
        }
    });
}

#[test]
fn a_pictures_way_through_the_autoencoder_is_within_a_tenth_of_the_plan() {
    counting::alone(|| {
        let mut base = models::embedded_base();
        let configs = configs(&models::config(&read("static/base/unet/config.json")));
        let task = Task::Generate { delta: None };
        for (pixels, tile) in [(256, None), (512, None), (512, Some(256))] {
            base.vae.set_tiling(tile).unwrap();
            let side = pixels / configs.vae.scale();
            let latents = Tensor::zeros([1, 4, side, side], &Device::flex());
            let measured = cold(|| base.vae.decode(latents));
            let strategy = Strategy {
                tile,
                ..Strategy::default()
            };
            let phase = phase(&configs, (task, Stored::F32), pixels, strategy, "decoding");
            let what = format!("a picture of {pixels} px, tiles {tile:?}");
            hold(&what, bytes(&phase, &["the autoencoder at work"]), measured);
        }
    });
}

#[test]
fn the_weights_are_counted_exactly() {
    counting::alone(|| {
        for stored in [Stored::F32, Stored::F16] {
            let before = counting::held();
            let base = models::embedded_base_stored(stored);
            let measured = counting::held().saturating_sub(before);
            drop(base);
            let configs = configs(&models::config(&read("static/base/unet/config.json")));
            let job = (Task::Generate { delta: None }, stored);
            let phase = phase(&configs, job, 64, Strategy::default(), "denoising");
            let planned = bytes(&phase, &["UNet", "text encoder", "autoencoder"]);
            let what = format!("the embedded base's weights, {stored:?}");
            hold(&what, planned, measured);
        }
    });
}

#[test]
fn a_trainer_goes_on_without_its_base_in_the_memory_that_is_planned() {
    counting::alone(|| {
        let base = models::embedded_base();
        let decomposed = DecomposedBaseModel::new(&base, false, async |_, _| Ok(()));
        let decomposed = pollster::block_on(decomposed).unwrap();
        let size = base.picture_size();
        let pictures = vec![vec![0.1; 3 * size * size]];
        let subject = Subject::new(pictures, size).unwrap();
        let settings = TrainConfig {
            subjects: vec![SubjectWords::new("sks", "robot")],
            prior_loss_weight: 0.0,
            ..TrainConfig::default()
        };
        let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
        let subjects = [subject];
        let trainer = Trainer::new(&base, &decomposed, &subjects, settings, &mut go_on);
        let mut trainer = pollster::block_on(trainer).unwrap();

        let configs = configs(&models::config(&read("static/base/unet/config.json")));
        let [kept, dropped] = [false, true].map(|offload| {
            let strategy = Strategy {
                offload,
                ..Strategy::default()
            };
            phase(
                &configs,
                (TRAINING, Stored::F32),
                size,
                strategy,
                "training",
            )
            .total() as usize
        });
        let before = counting::held();
        drop((base, decomposed));
        let freed = before.saturating_sub(counting::held());
        hold("what is let go of", kept - dropped, freed);
        pollster::block_on(trainer.step()).unwrap();
    });
}
