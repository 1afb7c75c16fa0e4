//! Whole sampling runs against diffusers (fixtures of ddim.py).

use core::ops::ControlFlow;

use burn::tensor::{Device, Tensor};
use deltabooth::generate::denoise;
use deltabooth::model::config::{SchedulerConfig, UNetConfig};
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::sampler::{Ddim, Ddpm, NoiseSchedule, Sampler, SamplerKind};
use serde_json::Value;

use crate::tensors::{Fixture, relative};

fn json(fixture: &Fixture, key: &str) -> Value {
    serde_json::from_str(&fixture.header.metadata[key]).unwrap()
}

fn schedule(config: &Value) -> NoiseSchedule {
    NoiseSchedule::new(&SchedulerConfig::parse(config.to_string().as_bytes()).unwrap()).unwrap()
}

/// The model of two lines in ddim.py.
fn toy(sample: Tensor<4>, timestep: usize) -> Tensor<4> {
    let width = sample.dims()[3];
    let rolled = Tensor::cat(
        vec![
            sample.clone().narrow(3, width - 1, 1),
            sample.clone().narrow(3, 0, width - 1),
        ],
        3,
    );
    rolled * 0.7 + sample.clamp(-1.0, 1.0) * 0.2 - 0.0003 * timestep as f64
}

#[test]
fn runs_around_a_toy_model_are_those_of_diffusers() {
    let Some(file) = crate::fixture("ddim/toy.safetensors") else {
        return;
    };
    let fixture = Fixture::open(&file);
    assert!(fixture.header.metadata.len() >= 11);
    let device = Device::flex();
    for name in fixture.header.metadata.keys() {
        let run = json(&fixture, name);
        let steps = run["steps"].as_u64().unwrap() as usize;
        let eta = run["eta"].as_f64().unwrap();
        let schedule = schedule(&run["config"]);
        let noise = |index: usize| {
            fixture
                .tensor::<5>(&format!("{name}.noise"), &device)
                .narrow(0, index, 1)
                .squeeze_dim(0)
        };
        let mut sample = fixture.tensor::<4>(&format!("{name}.start"), &device);
        if run["method"] == "ddim" {
            let ddim = Ddim::new(schedule, steps).unwrap();
            for (index, &timestep) in ddim.timesteps().iter().enumerate() {
                let variance_noise = (eta > 0.0).then(|| noise(index));
                sample = ddim.step(
                    toy(sample.clone(), timestep),
                    timestep,
                    sample,
                    eta,
                    variance_noise,
                );
            }
        } else {
            let ddpm = Ddpm::new(schedule, steps).unwrap();
            for (index, &timestep) in ddpm.timesteps().iter().enumerate() {
                sample = ddpm.step(toy(sample.clone(), timestep), index, sample, noise(index));
            }
        }
        let error = relative(sample, fixture.tensor(&format!("{name}.end"), &device));
        println!("{name}: {error:e}");
        assert!(error <= 1e-5, "{name}: relative L2 {error:e}");
    }
}

#[test]
fn a_guided_25_step_run_of_a_unet_is_that_of_diffusers() {
    let Some(file) = crate::fixture("ddim/unet.safetensors") else {
        return;
    };
    let fixture = Fixture::open(&file);
    let part = |name: &str| crate::fixture(&format!("unet_sd1/{name}")).unwrap();
    let config = UNetConfig::parse(&std::fs::read(part("config.json")).unwrap()).unwrap();
    let device = Device::flex();
    let mut weights =
        Fixture::open(&part("diffusion_pytorch_model.safetensors")).weights(&device, str::to_owned);
    let unet = UNet2DConditionModel::load(&config, &mut weights).unwrap();
    weights.finish().unwrap();

    let schedule = schedule(&json(&fixture, "config"));
    let mut ddim = Sampler::new(SamplerKind::Ddim, schedule, 25, 0.0).unwrap();
    let hidden_states: Tensor<3> = fixture.tensor("hidden_states", &device);
    let predict = |sample: Tensor<4>, timestep: f32| {
        let timesteps = Tensor::full([2], timestep, &device);
        let both = unet.forward(
            Tensor::cat(vec![sample.clone(), sample], 0),
            timesteps,
            hidden_states.clone(),
        );
        let (without, with) = (both.clone().narrow(0, 0, 1), both.narrow(0, 1, 1));
        without.clone() + (with - without) * 7.5
    };
    let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
    let start = fixture.tensor("start", &device);
    let end = pollster::block_on(denoise(&mut ddim, start, &mut [], predict, &mut go_on)).unwrap();
    let error = relative(end, fixture.tensor("end", &device));
    println!("25 guided steps of a UNet: {error:e}");
    assert!(error <= 1e-3, "relative L2 {error:e}");
}
