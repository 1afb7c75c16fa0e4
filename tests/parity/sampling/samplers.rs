//! Whole runs of the other samplers against diffusers (fixtures of samplers.py).

use std::path::Path;

use burn::tensor::{Device, Tensor};
use deltabooth::model::config::{SchedulerConfig, UNetConfig};
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::sampler::{DdimInverse, NoiseSchedule, Sampler, SamplerKind};
use serde_json::Value;

use crate::tensors::{Fixture, relative};

/// Method, schedule and steps of a run, as the fixture's metadata describes it.
fn settings(fixture: &Fixture, name: &str) -> (Value, NoiseSchedule, usize) {
    let run: Value = serde_json::from_str(&fixture.header.metadata[name]).unwrap();
    let config = SchedulerConfig::parse(run["config"].to_string().as_bytes()).unwrap();
    let steps = run["steps"].as_u64().unwrap() as usize;
    (
        run["method"].clone(),
        NoiseSchedule::new(&config).unwrap(),
        steps,
    )
}

/// ‖ours − theirs‖ / ‖theirs‖ at the end of the run `name` from `start`.
fn run(
    fixture: &Fixture,
    name: &str,
    start: Tensor<4>,
    predict: impl Fn(Tensor<4>, f32) -> Tensor<4>,
) -> f64 {
    let device = start.device();
    let (method, schedule, steps) = settings(fixture, name);
    let kind: SamplerKind = serde_json::from_value(method).unwrap();
    let mut sampler = Sampler::new(kind, schedule, steps, 0.0).unwrap();
    let timesteps = fixture.values(&format!("{name}.timesteps"));
    assert_eq!(sampler.timesteps(), timesteps, "{name}");
    let mut sample = start * sampler.init_noise_sigma();
    for (index, timestep) in timesteps.into_iter().enumerate() {
        let output = predict(sampler.scale_model_input(sample.clone(), index), timestep);
        let noise = sampler.needs_noise(index).then(|| {
            let all: Tensor<5> = fixture.tensor(&format!("{name}.noise"), &device);
            all.narrow(0, index, 1).squeeze_dim(0)
        });
        sample = sampler.step(output, index, sample, noise);
    }
    let error = relative(sample, fixture.tensor(&format!("{name}.end"), &device));
    println!("{name}: {error:.1e}");
    error
}

/// The model of two lines in samplers.py.
fn toy(sample: Tensor<4>, timestep: f32) -> Tensor<4> {
    let width = sample.dims()[3];
    let rolled = Tensor::cat(
        vec![
            sample.clone().narrow(3, width - 1, 1),
            sample.clone().narrow(3, 0, width - 1),
        ],
        3,
    );
    rolled * 0.7 + sample.clamp(-1.0, 1.0) * 0.2 - 0.0003 * f64::from(timestep)
}

#[test]
fn runs_around_a_toy_model_are_those_of_diffusers() {
    let Some(file) = crate::fixture("samplers/toy.safetensors") else {
        return;
    };
    let fixture = Fixture::open(&file);
    assert!(fixture.header.metadata.len() >= 43);
    for name in fixture.header.metadata.keys() {
        let start = fixture.tensor(&format!("{name}.start"), &Device::flex());
        let error = run(&fixture, name, start, toy);
        assert!(error <= 1e-5, "{name}: relative L2 {error:e}");
    }
}

#[test]
fn inversions_around_a_toy_model_are_those_of_diffusers() {
    let Some(file) = crate::fixture("samplers/inverse.safetensors") else {
        return;
    };
    let fixture = Fixture::open(&file);
    assert!(fixture.header.metadata.len() >= 5);
    let device = Device::flex();
    for name in fixture.header.metadata.keys() {
        let (_, schedule, steps) = settings(&fixture, name);
        let inverse = DdimInverse::new(schedule, steps).unwrap();
        let timesteps: Vec<f32> = inverse.timesteps().iter().map(|&t| t as f32).collect();
        assert_eq!(timesteps, fixture.values(&format!("{name}.timesteps")));
        let mut sample: Tensor<4> = fixture.tensor(&format!("{name}.start"), &device);
        for &timestep in inverse.timesteps() {
            let output = toy(sample.clone(), timestep as f32);
            sample = inverse.step(output, timestep, sample);
        }
        let error = relative(sample, fixture.tensor(&format!("{name}.end"), &device));
        println!("{name}: {error:.1e}");
        assert!(error <= 1e-5, "{name}: relative L2 {error:e}");
    }
}

fn unet(config: &Path, weights: &Path) -> UNet2DConditionModel {
    let config = UNetConfig::parse(&std::fs::read(config).unwrap()).unwrap();
    let mut weights = Fixture::open(weights).weights(&Device::flex(), str::to_owned);
    let unet = UNet2DConditionModel::load(&config, &mut weights).unwrap();
    weights.finish().unwrap();
    unet
}

#[test]
fn guided_runs_of_a_unet_are_those_of_diffusers() {
    let Some(file) = crate::fixture("samplers/unet.safetensors") else {
        return;
    };
    let fixture = Fixture::open(&file);
    let device = Device::flex();
    let part = |name: &str| crate::fixture(&format!("unet_sd1/{name}")).unwrap();
    let unet = unet(
        &part("config.json"),
        &part("diffusion_pytorch_model.safetensors"),
    );
    let hidden_states: Tensor<3> = fixture.tensor("hidden_states", &device);
    let predict = |sample: Tensor<4>, timestep: f32| {
        let both = unet.forward(
            Tensor::cat(vec![sample.clone(), sample], 0),
            Tensor::full([2], timestep, &device),
            hidden_states.clone(),
        );
        let (without, with) = (both.clone().narrow(0, 0, 1), both.narrow(0, 1, 1));
        without.clone() + (with - without) * 4.0
    };
    assert_eq!(fixture.header.metadata.len(), 4);
    for method in fixture.header.metadata.keys() {
        let error = run(&fixture, method, fixture.tensor("start", &device), predict);
        assert!(error <= 1e-3, "{method}: relative L2 {error:e}");
    }
}
