//! Per-block recomputation: the same gradients in less memory.

use burn::tensor::{Int, Tensor};
use deltabooth::spectral::DecomposedBaseModel;
use deltabooth::spectral::shift::NormShift;
use deltabooth::train::loss::gradient::{Differentiated, differentiate};
use deltabooth::train::loss::recompute::Recompute;
use deltabooth::train::loss::{Batch, LossWeights, Text};
use deltabooth::train::trainable_models::Tunable;
use deltabooth::train::{SubjectWords, TrainConfig};

use super::{counting, models};

const WEIGHTS: LossWeights = LossWeights {
    prior: 0.7,
    unmix: 0.5,
    min_snr_gamma: 5.0,
};

fn differentiated(model: &Tunable, batch: &Batch, recompute: Recompute) -> Differentiated {
    let (delta, schedule) = (models::delta(model), models::schedule());
    differentiate(model, &delta, &schedule, batch.clone(), WEIGHTS, recompute).unwrap()
}

fn values(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// ‖a − b‖ / ‖b‖.
fn relative(a: Tensor<1>, b: Tensor<1>) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let (a, b) = (values(a), values(b));
    let error: f64 = a.iter().zip(&b).map(|(a, b)| square(a - b)).sum();
    let size: f64 = b.iter().map(|b| square(*b)).sum();
    assert!(size > 0.0);
    (error / size).sqrt()
}

fn compare(model: &Tunable, batch: &Batch, what: &str) {
    let [plain, blocks] =
        [Recompute::None, Recompute::Blocks].map(|of| differentiated(model, batch, of));
    for (part, a, b) in [
        ("total", blocks.total, plain.total),
        ("subject", blocks.subject, plain.subject),
    ] {
        assert!(relative(a, b) <= 1e-6, "{part} of {what}");
    }
    assert_eq!(values(blocks.unmix), values(plain.unmix), "{what}");
    let error = relative(blocks.gradient, plain.gradient);
    println!("{what}: {error:.1e}");
    assert!(error <= 1e-5, "{what}: {error:e}");
}

#[test]
fn gradients_are_the_same_on_models_of_every_kind() {
    counting::alone(|| {
        for name in ["unet_sd1", "unet_sd2", "unet_bk", "unet_lcm"] {
            let file = format!("tests/fixtures/{name}/config.json");
            let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let config = models::config(&std::fs::read(file).unwrap());
            let unet = models::unet(&config);
            for norms in [NormShift::FullLength, NormShift::Scalar] {
                let model = models::tunable(&unet, norms);
                // Subject and class apart, subjects alone, sides that are odd on the way down.
                for (count, subjects, side) in [(2, 1, 8), (3, 3, 8), (2, 2, 10)] {
                    let mut batch = models::batch(&config, count, subjects, side);
                    compare(&model, &batch, &format!("{name}, {norms:?}, {side}"));
                    batch.regions[0] = Some(models::regions());
                    compare(&model, &batch, &format!("{name}, {norms:?}, collage"));
                }
            }
        }
    });
}

#[test]
fn a_trained_text_encoder_gets_the_same_gradients() {
    counting::alone(|| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let base = models::embedded_base();
        let decomposed = DecomposedBaseModel::new(&base, true, async |_, _| Ok(()));
        let decomposed = pollster::block_on(decomposed).unwrap();
        let settings = TrainConfig {
            subjects: vec![SubjectWords::new("sks", "robot")],
            train_text_encoder: true,
            ..TrainConfig::default()
        };
        let model = Tunable::new(&base, &decomposed, &settings).unwrap();
        let config =
            models::config(&std::fs::read(root.join("static/base/unet/config.json")).unwrap());
        let prompts = [
            "photo of a sks robot".to_owned(),
            "photo of a robot".to_owned(),
        ];
        let ids: Tensor<2, Int> = base.token_ids(&prompts);
        let batch = Batch {
            text: Text::Ids(ids),
            ..models::batch(&config, 2, 1, 8)
        };
        compare(&model, &batch, "the embedded base with its text encoder");
    });
}

#[test]
fn the_peak_falls_to_less_than_half() {
    counting::alone(|| {
        let config = models::config(models::MIDDLE);
        let model = models::tunable(&models::unet(&config), NormShift::FullLength);
        let batch = models::batch(&config, 1, 1, 32);
        let peak = |recompute| {
            differentiated(&model, &batch, recompute);
            counting::peak(|| differentiated(&model, &batch, recompute)).0
        };
        let (plain, blocks) = (peak(Recompute::None), peak(Recompute::Blocks));
        println!("peak {plain} bytes, with recomputation {blocks}");
        assert!(2 * blocks < plain, "{blocks} of {plain}");
    });
}
