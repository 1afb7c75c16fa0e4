#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor};
use clap::ValueEnum;
use pollster::block_on;

use crate::model::base_model::BaseModel;
use crate::synthetic::*;
use crate::weights::Files;
use crate::weights::format::safetensors::Dtype;

fn small(kind: Kind) -> Options {
    Options {
        size: Size::Small,
        ..Options::new(kind)
    }
}

/// Writes and loads a synthetic model.
fn load(options: &Options) -> (tempfile::TempDir, BaseModel) {
    let place = tempfile::tempdir().unwrap();
    let (mut done, mut total) = (0, 0);
    write(options, place.path(), &mut |now, all| {
        (done, total) = (now, all)
    })
    .unwrap();
    assert!(done >= total && total > 0);
    let (files, device) = (Files::Folder(place.path().to_owned()), Device::flex());
    let base = block_on(async {
        match options.layout {
            Layout::Folder => BaseModel::load(&files, &device, &mut |_| {}).await,
            Layout::SingleFile => {
                let path = "model.safetensors";
                BaseModel::load_single_file(&files, path, &files, None, &device, &mut |_| {}).await
            }
        }
    });
    (place, base.unwrap())
}

/// What the UNet and the autoencoder answer to the same small latents.
fn answers(base: &BaseModel) -> (Vec<f32>, Vec<f32>) {
    let latents = Tensor::<4>::ones([1, 4, 8, 8], base.device()) * 0.3;
    let text = base.embed(&["a photo of a robot".to_owned()]);
    let times = Tensor::full([1], 500.0, base.device());
    let read = |x: Tensor<4>| x.into_data().try_to_vec::<f32>().unwrap();
    let noise = base.unet.forward(latents.clone(), times, text);
    (read(noise), read(base.decode(latents, false)))
}

#[test]
fn every_base_loads_and_answers_within_f16() {
    for kind in Kind::value_variants() {
        if matches!(kind, Kind::Taesd | Kind::LcmLora) {
            continue;
        }
        let (_place, base) = load(&small(*kind));
        assert_eq!(base.picture_size(), 64, "{kind:?}");
        let prompt = base.tokenizer.encode("a photo of a cat, Ünïcödé 42!");
        assert_eq!(prompt.len(), 77);
        assert!(base.tokenizer.is_whole_word("sks") && base.tokenizer.is_whole_word("robot"));
        let (noise, picture) = answers(&base);
        for values in [noise, picture] {
            let largest = values.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
            assert!((1e-3..1e3).contains(&largest), "{kind:?}: {largest}");
        }
    }
}

#[test]
fn one_file_and_shards_and_a_folder_are_the_same_base() {
    for kind in [Kind::Sd15, Kind::BkSdmTiny, Kind::SdTurbo, Kind::Lcm] {
        let (_place, folder) = load(&small(kind));
        let (_place, file) = load(&Options {
            layout: Layout::SingleFile,
            ..small(kind)
        });
        assert_eq!(folder.hash, file.hash, "{kind:?}");
        if kind == Kind::SdTurbo {
            // The pad token too, which the checkpoint does not hold.
            assert_eq!(folder.tokenizer.encode("cat"), file.tokenizer.encode("cat"));
        }
        assert_eq!(answers(&folder), answers(&file), "{kind:?}");
    }
    let (_place, whole) = load(&small(Kind::BkSdmTiny));
    let (place, shards) = load(&Options {
        shards: 3,
        variant: Some("fp16".into()),
        ..small(Kind::BkSdmTiny)
    });
    assert_eq!(whole.hash, shards.hash);
    let shard = "unet/diffusion_pytorch_model.fp16-00003-of-00003.safetensors";
    assert!(place.path().join(shard).is_file());
    let (_place, other) = load(&Options {
        seed: 1,
        ..small(Kind::BkSdmTiny)
    });
    assert_ne!(whole.hash, other.hash);
    let (_place, wide) = load(&Options {
        dtype: Dtype::BF16,
        ..small(Kind::BkSdmTiny)
    });
    assert_ne!(whole.hash, wide.hash);
}

#[test]
fn a_checkpoint_needs_a_tokenizer_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let options = Options {
        layout: Layout::SingleFile,
        ..small(Kind::BkSdmTiny)
    };
    write(&options, place.path(), &mut |_, _| {}).unwrap();
    let files = Files::Folder(place.path().to_owned());
    let elsewhere = tempfile::tempdir().unwrap();
    let load = |tokenizer: &Path| {
        let tokenizer = Files::Folder(tokenizer.to_owned());
        let device = Device::flex();
        let path = "model.safetensors";
        block_on(BaseModel::load_single_file(
            &files,
            path,
            &tokenizer,
            Some(crate::model::config::PredictionType::VPrediction),
            &device,
            &mut |_| {},
        ))
    };
    let error = load(elsewhere.path()).unwrap_err().to_string();
    assert!(error.contains("vocab.json"), "{error}");
    // The folder itself, or the one that has it.
    load(place.path()).unwrap();
    let base = load(&place.path().join("tokenizer")).unwrap();
    assert_eq!(
        base.scheduler.prediction_type,
        crate::model::config::PredictionType::VPrediction
    );
    assert_eq!(base.id, "model");
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is() {
    let place = tempfile::tempdir().unwrap();
    let refused = |options: &Options| write(options, place.path(), &mut |_, _| {}).is_err();
    let single = Layout::SingleFile;
    assert!(refused(&Options {
        layout: single,
        ..small(Kind::Taesd)
    }));
    assert!(refused(&Options {
        layout: single,
        shards: 2,
        ..small(Kind::Sd15)
    }));
    assert!(refused(&Options {
        shards: 0,
        ..small(Kind::Sd15)
    }));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    std::fs::write(place.path().join("mine"), b"").unwrap();
    assert!(refused(&small(Kind::Taesd)));
}

#[test]
fn pictures_take_the_size_that_is_set() {
    let (_place, mut base) = load(&small(Kind::Sd15));
    for pixels in [0, 8, 65, 100, 4096] {
        let error = base.set_picture_size(pixels).unwrap_err().to_string();
        assert!(error.contains("multiple of 64"), "{error}");
    }
    base.set_picture_size(128).unwrap();
    assert_eq!((base.picture_size(), base.latent_size()), (128, 16));
}

#[test]
fn guidance_is_told_to_a_model_that_has_it_within() {
    use core::ops::ControlFlow;

    use crate::generate::{GenerateConfig, generate};
    use crate::sampler::SamplerKind;

    let latents = |base: &BaseModel, guidance_scale: f64| {
        let settings = GenerateConfig {
            prompt: "a robot".into(),
            sampler: SamplerKind::Lcm,
            num_inference_steps: 1,
            guidance_scale,
            ..GenerateConfig::default()
        };
        let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
        let made = generate(base, &base.unet, &settings, None, &mut go_on);
        block_on(made).unwrap().latents
    };
    let (_place, base) = load(&small(Kind::Lcm));
    assert_eq!(
        base.unet.guidance_embedding(8.5, 2).unwrap().dims(),
        [2, 256]
    );
    assert_ne!(latents(&base, 1.5), latents(&base, 8.5));
    // With the layer's weights gone, the scale changes nothing: the model is asked once.
    let mut deaf = base.clone();
    let cond_proj = deaf.unet.time_embedding.cond_proj.as_mut().unwrap();
    cond_proj.weight =
        crate::model::layers::Weight::Full(Tensor::zeros([32, 256], base.device()).into());
    assert_eq!(latents(&deaf, 1.5), latents(&deaf, 8.5));
    let (_place, other) = load(&small(Kind::Sd15));
    assert!(other.unet.guidance_embedding(8.5, 2).is_none());
}

#[test]
fn an_inpainting_model_is_called_one() {
    let place = tempfile::tempdir().unwrap();
    write(&small(Kind::BkSdmTiny), place.path(), &mut |_, _| {}).unwrap();
    let config = place.path().join("unet/config.json");
    let json = std::fs::read_to_string(&config).unwrap();
    let nine = json.replace("\"in_channels\": 4", "\"in_channels\": 9");
    assert_ne!(json, nine);
    std::fs::write(config, nine).unwrap();
    let files = Files::Folder(place.path().to_owned());
    let error = block_on(BaseModel::load(&files, &Device::flex(), &mut |_| {}));
    assert!(error.unwrap_err().to_string().contains("inpainting"));
}
