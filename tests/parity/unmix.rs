//! Attention maps and the unmix loss against PyTorch (fixtures of unmix.py), and the loss's gradient
//! against finite differences.

use burn::tensor::{Device, Tensor, TensorData};
use deltabooth::config::collage::{Collage, Half, Layout};
use deltabooth::model::config::{SchedulerConfig, UNetConfig};
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::model::unet::attention_maps::AttentionMap;
use deltabooth::sampler::{Noise, NoiseSchedule};
use deltabooth::spectral::DecomposedModel;
use deltabooth::spectral::shift::NormShift;
use deltabooth::train::loss::gradient::differentiate;
use deltabooth::train::loss::recompute::Recompute;
use deltabooth::train::loss::unmix::{Regions, unmix_loss};
use deltabooth::train::loss::{Batch, LossWeights, Text};
use deltabooth::train::trainable_models::Tunable;

use crate::tensors::{Fixture, relative};

fn unet() -> UNet2DConditionModel {
    let folder = crate::fixture("unet_sd1").unwrap();
    let config = std::fs::read(folder.join("config.json")).unwrap();
    let file = folder.join("diffusion_pytorch_model.safetensors");
    let mut weights = Fixture::open(&file).weights(&Device::flex(), str::to_owned);
    let config = UNetConfig::parse(&config).unwrap();
    UNet2DConditionModel::load(&config, &mut weights).unwrap()
}

fn inputs() -> Fixture {
    Fixture::open(&crate::fixture("unet_sd1/io.safetensors").unwrap())
}

/// Left and right at 0.4; words 1 and 2 on the left, 4 on the right.
fn regions() -> Regions {
    let half = |subject| Half {
        subject,
        picture: 0,
        scale: 0.5,
        offset: [0.0; 2],
    };
    Regions {
        collage: Collage {
            layout: Layout::LeftRight,
            seam: 0.4,
            halves: [half(0), half(1)],
        },
        tokens: [vec![1, 2], vec![4]],
    }
}

#[test]
fn attention_maps_and_their_unmix_loss_are_those_of_diffusers() {
    let Some(file) = crate::fixture("unmix/io.safetensors") else {
        return;
    };
    let (reference, io, device) = (Fixture::open(&file), inputs(), Device::flex());
    let first = |name: &str| io.tensor::<4>(name, &device).narrow(0, 0, 1);
    let states: Tensor<3> = io.tensor("encoder_hidden_states", &device);
    let timestep: Tensor<1> = io.tensor("timestep", &device);
    let (output, maps) = unet().forward_with_maps(
        first("sample"),
        timestep.narrow(0, 0, 1),
        states.narrow(0, 0, 1),
    );
    assert!(relative(output, first("output")) <= 5e-5);
    assert_eq!(maps.len() + 1, reference.header.tensors.len());
    for (index, map) in maps.iter().enumerate() {
        let theirs: Tensor<2> = reference.tensor(&format!("map.{index}"), &device);
        let error = relative(map.weights.clone().squeeze_dim::<2>(0), theirs);
        assert!(error <= 5e-5, "map {index}: {error:e}");
    }
    let loss = unmix_loss(&maps, &[Some(regions())]).unwrap();
    let error = relative(loss, reference.tensor::<1>("loss", &device));
    println!("unmix loss: {error:e}");
    assert!(error <= 5e-5, "{error:e}");
}

#[test]
fn the_gradient_of_the_unmix_loss_is_that_of_finite_differences() {
    let (unet, io, device) = (unet(), inputs(), Device::flex());
    let spectral = DecomposedModel::decompose(&unet, "0", async |_, _| Ok(()));
    let spectral = pollster::block_on(spectral).unwrap();
    let model = Tunable::from(
        spectral
            .shifted_model(&unet, NormShift::FullLength)
            .unwrap(),
    );
    let schedule = br#"{"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear"}"#;
    let schedule = NoiseSchedule::new(&SchedulerConfig::parse(schedule).unwrap()).unwrap();
    let states: Tensor<3> = io.tensor("encoder_hidden_states", &device);
    let sample: Tensor<4> = io.tensor("sample", &device);
    let batch = Batch {
        latents: sample.clone(),
        noise: sample.flip([1]),
        timesteps: vec![300, 700],
        text: Text::Embeddings(states),
        subjects: 1,
        regions: vec![Some(regions())],
    };
    // The loss of the attention alone: its weight dwarfs the rest.
    let weights = LossWeights {
        prior: 0.0,
        unmix: 1e4,
        min_snr_gamma: 0.0,
    };
    let mut noise = Noise::new(5, 0);
    let vector =
        |values: Vec<f32>| Tensor::<1>::from_data(TensorData::new(values, [model.len()]), &device);
    let delta = vector(noise.normal(model.len())) * 0.02;
    let along = vector(noise.normal(model.len()));
    let here = differentiate(
        &model,
        &delta,
        &schedule,
        batch.clone(),
        weights,
        Recompute::None,
    )
    .unwrap();
    let number = |tensor: Tensor<1>| tensor.into_data().try_to_vec::<f32>().unwrap()[0];
    let derivative = f64::from(number((here.gradient * along.clone()).sum())) / weights.unmix;

    let noisy = schedule.add_noise(batch.latents, batch.noise, &batch.timesteps);
    let Text::Embeddings(states) = batch.text else {
        panic!("the captions are embedded")
    };
    let maps = |delta: &Tensor<1>| -> Vec<Vec<f32>> {
        let tuned = model.attach(delta).unwrap();
        let times = Tensor::from_floats([300.0, 700.0], &device);
        let (_, maps) = tuned
            .unet()
            .forward_with_maps(noisy.clone(), times, states.clone());
        let first = |map: AttentionMap| map.weights.narrow(0, 0, 1).inner().into_data();
        maps.into_iter()
            .map(|map| first(map).try_to_vec().unwrap())
            .collect()
    };
    // A word's largest weight is a constant for the gradient, so it is one for the difference.
    let middle = maps(&delta);
    let step = 2e-3;
    let [ahead, behind] = [step, -step]
        .map(|step| plain_loss(&maps(&(delta.clone() + along.clone() * step)), &middle));
    let difference = (ahead - behind) / (2.0 * step);
    let found = number(here.unmix);
    assert!((f64::from(found) - plain_loss(&middle, &middle)).abs() <= 1e-5 * f64::from(found));
    println!("unmix {found}, derivative {derivative}, difference {difference}");
    let error = ((derivative - difference) / difference).abs();
    assert!(error <= 1e-2, "{derivative} against {difference}");
}

/// The loss of [`regions`] by its formula, with the largest weights taken from `largest`.
fn plain_loss(maps: &[Vec<f32>], largest: &[Vec<f32>]) -> f64 {
    let tokens = 7;
    let losses = maps.iter().zip(largest).map(|(map, largest)| {
        let side = (map.len() / tokens).isqrt();
        let left = |pixel: usize| (pixel % side) as f32 + 0.5 < 0.4 * side as f32;
        let word = |token: usize, own_left: bool| {
            let column = |of: &[f32]| -> Vec<f64> {
                let column = of.iter().skip(token).step_by(tokens);
                column.map(|x| f64::from(*x)).collect()
            };
            let top = column(largest).into_iter().fold(0.0, f64::max) + 1e-6;
            let outside: Vec<f64> = column(map)
                .into_iter()
                .enumerate()
                .filter(|(pixel, _)| left(*pixel) != own_left)
                .map(|(_, weight)| (weight / top).powi(2))
                .collect();
            outside.iter().sum::<f64>() / outside.len() as f64
        };
        ((word(1, true) + word(2, true)) / 2.0 + word(4, false)) / 2.0
    });
    losses.sum::<f64>() / maps.len() as f64
}
