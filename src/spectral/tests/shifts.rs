//! Baking and training of shifts.

use burn::tensor::{Device, Tensor};

use super::{Small, random, values};
use crate::error::Error;
use crate::model::layers::{LayerForm, Weight};
use crate::spectral::shift::{NormShift, ShiftKind, ShiftSet};
use crate::spectral::{DecomposedModel, LayerFactors, WeightForm};

fn decompose(model: &Small) -> DecomposedModel {
    pollster::block_on(DecomposedModel::decompose(
        model,
        "the hash",
        async |_, _| Ok(()),
    ))
    .unwrap()
}

fn assert_close(a: &[f32], b: &[f32], tolerance: f32) {
    let norm = b.iter().map(|x| x * x).sum::<f32>().sqrt();
    let error = a
        .iter()
        .zip(b)
        .map(|(x, y)| (x - y).powi(2))
        .sum::<f32>()
        .sqrt();
    assert!(
        a.len() == b.len() && norm > 0.0 && error <= tolerance * norm,
        "{error} of {norm}"
    );
}

/// δ for every number, some of them far enough below −σ for relu to close.
fn delta(len: usize) -> Vec<f32> {
    let delta = values(random([len]) * 0.5);
    delta
        .iter()
        .enumerate()
        .map(|(at, value)| if at % 11 == 7 { -20.0 } else { *value })
        .collect()
}

#[test]
fn no_shift_gives_the_bases_weights_to_the_bit() {
    let model = Small::new();
    let base = decompose(&model);
    let shifted = base.shifted_model(&model, NormShift::FullLength).unwrap();
    let zero = shifted.to_shifts(&vec![0.0; shifted.len()]);
    let some = shifted.to_shifts(&delta(shifted.len()));
    let x = random([2, 3, 6, 6]);
    for deltas in [
        &[][..],
        &[(&zero, 1.0)],
        &[(&some, 0.0)],
        &[(&some, 1.0), (&some, -1.0)],
    ] {
        let baked = base.bake(&model, deltas).unwrap();
        assert_eq!(
            values(baked.forward(x.clone())),
            values(model.forward(x.clone()))
        );
    }
}

#[test]
fn baked_weights_are_the_papers_formula() {
    let model = Small::new();
    let base = decompose(&model);
    let shifted = base.shifted_model(&model, NormShift::FullLength).unwrap();
    let (first, second) = (delta(shifted.len()), delta(shifted.len()));
    let shifts = [shifted.to_shifts(&first), shifted.to_shifts(&second)];
    let baked = base
        .bake(&model, &[(&shifts[0], 0.8), (&shifts[1], 1.2)])
        .unwrap();
    let Weight::Full(weight) = &baked.linear.weight else {
        panic!("the weight is whole")
    };

    let (_, LayerFactors::Matrix { u, sigma, vt }) = base.layers().nth(3).unwrap() else {
        panic!("a matrix")
    };
    let at = shifted.layout()[3].range.start;
    let s: Vec<f32> = sigma
        .iter()
        .enumerate()
        .map(|(i, s)| (s + 0.8 * first[at + i] + 1.2 * second[at + i]).max(0.0))
        .collect();
    let s = Tensor::<1>::from_floats(s.as_slice(), &Device::flex());
    assert_close(
        &values(weight.f32()),
        &values((u.f32() * s.unsqueeze()).matmul(vt.f32())),
        1e-5,
    );
    let norm = shifted.layout()[1].range.start;
    let expected = values(model.norm.weight.clone())[0] + 0.8 * first[norm] + 1.2 * second[norm];
    assert!((values(baked.norm.weight)[0] - expected).abs() < 1e-6);
}

#[test]
fn training_and_inference_see_the_same_model_in_every_form() {
    let model = Small::new();
    let base = decompose(&model);
    let x = random([2, 3, 6, 6]);
    for norms in [NormShift::FullLength, NormShift::Scalar] {
        for form in [WeightForm::Factored, WeightForm::Rebuilt] {
            let shifted = base
                .shifted_model_with(&model, norms, |_, _, _| Some(form))
                .unwrap();
            let delta = delta(shifted.len());
            let baked = base
                .bake(&model, &[(&shifted.to_shifts(&delta), 1.0)])
                .unwrap();
            let with_graph = shifted
                .with_graph(Tensor::from_floats(delta.as_slice(), &Device::flex()))
                .unwrap();
            assert_close(
                &values(with_graph.model.forward(x.clone())),
                &values(baked.forward(x.clone())),
                1e-5,
            );
        }
    }
}

#[test]
fn a_scalar_norm_scales_the_weight_by_its_norm() {
    let model = Small::new();
    let base = decompose(&model);
    let weight = values(model.norm.weight.clone());
    let sigma = weight.iter().map(|w| w * w).sum::<f32>().sqrt();
    let mut shifts = ShiftSet::new();
    shifts.insert("norm", ShiftKind::NormScalar, vec![sigma]);
    let doubled: Vec<f32> = weight.iter().map(|w| 2.0 * w).collect();
    assert_close(
        &values(base.bake(&model, &[(&shifts, 1.0)]).unwrap().norm.weight),
        &doubled,
        1e-6,
    );
    let closed = values(base.bake(&model, &[(&shifts, -3.0)]).unwrap().norm.weight);
    assert!(closed.iter().all(|&w| w == 0.0), "{closed:?}");
}

#[test]
fn the_gradient_is_that_of_finite_differences_and_of_the_rebuilt_weights() {
    let model = Small::new();
    let base = decompose(&model);
    let (x, target) = (random([2, 3, 6, 6]), random([2, 9, 4]));
    for norms in [NormShift::FullLength, NormShift::Scalar] {
        let gradient = |form: WeightForm, delta: &[f32]| {
            let shifted = base
                .shifted_model_with(&model, norms, |_, _, _| Some(form))
                .unwrap();
            let with_graph = shifted
                .with_graph(Tensor::from_floats(delta, &Device::flex()))
                .unwrap();
            let loss = (with_graph.model.forward(x.clone()) * target.clone()).sum();
            let value = values(loss.clone())[0];
            (value, values(with_graph.gradient(&mut loss.backward())))
        };
        let shifted = base.shifted_model(&model, norms).unwrap();
        let delta: Vec<f32> = delta(shifted.len()).iter().map(|d| d * 0.2).collect();
        let (_, factored) = gradient(WeightForm::Factored, &delta);
        assert_close(&factored, &gradient(WeightForm::Rebuilt, &delta).1, 1e-4);
        for at in 0..delta.len() {
            let step = |by: f32| {
                let mut delta = delta.clone();
                delta[at] += by;
                gradient(WeightForm::Factored, &delta).0
            };
            let slope = (step(1e-2) - step(-1e-2)) / 2e-2;
            assert!(
                (slope - factored[at]).abs() <= 2e-2 * slope.abs().max(1.0),
                "{at}: {slope} or {}",
                factored[at]
            );
        }
    }
}

#[test]
fn layers_that_are_not_chosen_stay_the_bases_and_are_not_in_the_delta() {
    let model = Small::new();
    let base = decompose(&model);
    let shifted = base
        .shifted_model_with(&model, NormShift::FullLength, |path, form, shape| {
            assert_eq!(form == LayerForm::Norm, shape[0] == 1, "{path}: {shape:?}");
            matches!(path, "linear" | "norm").then_some(WeightForm::Factored)
        })
        .unwrap();
    let paths: Vec<&str> = shifted.layout().iter().map(|l| &*l.path).collect();
    assert_eq!((paths, shifted.len()), (vec!["norm", "linear"], 8 + 5));
    let delta: Vec<f32> = delta(shifted.len()).iter().map(|d| d * 0.2).collect();
    let x = random([2, 3, 6, 6]);
    let with_graph = shifted
        .with_graph(Tensor::from_floats(delta.as_slice(), &Device::flex()))
        .unwrap();
    let shifts = shifted.to_shifts(&delta);
    let baked = base.bake(&model, &[(&shifts, 1.0)]).unwrap();
    let output = with_graph.model.forward(x.clone());
    assert_close(&values(output.clone()), &values(baked.forward(x)), 1e-5);
    let gradient = values(with_graph.gradient(&mut output.powi_scalar(2).sum().backward()));
    assert!(gradient.iter().any(|g| *g != 0.0));

    let none = base.shifted_model_with(&model, NormShift::FullLength, |_, _, _| None);
    assert!(matches!(none.unwrap_err(), Error::Settings(_)));
}

#[test]
fn a_shift_below_minus_sigma_has_no_gradient() {
    let model = Small::new();
    let base = decompose(&model);
    let shifted = base.shifted_model(&model, NormShift::FullLength).unwrap();
    let delta = vec![-1000.0; shifted.len()];
    let with_graph = shifted
        .with_graph(Tensor::from_floats(delta.as_slice(), &Device::flex()))
        .unwrap();
    let mut gradients = with_graph
        .model
        .forward(random([1, 3, 6, 6]))
        .sum()
        .backward();
    let gradient = values(with_graph.gradient(&mut gradients));
    for layer in shifted
        .layout()
        .iter()
        .filter(|layer| layer.kind == ShiftKind::Spectral)
    {
        assert!(
            gradient[layer.range.clone()].iter().all(|&g| g == 0.0),
            "{}",
            layer.path
        );
    }
}

#[test]
fn the_layout_covers_the_flat_vector_in_the_models_order() {
    let model = Small::new();
    let layout = decompose(&model)
        .shifted_model(&model, NormShift::FullLength)
        .unwrap();
    let paths: Vec<&str> = layout
        .layout()
        .iter()
        .map(|layer| layer.path.as_str())
        .collect();
    assert_eq!(paths, ["conv", "norm", "layer_norm", "linear", "table"]);
    let lengths: Vec<usize> = layout
        .layout()
        .iter()
        .map(|layer| layer.range.len())
        .collect();
    assert_eq!(lengths, [8, 8, 8, 5, 4]);
    assert!(
        layout
            .layout()
            .windows(2)
            .all(|pair| pair[0].range.end == pair[1].range.start)
    );
    assert_eq!(layout.layout()[4].range.end, layout.len());
}

#[test]
fn shifts_that_do_not_fit_are_refused_by_name() {
    let model = Small::new();
    let base = decompose(&model);
    for (path, kind, len) in [
        ("up_blocks.9.conv", ShiftKind::Spectral, 8),
        ("linear", ShiftKind::Spectral, 4),
        ("linear", ShiftKind::NormFull, 5),
        ("norm", ShiftKind::NormScalar, 8),
        ("norm", ShiftKind::Spectral, 1),
    ] {
        let mut shifts = ShiftSet::new();
        shifts.insert(path, kind, vec![0.0; len]);
        let Err(Error::Delta(message)) = base.bake(&model, &[(&shifts, 1.0)]) else {
            panic!("{path} was taken")
        };
        assert!(message.contains(&format!("'{path}'")), "{message}");
    }
}

#[test]
fn the_work_can_be_stopped_between_layers() {
    let mut seen = Vec::new();
    let result = pollster::block_on(DecomposedModel::decompose(
        &Small::new(),
        "",
        async |done, total| {
            seen.push((done, total));
            if done == 2 {
                Err(Error::Cancelled)
            } else {
                Ok(())
            }
        },
    ));
    assert!(matches!(result, Err(Error::Cancelled)));
    assert_eq!(seen, [(0, 5), (1, 5), (2, 5)]);
}
