//! Synthetic models stored as F16 against the same ones stored as F32. Their files are F16, so all
//! values and, on the CPU, all results must be equal to the last bit.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::ops::ControlFlow;

use burn::tensor::{Device, Tensor};
use pollster::block_on;

use crate::model::base_model::BaseModel;
use crate::model::layers::{LayerMut, Weight};
use crate::model::visit_layers::VisitLayers;
use crate::ops::matmul::stored_matrix::Matrix;
use crate::spectral::lora;
use crate::spectral::lora::{LoraLayer, LoraLayers};
use crate::spectral::shift::ShiftKind;
use crate::spectral::{DecomposedBaseModel, LayerFactors, ShiftSet};
use crate::synthetic::*;
use crate::train::{Recompute, Subject, SubjectWords, TrainConfig, Trainer};
use crate::weights::format::safetensors::Dtype;
use crate::weights::{Files, Place, Stored};

/// A small synthetic model, loaded as F16 and as F32.
fn both(kind: Kind, dtype: Dtype) -> [BaseModel; 2] {
    let place = tempfile::tempdir().unwrap();
    let options = Options {
        size: Size::Small,
        dtype,
        ..Options::new(kind)
    };
    write(&options, place.path(), &mut |_, _| {}).unwrap();
    let files = Files::Folder(place.path().to_owned());
    [Stored::F16, Stored::F32].map(|stored| {
        let place = Place::new(&Device::flex(), stored);
        block_on(BaseModel::load(&files, place, &mut |_| {})).unwrap()
    })
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// What all parts answer: embeddings, noise and a picture, and what it is encoded to.
fn answers(base: &BaseModel) -> [Vec<f32>; 4] {
    let latents = Tensor::<4>::ones([1, 4, 8, 8], base.device()) * 0.3;
    let text = base.embed(&["a photo of a robot".to_owned()]);
    let times = Tensor::full([1], 500.0, base.device());
    let noise = base.unet.forward(latents.clone(), times, text.clone());
    let picture = base.decode(latents, false);
    let encoded = base.vae.encode(picture.clone()).mean;
    [
        values(text),
        values(noise),
        values(picture),
        values(encoded),
    ]
}

/// Every matrix of a model.
fn matrices<M: VisitLayers>(model: &M) -> Vec<(String, Matrix)> {
    let mut found = Vec::new();
    model
        .clone()
        .visit_mut(&mut |path, layer| {
            let matrix = match layer {
                LayerMut::Linear(linear) => &linear.weight,
                LayerMut::Conv2d(conv) => &conv.weight,
                LayerMut::Embedding(table) => &Weight::Full(table.clone()),
                LayerMut::Norm(_) => return Ok(()),
            };
            let Weight::Full(matrix) = matrix else {
                panic!("{path} is factored")
            };
            found.push((path.to_owned(), matrix.clone()));
            Ok(())
        })
        .unwrap();
    found
}

/// Fails unless the first model holds the second one's numbers, rounded to halves.
fn assert_rounded<M: VisitLayers>(halves: &M, f32: &M) {
    let (halves, f32) = (matrices(halves), matrices(f32));
    assert!(!halves.is_empty());
    for ((path, halves), (_, f32)) in halves.into_iter().zip(f32) {
        assert_eq!(halves.stored(), Stored::F16, "{path}");
        assert_eq!(f32.stored(), Stored::F32, "{path}");
        let rounded = Matrix::rounded(f32.f32(), Stored::F16);
        assert_eq!(values(halves.f32()), values(rounded.f32()), "{path}");
    }
}

#[test]
fn a_base_of_halves_answers_as_it_does_in_f32() {
    for kind in [Kind::Sd15, Kind::BkSdmTiny, Kind::SdTurbo, Kind::Lcm] {
        let [halves, f32] = both(kind, Dtype::F16);
        assert_eq!(halves.hash, f32.hash, "{kind:?}");
        assert_rounded(&halves.unet, &f32.unet);
        assert_rounded(&halves.text_encoder, &f32.text_encoder);
        assert_eq!(answers(&halves), answers(&f32), "{kind:?}");
    }
}

#[test]
fn a_base_of_f32_files_is_rounded_when_it_is_stored_as_halves() {
    let [halves, f32] = both(Kind::BkSdmTiny, Dtype::F32);
    assert_eq!(halves.hash, f32.hash);
    assert_rounded(&halves.unet, &f32.unet);
    for (halves, f32) in answers(&halves).into_iter().zip(answers(&f32)) {
        let norm = |values: &mut dyn Iterator<Item = f32>| {
            values.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt()
        };
        let error = norm(&mut halves.iter().zip(&f32).map(|(a, b)| a - b));
        let error = error / norm(&mut f32.iter().copied());
        assert!(error > 0.0 && error < 0.05, "{error}");
    }
}

/// The base in F32 with U and V as the other's were rounded.
fn decomposed([halves, _]: &[BaseModel; 2]) -> [DecomposedBaseModel; 2] {
    let made = block_on(DecomposedBaseModel::new(halves, true, async |_, _| Ok(()))).unwrap();
    let halves = made.stored_as(Stored::F16);
    let f32 = halves.stored_as(Stored::F32);
    for (_, layer) in halves.unet.layers() {
        if let LayerFactors::Matrix { u, vt, .. } = layer {
            assert_eq!([u.stored(), vt.stored()], [Stored::F16; 2]);
        }
    }
    [halves, f32]
}

#[test]
fn training_is_bit_equal_with_the_same_numbers_in_f32() {
    let bases = both(Kind::Sd15, Dtype::F16);
    let decomposed = decomposed(&bases);
    let size = bases[0].picture_size();
    let picture: Vec<f32> = (0..3 * size * size)
        .map(|at| (at % 97) as f32 / 48.0 - 1.0)
        .collect();
    for recompute in [Recompute::None, Recompute::Blocks] {
        let [halves, f32] = [0, 1].map(|at| {
            let settings = TrainConfig {
                subjects: vec![SubjectWords::new("sks", "robot")],
                prior_loss_weight: 0.0,
                train_text_encoder: true,
                max_train_steps: 2,
                ..TrainConfig::default()
            };
            let subjects = [Subject::new(vec![picture.clone()], size).unwrap()];
            block_on(async {
                let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
                let (base, decomposed) = (&bases[at], &decomposed[at]);
                let trainer = Trainer::new(base, decomposed, &subjects, settings, &mut go_on);
                let mut trainer = trainer.await.unwrap();
                trainer.recompute(recompute);
                for _ in 0..2 {
                    trainer.step().await.unwrap();
                }
                trainer.checkpoint().await.unwrap()
            })
        });
        assert!(halves.delta.iter().any(|delta| *delta != 0.0));
        assert_eq!(halves.losses, f32.losses);
        assert_eq!(halves.delta, f32.delta);
    }
}

#[test]
fn a_delta_and_a_lora_are_added_in_f32_and_stored_as_the_weight_was() {
    let bases = both(Kind::BkSdmTiny, Dtype::F16);
    let decomposed = decomposed(&bases);
    let unshifted = matrices(&bases[0].unet);
    let mut shifts = ShiftSet::new();
    let mut layers = LoraLayers::new();
    for (path, matrix) in &unshifted {
        let [c_out, fan_in] = matrix.dims();
        shifts.insert(
            path.clone(),
            ShiftKind::Spectral,
            vec![0.3; c_out.min(fan_in)],
        );
        let part = LoraLayer {
            rank: 1,
            up: vec![0.1; c_out],
            down: vec![0.2; fan_in],
            scale: 0.5,
        };
        layers.insert(path.clone(), part);
    }
    let baked = [0, 1].map(|at| {
        let spectral = &decomposed[at].unet;
        spectral.bake(&bases[at].unet, &[(&shifts, 1.0)]).unwrap()
    });
    assert_rounded(&baked[0], &baked[1]);
    let unchanged = decomposed[0].unet.bake(&bases[0].unet, &[(&shifts, 0.0)]);
    assert_rounded(&unchanged.unwrap(), &bases[1].unet);
    let with_lora = bases
        .each_ref()
        .map(|base| lora::apply(&base.unet, &[(&layers, 1.0)]).unwrap());
    assert_rounded(&with_lora[0], &with_lora[1]);
    let changed = values(matrices(&with_lora[0])[0].1.f32());
    assert_ne!(changed, values(unshifted[0].1.f32()));
}
