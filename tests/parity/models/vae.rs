//! The autoencoder against diffusers (fixtures of vae.py).

use std::path::Path;

use burn::tensor::{Device, Tensor};
use deltabooth::Result;
use deltabooth::model::autoencoder_kl::AutoencoderKL;
use deltabooth::model::config::VaeConfig;

use crate::tensors::{Fixture, relative};

/// The mark for F32 on the CPU.
const MARK: f64 = 5e-5;

fn load(folder: &Path, rename: impl Fn(&str) -> String) -> Result<AutoencoderKL> {
    let config = VaeConfig::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let file = Fixture::open(&folder.join("diffusion_pytorch_model.safetensors"));
    let mut weights = file.weights(&Device::flex(), rename);
    let vae = AutoencoderKL::load(&config, &mut weights)?;
    weights.finish()?;
    assert_eq!(vae.scaling_factor(), config.scaling_factor);
    Ok(vae)
}

fn holds(what: &str, ours: Tensor<4>, theirs: Tensor<4>) {
    let error = relative(ours, theirs);
    println!("{what}: {error:.1e}");
    assert!(error <= MARK, "{what}: {error:e}");
}

#[test]
fn autoencoders_encode_sample_and_decode_as_those_of_diffusers() {
    for name in ["vae", "vae_plain"] {
        let Some(folder) = crate::fixture(name) else {
            continue;
        };
        let vae = load(&folder, str::to_owned).unwrap();
        let io = Fixture::open(&folder.join("io.safetensors"));
        let tensor = |name: &str| io.tensor::<4>(name, &Device::flex());
        let moments = vae.encode(tensor("pictures"));
        holds("mean", moments.mean.clone(), tensor("mean"));
        holds(
            "log-variance",
            moments.log_variance.clone(),
            tensor("log_variance"),
        );
        let sampled = moments.sample(tensor("noise"));
        // The last channel of `vae` has a variance that would drown the others.
        for channel in 0..4 {
            let one = |x: &Tensor<4>| x.clone().narrow(1, channel, 1);
            holds("sampled", one(&sampled), one(&tensor("sampled")));
        }
        holds("decoded", vae.decode(tensor("latents")), tensor("decoded"));
    }
}

#[test]
fn in_tiles_they_encode_and_decode_as_those_of_diffusers() {
    let Some(folder) = crate::fixture("vae") else {
        return;
    };
    let mut vae = load(&folder, str::to_owned).unwrap();
    let io = Fixture::open(&folder.join("io.safetensors"));
    let tiled = Fixture::open(&folder.join("tiled.safetensors"));
    let tensor = |from: &Fixture, name: &str| from.tensor::<4>(name, &Device::flex());
    vae.set_tiling(Some(16)).unwrap();
    let mean = vae.encode(tensor(&io, "pictures")).mean;
    holds("mean", mean, tensor(&tiled, "mean"));
    let decoded = vae.decode(tensor(&io, "latents"));
    holds("decoded", decoded, tensor(&tiled, "decoded"));

    let whole = vae.decode(tensor(&io, "latents").narrow(2, 0, 8).narrow(3, 0, 8));
    vae.set_tiling(None).unwrap();
    let small = tensor(&io, "latents").narrow(2, 0, 8).narrow(3, 0, 8);
    assert_eq!(
        relative(whole, vae.decode(small)),
        0.0,
        "a single tile is the whole"
    );
    holds(
        "whole again",
        vae.decode(tensor(&io, "latents")),
        tensor(&io, "decoded"),
    );
    assert!(vae.set_tiling(Some(12)).is_err() && vae.set_tiling(Some(0)).is_err());
}

#[test]
fn the_log_variance_stays_within_its_bounds() {
    let Some(folder) = crate::fixture("vae") else {
        return;
    };
    let vae = load(&folder, str::to_owned).unwrap();
    let io = Fixture::open(&folder.join("io.safetensors"));
    let moments = vae.encode(io.tensor("pictures", &Device::flex()));
    let values: Vec<f32> = moments.log_variance.into_data().try_to_vec().unwrap();
    assert!(values.contains(&-30.0) && values.contains(&20.0));
    assert!(values.iter().all(|x| (-30.0..=20.0).contains(x)));
}

#[test]
fn the_old_names_of_the_attention_are_understood() {
    let Some(folder) = crate::fixture("vae") else {
        return;
    };
    let old = |name: &str| {
        name.replace("to_q", "query")
            .replace("to_k", "key")
            .replace("to_v", "value")
            .replace("to_out.0", "proj_attn")
    };
    let vae = load(&folder, old).unwrap();
    let io = Fixture::open(&folder.join("io.safetensors"));
    let tensor = |name: &str| io.tensor::<4>(name, &Device::flex());
    holds("mean", vae.encode(tensor("pictures")).mean, tensor("mean"));
    holds("decoded", vae.decode(tensor("latents")), tensor("decoded"));
}

#[test]
fn a_missing_attention_weight_is_named_as_it_is_now_called() {
    let Some(folder) = crate::fixture("vae") else {
        return;
    };
    let lost = |name: &str| name.replace("encoder.mid_block.attentions.0.to_q", "elsewhere");
    let message = load(&folder, lost).unwrap_err().to_string();
    assert!(
        message.contains("'encoder.mid_block.attentions.0.to_q.weight'"),
        "{message}"
    );
}
