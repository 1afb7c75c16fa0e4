//! Files of svdiff-pytorch and LoRA files against PyTorch (fixtures of exchange.py), and ours read
//! back.

use std::collections::BTreeMap;

use burn::tensor::Device;
use deltabooth::model::clip::ClipTextModel;
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::model::visit_layers::VisitLayers;
use deltabooth::spectral::DecomposedModel;
use deltabooth::spectral::decompose::shapes::{Component, layer_shapes};
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::svdiff_pytorch;
use deltabooth::spectral::delta::svdiff_pytorch::{
    FullNorms, TEXT_ENCODER_FILE, UNET_FILE, fit_norms,
};
use deltabooth::spectral::lora::{self, Lora, LoraReport};
use deltabooth::spectral::lora::{diffusers, file, kohya};
use deltabooth::spectral::shift::{Shift, ShiftKind, ShiftSet};
use deltabooth::weights::format::safetensors::{Dtype, Header};
use sha2::{Digest, Sha256};

use crate::models::{text_encoder, unet};
use crate::tensors::{Fixture, relative};

/// The mark for F32 on the CPU; the one for a whole picture is 1e-3.
const MARK: f64 = 5e-5;

/// The models of the fixtures, their inputs and the files, or nothing in a folder without them.
struct Small {
    unet: UNet2DConditionModel,
    text_encoder: ClipTextModel,
    inputs: [Fixture; 2],
    outputs: Fixture,
}

impl Small {
    fn new() -> Option<Self> {
        let outputs = crate::fixture("exchange/io.safetensors")?;
        let folders = [
            crate::fixture("unet_sd1")?,
            crate::fixture("text_encoder_sd1")?,
        ];
        Some(Self {
            unet: unet::load(&folders[0]),
            text_encoder: text_encoder::load(&folders[1]),
            inputs: [0, 1].map(|i: usize| Fixture::open(&folders[i].join("io.safetensors"))),
            outputs: Fixture::open(&outputs),
        })
    }

    /// ‖ours − theirs‖ / ‖theirs‖ of the prediction.
    fn predict(&self, unet: &UNet2DConditionModel, expected: &str) -> f64 {
        let (io, device) = (&self.inputs[0], Device::flex());
        let output = unet.forward(
            io.tensor("sample", &device),
            io.tensor("timestep", &device),
            io.tensor("encoder_hidden_states", &device),
        );
        let expected = self.outputs.tensor::<4>(expected, &device);
        let error = relative(output, expected);
        println!("exchange unet: {error:.1e}");
        error
    }

    fn embed(&self, text_encoder: &ClipTextModel, expected: &str) -> f64 {
        let device = Device::flex();
        let ids = self.inputs[1].tensor::<2>("input_ids", &device).int();
        let expected = self.outputs.tensor::<3>(expected, &device);
        let error = relative(text_encoder.forward(ids), expected);
        println!("exchange text encoder: {error:.1e}");
        error
    }

    fn lora(&self, bytes: &[u8]) -> Lora {
        let shapes = [
            layer_shapes(&self.unet).unwrap(),
            layer_shapes(&self.text_encoder).unwrap(),
        ];
        file::read(bytes, &shapes[0], &shapes[1]).unwrap()
    }
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(crate::fixture(&format!("exchange/{name}")).unwrap()).unwrap()
}

fn decompose<M: VisitLayers>(model: &M) -> DecomposedModel {
    pollster::block_on(DecomposedModel::decompose(model, "", async |_, _| Ok(()))).unwrap()
}

#[test]
fn a_delta_of_svdiff_pytorch_gives_the_answers_that_it_gives_in_pytorch() {
    let Some(small) = Small::new() else { return };
    let shapes = layer_shapes(&small.unet).unwrap();
    let shifts = svdiff_pytorch::read(&file(UNET_FILE), &shapes).unwrap();
    assert_eq!(shifts.entries.len(), shapes.len());
    let base = decompose(&small.unet);
    let baked = base.bake(&small.unet, &[(&shifts, 1.0)]).unwrap();
    assert!(small.predict(&baked, "svdiff.output") <= MARK);
    assert!(
        small.predict(&small.unet, "svdiff.output") > 0.1,
        "it does something"
    );

    // Version 0.1: the same file without the norms.
    let matrices: ShiftSet = shifts
        .iter()
        .filter(|(_, shift)| shift.kind == ShiftKind::Spectral)
        .map(|(path, shift)| (path.to_owned(), shift.clone()))
        .collect();
    let written = svdiff_pytorch::write(&matrices).unwrap();
    let shifts = svdiff_pytorch::read(&written, &shapes).unwrap();
    assert_eq!(shifts, matrices);
    let baked = base.bake(&small.unet, &[(&shifts, 1.0)]).unwrap();
    assert!(small.predict(&baked, "svdiff_without_norms.output") <= MARK);

    let shapes = layer_shapes(&small.text_encoder).unwrap();
    let shifts = svdiff_pytorch::read(&file(TEXT_ENCODER_FILE), &shapes).unwrap();
    assert_eq!(shifts.entries.len(), shapes.len());
    let base = decompose(&small.text_encoder);
    let baked = base.bake(&small.text_encoder, &[(&shifts, 1.0)]).unwrap();
    assert!(small.embed(&baked, "svdiff.last_hidden_state") <= MARK);
}

#[test]
fn files_of_svdiff_pytorch_come_back_byte_for_byte_through_a_delta() {
    let Some(small) = Small::new() else { return };
    let [unet, text] = [UNET_FILE, TEXT_ENCODER_FILE].map(file);
    let component = |bytes: &[u8]| {
        svdiff_pytorch::component(&Header::parse(bytes, bytes.len() as u64).unwrap())
    };
    assert_eq!(component(&unet), Some(Component::Unet));
    assert_eq!(component(&text), Some(Component::TextEncoder));
    let mut delta = Delta {
        unet: svdiff_pytorch::read(&unet, &layer_shapes(&small.unet).unwrap()).unwrap(),
        text_encoder: svdiff_pytorch::read(&text, &layer_shapes(&small.text_encoder).unwrap())
            .unwrap(),
        ..Delta::default()
    };
    delta.metadata.base_sha256 = "0".repeat(64);
    let delta = Delta::from_bytes(&delta.to_bytes_as(Dtype::F32).unwrap()).unwrap();
    assert_eq!(svdiff_pytorch::write(&delta.unet).unwrap(), unet);
    assert_eq!(svdiff_pytorch::write(&delta.text_encoder).unwrap(), text);
}

#[test]
fn full_length_norms_reach_svdiff_pytorch_only_as_asked_for() {
    let Some(small) = Small::new() else { return };
    let (base, shapes) = (decompose(&small.unet), layer_shapes(&small.unet).unwrap());
    let weight = |path: &str| {
        let mut layers = base.layers();
        let found = layers.find(|(name, _)| *name == path).unwrap();
        match found.1 {
            deltabooth::spectral::LayerFactors::Norm(weight) => weight.clone(),
            _ => panic!("{path} is a norm"),
        }
    };
    let (along, across) = ("conv_norm_out", "mid_block.resnets.0.norm1");
    let mut shifts = ShiftSet::new();
    // Half of the weight itself fits one number; what is at right angles to it does not.
    let half: Vec<f32> = weight(along).iter().map(|w| 0.5 * w).collect();
    let mut turned = vec![0.0; weight(across).len()];
    (turned[0], turned[1]) = (weight(across)[1], -weight(across)[0]);
    shifts.insert(along, ShiftKind::NormFull, half.clone());
    shifts.insert(across, ShiftKind::NormFull, turned);

    let error = fit_norms(&shifts, &base, FullNorms::Refuse).unwrap_err();
    assert!(error.to_string().contains("project"), "{error}");
    let (kept, lost) = fit_norms(&shifts, &base, FullNorms::Keep).unwrap();
    assert_eq!((&kept, lost), (&shifts, 0.0));
    let read = svdiff_pytorch::read(&svdiff_pytorch::write(&kept).unwrap(), &shapes).unwrap();
    assert_eq!(read, shifts);
    let (omitted, lost) = fit_norms(&shifts, &base, FullNorms::Omit).unwrap();
    assert!(omitted.is_empty() && lost == 1.0);

    let (projected, lost) = fit_norms(&shifts, &base, FullNorms::Project).unwrap();
    assert!(
        projected
            .iter()
            .all(|(_, s)| s.kind == ShiftKind::NormScalar)
    );
    let sigma = weight(along).iter().map(|w| w * w).sum::<f32>().sqrt();
    assert!((projected.get(along).unwrap().delta[0] - 0.5 * sigma).abs() < 1e-5);
    assert!(projected.get(across).unwrap().delta[0].abs() < 1e-6);
    let squares = |path: &str| {
        let shift: &Shift = shifts.get(path).unwrap();
        shift.delta.iter().map(|d| f64::from(d * d)).sum::<f64>()
    };
    let expected = squares(across) / (squares(along) + squares(across));
    assert!((lost - expected).abs() < 1e-5, "{lost}, not {expected}");
}

#[test]
fn loras_of_other_programs_give_the_answers_that_they_give_in_pytorch() {
    let Some(small) = Small::new() else { return };
    let lora = small.lora(&file("kohya.safetensors"));
    assert!(lora.unet.values().any(|layer| layer.scale != 1.0));
    let unet = lora::apply(&small.unet, &[(&lora.unet, 1.0)]).unwrap();
    assert!(small.predict(&unet, "kohya.output") <= MARK);
    // Twice half of it, and with a whole one taken off again.
    let parts = [(&lora.unet, 0.5), (&lora.unet, 1.5), (&lora.unet, -1.0)];
    let unet = lora::apply(&small.unet, &parts).unwrap();
    assert!(small.predict(&unet, "kohya.output") <= MARK);

    let lora = small.lora(&file("diffusers.safetensors"));
    let unet = lora::apply(&small.unet, &[(&lora.unet, 1.0)]).unwrap();
    assert!(small.predict(&unet, "diffusers.output") <= MARK);
    let encoder = lora::apply(&small.text_encoder, &[(&lora.text_encoder, 1.0)]).unwrap();
    assert!(small.embed(&encoder, "diffusers.last_hidden_state") <= MARK);
}

/// A LoRA of the matrices that the fixtures' deltas shift, and what the report says.
fn lora_of_the_fixture(small: &Small, rank: usize) -> (Lora, LoraReport) {
    let read = |name: &str, shapes| svdiff_pytorch::read(&file(name), &shapes).unwrap();
    let delta = Delta {
        unet: read(UNET_FILE, layer_shapes(&small.unet).unwrap()),
        text_encoder: read(
            TEXT_ENCODER_FILE,
            layer_shapes(&small.text_encoder).unwrap(),
        ),
        ..Delta::default()
    };
    let bases = [decompose(&small.unet), decompose(&small.text_encoder)];
    pollster::block_on(Lora::from_delta(&delta, &bases[0], Some(&bases[1]), rank)).unwrap()
}

#[test]
fn a_lora_of_full_rank_is_the_delta_without_its_norms() {
    let Some(small) = Small::new() else { return };
    let (lora, report) = lora_of_the_fixture(&small, 32);
    assert_eq!(report.energy(), 1.0);
    assert!(report.clamped > 0 && report.left_out() > 0.0);
    let unet = lora::apply(&small.unet, &[(&lora.unet, 1.0)]).unwrap();
    assert!(small.predict(&unet, "svdiff_without_norms.output") <= MARK);
}

#[test]
fn the_energy_of_a_lora_is_that_of_its_weights_and_rises_with_the_rank() {
    let Some(small) = Small::new() else { return };
    let (whole, _) = lora_of_the_fixture(&small, 32);
    let mut before = 0.0;
    for rank in [1, 2, 5, 16, 32] {
        let (lora, report) = lora_of_the_fixture(&small, rank);
        assert!(report.energy() > before || rank == 32, "{rank}");
        before = report.energy();
        assert!(lora.unet.values().all(|layer| layer.rank <= rank));
        // A cut matrix is the nearest of its rank, so what is left is what was cut.
        let (mut left, mut all) = (0.0, 0.0);
        for (one, other) in [
            (&lora.unet, &whole.unet),
            (&lora.text_encoder, &whole.text_encoder),
        ] {
            for (path, layer) in one {
                let (a, b) = (product(layer), product(&other[path]));
                left += a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
                all += b.iter().map(|y| y * y).sum::<f64>();
            }
        }
        let expected = 1.0 - left / all;
        assert!(
            (report.energy() - expected).abs() < 1e-5,
            "{rank}: {} {expected}",
            report.energy()
        );
    }
}

/// scale · B A.
fn product(layer: &lora::LoraLayer) -> Vec<f64> {
    let fan_in = layer.down.len() / layer.rank;
    let mut product = Vec::new();
    for row in layer.up.chunks_exact(layer.rank) {
        for column in 0..fan_in {
            let terms = row.iter().enumerate();
            let sum: f64 = terms
                .map(|(i, b)| f64::from(*b) * f64::from(layer.down[i * fan_in + column]))
                .sum();
            product.push(f64::from(layer.scale) * sum);
        }
    }
    product
}

#[test]
fn our_lora_files_read_back_as_they_were_written() {
    let Some(small) = Small::new() else { return };
    let (lora, _) = lora_of_the_fixture(&small, 4);
    let shapes = [
        layer_shapes(&small.unet).unwrap(),
        layer_shapes(&small.text_encoder).unwrap(),
    ];
    let shapes = [&shapes[0], &shapes[1]];
    let none = BTreeMap::new();
    let kohya = kohya::write(&lora, shapes, &none, Dtype::F32).unwrap();
    assert_eq!(small.lora(&kohya), lora);
    let diffusers = diffusers::write(&lora, shapes, &none, Dtype::F32).unwrap();
    for (ours, read) in [
        (&lora.unet, small.lora(&diffusers).unet),
        (&lora.text_encoder, small.lora(&diffusers).text_encoder),
    ] {
        assert!(ours.len() == read.len() && !ours.is_empty());
        for (path, layer) in ours {
            assert_eq!(read[path].rank, 4, "{path}: one rank throughout");
            let (a, b) = (product(layer), product(&read[path]));
            assert!(
                a.iter().zip(&b).all(|(x, y)| (x - y).abs() < 1e-6),
                "{path}"
            );
        }
    }
    let header = Header::parse(&kohya, kohya.len() as u64).unwrap();
    let data = &kohya[header.data_start as usize..];
    let hash = Sha256::digest(data);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header.metadata["sshs_model_hash"], hash);
    let shape = |name: &str| header.tensors[name].shape.clone();
    assert_eq!(shape("lora_unet_conv_in.lora_down.weight"), [4, 4, 3, 3]);
    assert_eq!(shape("lora_unet_conv_in.lora_up.weight"), [8, 4, 1, 1]);
    assert_eq!(shape("lora_unet_conv_in.alpha"), [0; 0]);
}
