//! The text encoder against transformers' `CLIPTextModel` (fixtures of text_encoder.py).

use std::path::Path;

use burn::tensor::Device;
use deltabooth::model::clip::ClipTextModel;
use deltabooth::model::config::ClipTextConfig;
use deltabooth::model::layers::{LayerMut, Weight};
use deltabooth::weights::{BaseHash, Files, Place};

use crate::tensors::{Fixture, relative};

/// One as OpenAI's, without the root that transformers 5 leaves out; one as OpenCLIP's, in the
/// names of older checkpoints and with their buffer.
const SHAPES: [&str; 2] = ["text_encoder_sd1", "text_encoder_sd2"];
/// The mark for F32 on the CPU.
const MARK: f64 = 5e-5;

pub fn load(folder: &Path) -> ClipTextModel {
    let config =
        ClipTextConfig::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let files = Files::Folder(folder.to_owned());
    let (place, mut hash) = (Place::from(&Device::flex()), BaseHash::new());
    let mut quiet = |_, _| ();
    let weights = files.weights(
        "model.safetensors",
        "text_encoder",
        &place,
        &mut hash,
        &mut quiet,
    );
    let mut weights = pollster::block_on(weights).unwrap();
    let model = ClipTextModel::load(&config, &mut weights).unwrap();
    weights.finish().unwrap();
    model
}

#[test]
fn text_encoders_answer_as_those_of_transformers() {
    for name in SHAPES {
        let Some(folder) = crate::fixture(name) else {
            continue;
        };
        let (model, device) = (load(&folder), Device::flex());
        let io = Fixture::open(&folder.join("io.safetensors"));
        for prefix in ["", "short."] {
            let ids = io.tensor::<2>(&format!("{prefix}input_ids"), &device).int();
            let expected = io.tensor::<3>(&format!("{prefix}last_hidden_state"), &device);
            let error = relative(model.forward(ids), expected);
            println!("{name} {prefix}last_hidden_state: {error:.1e}");
            assert!(error <= MARK, "{name} {prefix}last_hidden_state: {error:e}");
        }
    }
}

#[test]
fn the_layers_have_the_paths_of_published_checkpoints() {
    for name in SHAPES {
        let Some(folder) = crate::fixture(name) else {
            continue;
        };
        let mut model = load(&folder);
        let io = Fixture::open(&folder.join("io.safetensors"));
        let expected: Vec<String> = serde_json::from_str(&io.header.metadata["modules"]).unwrap();
        let mut found = Vec::new();
        model
            .visit_mut(&mut |path, layer| {
                let shape = match layer {
                    LayerMut::Linear(linear) => match &linear.weight {
                        Weight::Full(weight) => weight.dims().to_vec(),
                        Weight::Factored { .. } => panic!("{path} has factors already"),
                    },
                    LayerMut::Conv2d(_) => panic!("{path}: there is no convolution"),
                    LayerMut::Norm(weight) => weight.dims().to_vec(),
                    LayerMut::Embedding(weight) => weight.dims().to_vec(),
                };
                found.push(format!("{path} {shape:?}"));
                Ok(())
            })
            .unwrap();
        assert!(found.len() > 10);
        assert_eq!(found, expected, "{name}");
    }
}
