//! Whole sampling runs against diffusers (fixtures of ddim.py).

use burn::tensor::{Device, Tensor, TensorData};
use core::ops::ControlFlow;
use deltabooth::generate::denoise;
use deltabooth::model::config::{SchedulerConfig, UNetConfig};
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::sampler::{Ddim, Ddpm, NoiseSchedule};
use deltabooth::weights::Files;
use deltabooth::weights::hash::BaseHash;
use deltabooth::weights::safetensors::{Header, to_f32};
use serde_json::Value;

/// A small safetensors file in memory.
struct Fixture {
    header: Header,
    bytes: Vec<u8>,
}

impl Fixture {
    fn open(path: &std::path::Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
        Self { header, bytes }
    }

    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let info = &self.header.tensors[name];
        let at = |offset: u64| (self.header.data_start + offset) as usize;
        let values = to_f32(info.dtype, &self.bytes[at(info.start)..at(info.end)]).unwrap();
        Tensor::from_data(TensorData::new(values, info.shape.clone()), &Device::flex())
    }

    fn json(&self, key: &str) -> Value {
        serde_json::from_str(&self.header.metadata[key]).unwrap()
    }
}

fn schedule(config: &Value) -> NoiseSchedule {
    NoiseSchedule::new(&SchedulerConfig::parse(config.to_string().as_bytes()).unwrap()).unwrap()
}

/// ‖a − b‖ / ‖b‖.
fn relative(ours: Tensor<4>, theirs: Tensor<4>) -> f64 {
    let [ours, theirs] = [ours, theirs].map(|x| x.into_data().to_vec::<f32>().unwrap());
    assert_eq!(ours.len(), theirs.len());
    let square = |x: f64| x * x;
    let error: f64 = ours.iter().zip(&theirs).map(|(a, b)| square(f64::from(a - b))).sum();
    let norm: f64 = theirs.iter().map(|b| square(f64::from(*b))).sum();
    assert!(norm > 0.0 && error.is_finite());
    (error / norm).sqrt()
}

/// The model of two lines in ddim.py.
fn toy(sample: Tensor<4>, timestep: usize) -> Tensor<4> {
    let width = sample.dims()[3];
    let rolled = Tensor::cat(vec![sample.clone().narrow(3, width - 1, 1), sample.clone().narrow(3, 0, width - 1)], 3);
    rolled * 0.7 + sample.clamp(-1.0, 1.0) * 0.2 - 0.0003 * timestep as f64
}

#[test]
fn runs_around_a_toy_model_are_those_of_diffusers() {
    let Some(file) = super::fixture("ddim/toy.safetensors") else { return };
    let fixture = Fixture::open(&file);
    assert!(fixture.header.metadata.len() >= 11);
    for name in fixture.header.metadata.keys() {
        let run = fixture.json(name);
        let steps = run["steps"].as_u64().unwrap() as usize;
        let eta = run["eta"].as_f64().unwrap();
        let schedule = schedule(&run["config"]);
        let noise = |index: usize| fixture.tensor::<5>(&format!("{name}.noise")).narrow(0, index, 1).squeeze_dim(0);
        let mut sample = fixture.tensor::<4>(&format!("{name}.start"));
        if run["method"] == "ddim" {
            let ddim = Ddim::new(schedule, steps).unwrap();
            for (index, &timestep) in ddim.timesteps().iter().enumerate() {
                let variance_noise = (eta > 0.0).then(|| noise(index));
                sample = ddim.step(toy(sample.clone(), timestep), timestep, sample, eta, variance_noise);
            }
        } else {
            let ddpm = Ddpm::new(schedule, steps).unwrap();
            for (index, &timestep) in ddpm.timesteps().iter().enumerate() {
                sample = ddpm.step(toy(sample.clone(), timestep), index, sample, noise(index));
            }
        }
        let error = relative(sample, fixture.tensor(&format!("{name}.end")));
        println!("{name}: {error:e}");
        assert!(error <= 1e-5, "{name}: relative L2 {error:e}");
    }
}

#[test]
fn a_guided_25_step_run_of_a_unet_is_that_of_diffusers() {
    let Some(file) = super::fixture("ddim/unet.safetensors") else { return };
    let fixture = Fixture::open(&file);
    let folder = super::fixture("unet/config.json").unwrap();
    let folder = folder.parent().unwrap();
    let config = UNetConfig::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let device = Device::flex();
    let mut weights = pollster::block_on(Files::Folder(folder.to_owned()).weights(
        "diffusion_pytorch_model.safetensors",
        "unet",
        &device,
        &mut BaseHash::default(),
        &mut |_, _| {},
    ))
    .unwrap();
    let unet = UNet2DConditionModel::load(&config, &mut weights).unwrap();
    weights.finish().unwrap();

    let ddim = Ddim::new(schedule(&fixture.json("config")), 25).unwrap();
    let hidden_states: Tensor<3> = fixture.tensor("hidden_states");
    let predict = |sample: Tensor<4>, timestep: usize| {
        let timesteps = Tensor::full([2], timestep as f32, &device);
        let both = unet.forward(Tensor::cat(vec![sample.clone(), sample], 0), timesteps, hidden_states.clone());
        let (without, with) = (both.clone().narrow(0, 0, 1), both.narrow(0, 1, 1));
        without.clone() + (with - without) * 7.5
    };
    let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
    let start = fixture.tensor("start");
    let end = pollster::block_on(denoise(&ddim, start, 0.0, &mut [], predict, &mut go_on)).unwrap();
    let error = relative(end, fixture.tensor("end"));
    println!("25 guided steps of a UNet: {error:e}");
    assert!(error <= 1e-3, "relative L2 {error:e}");
}
