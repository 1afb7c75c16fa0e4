//! Models with random weights, and batches for them.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use deltabooth::config::collage::{Collage, Half, Layout};
use deltabooth::model::base_model::BaseModel;
use deltabooth::model::config::{SchedulerConfig, UNetConfig};
use deltabooth::model::layer_info::unet::unet_layers;
use deltabooth::model::layers::{LayerForm, LayerMut, Weight};
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::ops::matmul::stored_matrix::Matrix;
use deltabooth::sampler::{Noise, NoiseSchedule};
use deltabooth::spectral::DecomposedModel;
use deltabooth::spectral::shift::NormShift;
use deltabooth::train::loss::unmix::Regions;
use deltabooth::train::loss::{Batch, Text};
use deltabooth::train::trainable_models::Tunable;
use deltabooth::weights::{Files, Place, Stored, Weights};

/// SubjectWords of a caption.
pub const TOKENS: usize = 7;

pub fn embedded_base() -> BaseModel {
    embedded_base_stored(Stored::F32)
}

pub fn embedded_base_stored(stored: Stored) -> BaseModel {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = Files::Folder(root.join("static/base"));
    let place = Place::new(&Device::flex(), stored);
    let load = async { BaseModel::load(&files, place, &mut |_| {}).await };
    pollster::block_on(load).unwrap()
}

pub fn config(json: &[u8]) -> UNetConfig {
    UNetConfig::parse(json).unwrap()
}

/// The UNet that `config` describes, its weights such that every layer keeps its input's size.
pub fn unet(config: &UNetConfig) -> UNet2DConditionModel {
    let mut noise = Noise::new(0, 0);
    let mut tensors = BTreeMap::new();
    let mut add = |name: String, shape: Vec<usize>, middle: f32, spread: f32| {
        let values = noise.normal(shape.iter().product());
        let values: Vec<f32> = values.iter().map(|x| middle + spread * x).collect();
        let values = Tensor::<1>::from_data(values.as_slice(), &Device::flex());
        tensors.insert(name, (shape, values));
    };
    for layer in unet_layers(config) {
        let ([_, cols], path) = (layer.matrix(), &layer.path);
        let spread = (cols as f32).sqrt().recip();
        let (middle, spread) = match layer.form() {
            LayerForm::Norm => (1.0, 0.1),
            _ => (0.0, spread),
        };
        add(format!("{path}.weight"), layer.shape.dims(), middle, spread);
        if layer.bias {
            add(
                format!("{path}.bias"),
                vec![layer.shape.bias_len()],
                0.0,
                0.1,
            );
        }
    }
    let mut weights = Weights::new("random", tensors);
    let unet = UNet2DConditionModel::load(config, &mut weights).unwrap();
    weights.finish().unwrap();
    unet
}

/// The same with its matrices stored so.
pub fn stored(mut unet: UNet2DConditionModel, stored: Stored) -> UNet2DConditionModel {
    let store = |_: &str, layer: LayerMut<'_>| {
        let weight = match layer {
            LayerMut::Linear(linear) => &mut linear.weight,
            LayerMut::Conv2d(conv) => &mut conv.weight,
            LayerMut::Norm(_) | LayerMut::Embedding(_) => return Ok(()),
        };
        if let Weight::Full(matrix) = weight {
            *matrix = Matrix::rounded(matrix.f32(), stored);
        }
        Ok(())
    };
    unet.visit_mut(&mut { store }).unwrap();
    unet
}

/// With U and V stored as the weights are.
pub fn tunable(unet: &UNet2DConditionModel, norms: NormShift) -> Tunable {
    let spectral = DecomposedModel::decompose(unet, "0", async |_, _| Ok(()));
    let spectral = pollster::block_on(spectral).unwrap();
    let Weight::Full(weight) = &unet.conv_in.weight else {
        panic!("the weights are whole")
    };
    let spectral = spectral.stored_as(weight.stored());
    Tunable::from(spectral.shifted_model(unet, norms).unwrap())
}

/// A δ that closes some shifts.
pub fn delta(model: &Tunable) -> Tensor<1> {
    let values = Noise::new(1, 0).normal(model.len());
    Tensor::from_data(TensorData::new(values, [model.len()]), &Device::flex()) * 0.05
}

pub fn schedule() -> NoiseSchedule {
    let schedule = br#"{"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear"}"#;
    NoiseSchedule::new(&SchedulerConfig::parse(schedule).unwrap()).unwrap()
}

/// `count` samples of `side` × `side` latents, of which the first `subjects` show the subject.
pub fn batch(config: &UNetConfig, count: usize, subjects: usize, side: usize) -> Batch {
    let mut noise = Noise::new(2, 0);
    let mut random = |shape: &[usize]| {
        let values = noise.normal(shape.iter().product());
        TensorData::new(values, shape.to_vec())
    };
    let (shape, device) = ([count, config.in_channels, side, side], Device::flex());
    let channels = config.cross_attention_dim[0];
    let text = Tensor::from_data(random(&[count, TOKENS, channels]), &device);
    Batch {
        latents: Tensor::from_data(random(&shape), &device),
        noise: Tensor::from_data(random(&shape), &device),
        timesteps: (0..count).map(|i| 100 + 777 * i % 900).collect(),
        text: Text::Embeddings(text),
        subjects,
        regions: vec![None; subjects],
    }
}

/// Left and right; words 1 and 2 on the left, 4 on the right.
pub fn regions() -> Regions {
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

/// A quarter of Stable Diffusion 1.5's channels, one layer in each block.
pub const MIDDLE: &[u8] = br#"{"in_channels":4,"out_channels":4,"sample_size":32,
    "down_block_types":["CrossAttnDownBlock2D","CrossAttnDownBlock2D","CrossAttnDownBlock2D","DownBlock2D"],
    "up_block_types":["UpBlock2D","CrossAttnUpBlock2D","CrossAttnUpBlock2D","CrossAttnUpBlock2D"],
    "block_out_channels":[64,96,128,128],"layers_per_block":1,"attention_head_dim":4,
    "cross_attention_dim":64,"norm_num_groups":8}"#;
