//! The tiny autoencoder against diffusers (fixtures of vae_tiny.py).

use core::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use deltabooth::Result;
use deltabooth::generate::{GenerateConfig, Generated, generate};
use deltabooth::model::autoencoder_tiny::AutoencoderTiny;
use deltabooth::model::base_model::BaseModel;
use deltabooth::model::config::VaeTinyConfig;
use deltabooth::weights::Files;

use crate::tensors::{Fixture, relative};

#[test]
fn the_tiny_autoencoder_encodes_and_decodes_as_that_of_diffusers() {
    let Some(folder) = crate::fixture("vae_tiny") else {
        return;
    };
    let config = VaeTinyConfig::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let device = Device::flex();
    let file = Fixture::open(&folder.join("diffusion_pytorch_model.safetensors"));
    let mut weights = file.weights(&device, str::to_owned);
    let vae = AutoencoderTiny::load(&config, &mut weights).unwrap();
    weights.finish().unwrap();
    assert_eq!((vae.scaling_factor(), config.scale()), (0.9, 4));

    let io = Fixture::open(&folder.join("io.safetensors"));
    let tensor = |name: &str| io.tensor::<4>(name, &device);
    let holds = |what: &str, ours: Tensor<4>| {
        let error = relative(ours, tensor(what));
        println!("tiny {what}: {error:.1e}");
        assert!(error <= 5e-5, "{what}: {error:e}");
    };
    holds("latents", vae.encode(tensor("pictures")));
    let scaled = vae.scale_latents(tensor("given"));
    holds("scaled", scaled.clone());
    holds("unscaled", vae.unscale_latents(scaled));
    holds("decoded", vae.decode(tensor("given")));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn load(folder: &Path) -> Result<BaseModel> {
    let files = Files::Folder(folder.to_owned());
    pollster::block_on(BaseModel::load(&files, &Device::flex(), &mut |_| {}))
}

fn make(base: &BaseModel, preview: bool) -> Generated {
    let settings = GenerateConfig {
        prompt: "a dog".into(),
        num_inference_steps: 2,
        guidance_scale: 7.5,
        preview,
        ..GenerateConfig::default()
    };
    let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
    pollster::block_on(generate(base, &base.unet, &settings, None, &mut go_on)).unwrap()
}

#[test]
fn a_base_with_a_tiny_autoencoder_previews_with_it_and_stays_the_same_base() {
    let Some(tiny) = crate::fixture("vae_tiny") else {
        return;
    };
    let embedded = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/base");
    let place = tempfile::tempdir().unwrap();
    copy(&embedded, place.path());
    copy(&tiny, &place.path().join("vae_tiny"));
    let index = place.path().join("model_index.json");
    let named = std::fs::read(&index).unwrap();
    let mut parts: serde_json::Value = serde_json::from_slice(&named).unwrap();
    let removed = parts.as_object_mut().unwrap().remove("vae_tiny");
    assert!(removed.is_some(), "the embedded base has one");
    std::fs::write(&index, parts.to_string()).unwrap();
    let plain = load(place.path()).unwrap();
    assert!(
        plain.vae_tiny.is_none(),
        "model_index.json does not name it"
    );

    std::fs::write(&index, named).unwrap();
    let base = load(place.path()).unwrap();
    assert_eq!(base.hash, plain.hash, "deltas still fit");
    assert_eq!(make(&base, false), make(&plain, false));
    assert_eq!(make(&plain, true), make(&plain, false));
    let preview = make(&base, true);
    let latents = Tensor::<4>::from_data(
        TensorData::new(preview.latents, preview.latents_shape),
        &Device::flex(),
    );
    let by_tiny = base.vae_tiny.as_ref().unwrap().decode(latents / 0.9);
    let by_tiny = (by_tiny / 2.0 + 0.5).clamp(0.0, 1.0).into_data();
    assert_eq!(preview.images, by_tiny.try_to_vec::<f32>().unwrap());

    let config = place.path().join("vae_tiny/config.json");
    let other = std::fs::read_to_string(&config)
        .unwrap()
        .replace(r#""latent_channels": 4"#, r#""latent_channels": 16"#);
    std::fs::write(&config, other).unwrap();
    let message = load(place.path()).unwrap_err().to_string();
    assert!(
        message.contains("vae_tiny") && message.contains("16"),
        "{message}"
    );
}
