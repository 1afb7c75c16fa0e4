//! The UNet against diffusers (fixtures of unet.py), whole and factored, with and without autodiff.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use deltabooth::Error;
use deltabooth::model::config::UNetConfig;
use deltabooth::model::layer_info::unet::unet_layers;
use deltabooth::model::layers::{Conv2d, LayerMut, Linear, Weight};
use deltabooth::model::unet::UNet2DConditionModel;

use crate::tensors::{Fixture, relative};

const SHAPES: [&str; 4] = ["unet_sd1", "unet_sd2", "unet_bk", "unet_lcm"];
/// The mark for F32 on the CPU.
const MARK: f64 = 5e-5;

pub fn load(folder: &Path) -> UNet2DConditionModel {
    let config = UNetConfig::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let file = Fixture::open(&folder.join("diffusion_pytorch_model.safetensors"));
    let mut weights = file.weights(&Device::flex(), str::to_owned);
    let unet = UNet2DConditionModel::load(&config, &mut weights).unwrap();
    weights.finish().unwrap();
    unet
}

/// Calls `change` on every W = U diag(s) Vᵀ that can be written down without a decomposition:
/// one of U and V is the identity, s is anything but ones.
fn factor(unet: &mut UNet2DConditionModel, mut change: impl FnMut(&str, Tensor<1>) -> Tensor<1>) {
    unet.visit_mut(&mut |path, layer| {
        let weight = match layer {
            LayerMut::Linear(linear) => &mut linear.weight,
            LayerMut::Conv2d(conv) => &mut conv.weight,
            LayerMut::Norm(_) | LayerMut::Embedding(_) => return Ok(()),
        };
        let Weight::Full(w) = weight.clone() else {
            panic!("{path} has factors already")
        };
        let ([rows, columns], w) = (w.dims(), w.f32());
        let rank = rows.min(columns);
        let device = Device::flex();
        let s: Vec<f32> = (0..rank).map(|i| 0.5 + 0.1 * (i % 7) as f32).collect();
        let s = Tensor::<1>::from_data(s.as_slice(), &device);
        let (u, vt): (Tensor<2>, Tensor<2>) = if rows <= columns {
            (Tensor::eye(rank, &device), w / s.clone().reshape([rank, 1]))
        } else {
            (w / s.clone().reshape([1, rank]), Tensor::eye(rank, &device))
        };
        let s = change(path, s);
        let [u, vt] = [u, vt].map(Into::into);
        *weight = Weight::Factored { u, s, vt };
        Ok(())
    })
    .unwrap();
}

#[test]
fn unets_of_every_shape_answer_as_those_of_diffusers() {
    for name in SHAPES {
        let Some(folder) = crate::fixture(name) else {
            continue;
        };
        let (unet, device) = (load(&folder), Device::flex());
        let io = Fixture::open(&folder.join("io.safetensors"));
        for prefix in ["", "odd."] {
            let guidance = io.header.tensors.contains_key("timestep_cond");
            assert_eq!(guidance, unet.time_embedding.cond_proj.is_some());
            let output = unet.forward_guided(
                io.tensor(&format!("{prefix}sample"), &device),
                io.tensor("timestep", &device),
                io.tensor("encoder_hidden_states", &device),
                guidance.then(|| io.tensor("timestep_cond", &device)),
            );
            let error = relative(output, io.tensor::<4>(&format!("{prefix}output"), &device));
            println!("{name} {prefix}output: {error:.1e}");
            assert!(error <= MARK, "{name} {prefix}output: {error:e}");
        }
    }
}

#[test]
fn every_weight_of_a_checkpoint_is_visited_once_and_in_its_order() {
    for name in SHAPES {
        let Some(folder) = crate::fixture(name) else {
            continue;
        };
        let io = Fixture::open(&folder.join("io.safetensors"));
        let modules: Vec<String> = serde_json::from_str(&io.header.metadata["modules"]).unwrap();
        let mut visited = Vec::new();
        load(&folder)
            .visit_mut(&mut |path, _| {
                visited.push(path.to_owned());
                Ok(())
            })
            .unwrap();
        assert_eq!(visited, modules, "{name}");
        assert!(visited.len() > 60);
    }
}

#[test]
fn the_layers_listed_from_a_config_are_those_of_its_checkpoint() {
    for shape in SHAPES {
        let Some(folder) = crate::fixture(shape) else {
            return;
        };
        let config = std::fs::read(folder.join("config.json")).unwrap();
        let mut visited = Vec::new();
        load(&folder)
            .visit_mut(&mut |path, layer| {
                let form = layer.form();
                let shape = match layer {
                    LayerMut::Linear(Linear { weight, .. })
                    | LayerMut::Conv2d(Conv2d { weight, .. }) => match weight {
                        Weight::Full(weight) => weight.dims(),
                        Weight::Factored { .. } => panic!("{path} is factored"),
                    },
                    LayerMut::Norm(weight) => [1, weight.dims()[0]],
                    LayerMut::Embedding(_) => panic!("a UNet has no embedding"),
                };
                visited.push((path.to_owned(), form, shape));
                Ok(())
            })
            .unwrap();
        let listed: Vec<_> = unet_layers(&UNetConfig::parse(&config).unwrap())
            .into_iter()
            .map(|layer| (layer.path.clone(), layer.form(), layer.matrix()))
            .collect();
        assert_eq!(listed, visited, "{shape}");
    }
}

#[test]
fn a_visitor_stops_the_visit_with_its_error() {
    let Some(folder) = crate::fixture("unet_bk") else {
        return;
    };
    let mut seen = 0;
    let result = load(&folder).visit_mut(&mut |_, _| {
        seen += 1;
        Err(Error::Cancelled)
    });
    assert_eq!((result, seen), (Err(Error::Cancelled), 1));
}

#[test]
fn a_factored_unet_answers_as_the_whole_one() {
    for name in ["unet_sd1", "unet_sd2"] {
        let Some(folder) = crate::fixture(name) else {
            continue;
        };
        let (mut unet, device) = (load(&folder), Device::flex());
        factor(&mut unet, |_, s| s);
        let io = Fixture::open(&folder.join("io.safetensors"));
        let output = unet.forward(
            io.tensor("sample", &device),
            io.tensor("timestep", &device),
            io.tensor("encoder_hidden_states", &device),
        );
        let error = relative(output, io.tensor::<4>("output", &device));
        assert!(error <= MARK, "{name}: {error:e}");
    }
}

/// Activations start on `device`, weights are constants of the plain device, only every `s` (and
/// norm weight) is tracked: the derivative along one direction is that of the central difference.
fn gradient_of_every_s_is_right(device: &Device) {
    let Some(folder) = crate::fixture("unet_bk") else {
        return;
    };
    let io = Fixture::open(&folder.join("io.safetensors"));
    let autodiff = Device::flex().autodiff();
    let loss = |unet: &UNet2DConditionModel| {
        let output = unet.forward(
            io.tensor("sample", device),
            io.tensor("timestep", device),
            io.tensor("encoder_hidden_states", device),
        );
        (output - 0.3).powi_scalar(2).mean()
    };
    let direction = |i: usize, n: usize| -> Tensor<1> {
        let values: Vec<f32> = (0..n).map(|j| ((i * 31 + j * 17) as f32).sin()).collect();
        Tensor::from_data(values.as_slice(), &Device::flex())
    };

    let mut leaves: Vec<(String, Tensor<1>)> = Vec::new();
    let mut unet = load(&folder);
    factor(&mut unet, |path, s| {
        let s = s.autodiff().require_grad();
        leaves.push((path.to_owned(), s.clone()));
        s
    });
    unet.visit_mut(&mut |path, layer| {
        if let LayerMut::Norm(weight) = layer {
            *weight = weight.clone().autodiff().require_grad();
            leaves.push((path.to_owned(), weight.clone()));
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(leaves[0].1.device(), autodiff);
    let gradients = loss(&unet).backward();
    let mut derivative = 0.0;
    for (i, (path, leaf)) in leaves.iter().enumerate() {
        let gradient = leaf
            .grad(&gradients)
            .unwrap_or_else(|| panic!("{path}: no gradient"));
        let along = gradient * direction(i, leaf.dims()[0]);
        let values: Vec<f32> = along.into_data().try_to_vec().unwrap();
        assert!(values.iter().all(|x| x.is_finite()), "{path}");
        assert!(values.iter().any(|x| *x != 0.0), "{path}: gradient is zero");
        derivative += values.iter().map(|x| f64::from(*x)).sum::<f64>();
    }

    let at = |step: f64| {
        let mut index = 0;
        let mut unet = load(&folder);
        let mut moved = |x: Tensor<1>| {
            let moved = x.clone() + direction(index, x.dims()[0]) * step;
            index += 1;
            moved
        };
        factor(&mut unet, |_, s| moved(s));
        unet.visit_mut(&mut |_, layer| {
            if let LayerMut::Norm(weight) = layer {
                *weight = moved(weight.clone());
            }
            Ok(())
        })
        .unwrap();
        f64::from(loss(&unet).into_data().try_to_vec::<f32>().unwrap()[0])
    };
    let step = 1e-3;
    let difference = (at(step) - at(-step)) / (2.0 * step);
    let error = ((derivative - difference) / difference).abs();
    println!("derivative {derivative}, difference {difference}");
    assert!(error <= 1e-3, "{derivative} against {difference}");
}

#[test]
fn every_s_gets_its_gradient_from_plain_weights_and_plain_activations() {
    gradient_of_every_s_is_right(&Device::flex());
}

#[test]
fn every_s_gets_its_gradient_from_plain_weights_and_autodiff_activations() {
    gradient_of_every_s_is_right(&Device::flex().autodiff());
}

#[test]
fn plain_weights_answer_autodiff_latents_as_plain_ones_and_pass_the_gradient_through() {
    let Some(folder) = crate::fixture("unet_sd2") else {
        return;
    };
    let unet = load(&folder);
    let io = Fixture::open(&folder.join("io.safetensors"));
    let device = Device::flex();
    let sample = io.tensor::<4>("sample", &device).autodiff().require_grad();
    let states = io.tensor::<3>("encoder_hidden_states", &device);
    let states = states.autodiff().require_grad();
    let output = unet.forward(
        sample.clone(),
        io.tensor("timestep", &device),
        states.clone(),
    );
    let error = relative(output.clone().inner(), io.tensor("output", &device));
    assert!(error <= MARK, "{error:e}");
    let gradients = output.powi_scalar(2).mean().backward();
    let largest = |x: Tensor<1>| x.abs().max().into_data().try_to_vec::<f32>().unwrap()[0];
    assert!(largest(sample.grad(&gradients).unwrap().flatten(0, 3)) > 0.0);
    assert!(largest(states.grad(&gradients).unwrap().flatten(0, 2)) > 0.0);
}
