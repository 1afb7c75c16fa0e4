//! The tiny autoencoder against diffusers (fixtures of vae_tiny.py).

use burn::tensor::{Device, Tensor};
use deltabooth::model::autoencoder_tiny::AutoencoderTiny;
use deltabooth::model::config::VaeTinyConfig;

use super::tensors::{Fixture, relative};

#[test]
fn the_tiny_autoencoder_encodes_and_decodes_as_that_of_diffusers() {
    let Some(folder) = super::fixture("vae_tiny") else {
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
