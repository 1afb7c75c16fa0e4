//! Training against plain PyTorch autograd on the SVDiff formula (fixtures of training.py).

use burn::tensor::{Device, Tensor, TensorData};
use deltabooth::model::config::{SchedulerConfig, UNetConfig};
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::sampler::NoiseSchedule;
use deltabooth::spectral::shift::NormShift;
use deltabooth::spectral::{DecomposedModel, ShiftedModel};
use deltabooth::train::loss::gradient::differentiate;
use deltabooth::train::loss::recompute::Recompute;
use deltabooth::train::loss::{Batch, LossWeights, Text};
use deltabooth::train::optimizer::{AdamW, AdamWConfig};
use deltabooth::train::trainable_models::Tunable;

use crate::tensors::Fixture;

/// All layers' `{name}.{path}` of the reference, in the order of the flat vector.
fn flat(reference: &Fixture, name: &str, unet: &ShiftedModel<UNet2DConditionModel>) -> Vec<f32> {
    let mut flat = Vec::new();
    for layer in unet.layout() {
        let values = reference.values(&format!("{name}.{}", layer.path));
        assert_eq!(values.len(), layer.range.len(), "{}", layer.path);
        flat.extend(values);
    }
    let names = reference.header.tensors.keys();
    let layers = names
        .filter(|key| key.starts_with(&format!("{name}.")))
        .count();
    assert_eq!(
        layers,
        unet.layout().len(),
        "every layer of the reference is trained"
    );
    flat
}

struct Case {
    unet: UNet2DConditionModel,
    spectral: DecomposedModel,
    schedule: NoiseSchedule,
    reference: Fixture,
    settings: serde_json::Value,
}

impl Case {
    fn open() -> Self {
        let file = |name: &str| {
            crate::fixture(&format!("training/{name}"))
                .expect("training.py was run for the fixtures")
        };
        let json = |name: &str| std::fs::read(file(name)).unwrap();
        let weights = Fixture::open(&file("unet/diffusion_pytorch_model.safetensors"));
        let mut weights = weights.weights(&Device::flex(), str::to_owned);
        let config = UNetConfig::parse(&json("unet/config.json")).unwrap();
        let unet = UNet2DConditionModel::load(&config, &mut weights).unwrap();
        weights.finish().unwrap();
        let spectral = DecomposedModel::decompose(&unet, "0", async |_, _| Ok(()));
        let scheduler = SchedulerConfig::parse(&json("scheduler/scheduler_config.json")).unwrap();
        Self {
            spectral: pollster::block_on(spectral).unwrap(),
            unet,
            schedule: NoiseSchedule::new(&scheduler).unwrap(),
            reference: Fixture::open(&file("reference.safetensors")),
            settings: serde_json::from_slice(&json("settings.json")).unwrap(),
        }
    }

    fn number(&self, name: &str) -> f64 {
        self.settings[name].as_f64().unwrap()
    }

    fn batch(&self, step: usize) -> Batch {
        let at = |name: &str| {
            self.reference
                .tensor::<5>(name, &Device::flex())
                .narrow(0, step, 1)
                .squeeze_dim(0)
        };
        let timesteps = &self.reference.values("timesteps")[2 * step..2 * step + 2];
        Batch {
            latents: at("latents"),
            noise: at("noise"),
            timesteps: timesteps.iter().map(|&t| t as usize).collect(),
            text: Text::Embeddings(self.reference.tensor("embeddings", &Device::flex())),
            subjects: 1,
            regions: vec![None],
        }
    }

    /// Loss and flat gradient at `delta`.
    fn gradient(
        &self,
        unet: &ShiftedModel<UNet2DConditionModel>,
        delta: &Tensor<1>,
        step: usize,
    ) -> (f32, Tensor<1>) {
        let weights = LossWeights {
            prior: self.number("prior_weight"),
            unmix: 0.0,
            min_snr_gamma: 0.0,
        };
        let model = Tunable::from(unet.clone());
        let found = differentiate(
            &model,
            delta,
            &self.schedule,
            self.batch(step),
            weights,
            Recompute::None,
        );
        let found = found.unwrap();
        (values(&found.total)[0], found.gradient)
    }
}

fn values(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.clone().into_data().try_to_vec().unwrap()
}

fn flat_tensor(values: Vec<f32>) -> Tensor<1> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), &Device::flex())
}

/// ‖found − expected‖ / ‖expected‖.
fn relative(found: &[f32], expected: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let error: f64 = found.iter().zip(expected).map(|(f, e)| square(f - e)).sum();
    let size: f64 = expected.iter().map(|&e| square(e)).sum();
    (error / size.max(f64::MIN_POSITIVE)).sqrt()
}

/// The layer that is furthest off, by path.
fn worst(
    unet: &ShiftedModel<UNet2DConditionModel>,
    found: &[f32],
    expected: &[f32],
) -> (f64, String) {
    let of = |layer: &deltabooth::spectral::LayerRange| {
        relative(&found[layer.range.clone()], &expected[layer.range.clone()])
    };
    let layers = unet
        .layout()
        .iter()
        .map(|layer| (of(layer), layer.path.clone()));
    layers.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

#[test]
fn the_gradient_of_every_shift_equals_autograds() {
    let case = Case::open();
    for (name, norms) in [
        ("full", NormShift::FullLength),
        ("scalar", NormShift::Scalar),
    ] {
        let unet = case.spectral.shifted_model(&case.unet, norms).unwrap();
        let delta = flat_tensor(flat(&case.reference, &format!("{name}.delta"), &unet));
        let (loss, gradient) = case.gradient(&unet, &delta, 0);
        let expected = case.reference.values(&format!("{name}.loss"))[0];
        assert!(
            relative(&[loss], &[expected]) <= 1e-4,
            "loss {loss}, PyTorch {expected}"
        );
        let expected = flat(&case.reference, &format!("{name}.gradient"), &unet);
        assert!(expected.contains(&0.0), "some shifts are closed by relu");
        let (error, path) = worst(&unet, &values(&gradient), &expected);
        println!("{name}: worst gradient {error:.2e} at {path}");
        assert!(error <= 1e-3, "{name}: {error:.2e} at {path}");
    }
}

#[test]
fn ten_steps_end_where_pytorchs_end() {
    let case = Case::open();
    let unet = case
        .spectral
        .shifted_model(&case.unet, NormShift::FullLength)
        .unwrap();
    let beta = |i: usize| case.settings["betas"][i].as_f64().unwrap();
    let config = AdamWConfig {
        betas: [beta(0), beta(1)],
        eps: case.number("eps"),
        weight_decay: case.number("weight_decay"),
        max_grad_norm: case.number("max_grad_norm"),
    };
    let rates = Tunable::from(unet.clone()).rates(
        case.number("learning_rate"),
        case.number("learning_rate_1d"),
    );
    let mut adamw = AdamW::new(config, &rates, &Device::flex());
    let mut delta = flat_tensor(vec![0.0; unet.len()]);
    let mut losses = Vec::new();
    for step in 0..10 {
        let (loss, gradient) = case.gradient(&unet, &delta, step);
        delta = adamw.update(delta, gradient, 1.0);
        losses.push(loss);
    }
    let expected = case.reference.values("losses");
    assert_eq!(expected.len(), 10);
    for (step, (loss, expected)) in losses.iter().zip(&expected).enumerate() {
        let error = relative(&[*loss], &[*expected]);
        assert!(error <= 1e-4, "step {step}: {loss}, PyTorch {expected}");
    }
    let expected = flat(&case.reference, "after", &unet);
    let (error, path) = worst(&unet, &values(&delta), &expected);
    let apart = relative(&losses, &case.reference.values("losses"));
    println!("losses {apart:.2e}, worst delta {error:.2e} at {path}");
    assert!(error <= 1e-3, "{error:.2e} at {path}");
}
