//! Inversion on the embedded base: a picture becomes noise, and the noise that picture again.
#![cfg(feature = "booth")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use core::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use deltabooth::edit::{EditConfig, edit, encode, invert};
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture::decode;
use deltabooth::weights::Files;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("static")
        .join(name)
}

fn base() -> BaseModel {
    let files = Files::Folder(folder("base"));
    pollster::block_on(BaseModel::load(&files, &Device::flex(), &mut |_| {})).unwrap()
}

/// A sample picture as the base takes it.
fn picture(base: &BaseModel, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder("subjects").join(name)).unwrap();
    let size = base.picture_size() as u32;
    decode(&bytes).unwrap().square(0.5, size).to_model()
}

fn settings(prompt: &str, refinements: usize) -> EditConfig {
    EditConfig {
        prompt: prompt.into(),
        target_prompt: prompt.into(),
        // The edited picture is then the reconstruction once more.
        guidance_scale: 1.0,
        eta: 0.0,
        refinements,
        ..EditConfig::default()
    }
}

#[test]
fn inversion_then_sampling_at_guidance_1_gives_the_picture_back() {
    let base = base();
    let refinements = EditConfig::default().refinements;
    assert_eq!(EditConfig::default().steps, 50);
    for (name, prompt) in [
        ("dog/0.png", "photo of a dog"),
        ("robot/1.png", "photo of a robot"),
        ("castle/0.png", "photo of a castle"),
    ] {
        let picture = picture(&base, name);
        let edited = |refinements| {
            let settings = settings(prompt, refinements);
            let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
            pollster::block_on(edit(&base, &base.unet, &picture, &settings, &mut go_on)).unwrap()
        };
        let (plain, refined) = (edited(0), edited(refinements));
        println!(
            "{name}: lost {:.4} by plain inversion, {:.4} by {refinements} iteration(s) a step",
            plain.lost, refined.lost
        );
        assert!(refined.lost <= 0.05, "{name}: {}", refined.lost);
        assert!(refined.lost < plain.lost, "{name}");
        assert_eq!(
            refined.edited, refined.reconstruction,
            "an edit that asks for the same picture"
        );
    }
}

#[test]
fn the_noise_of_a_picture_is_about_standard_normal() {
    let base = base();
    let latents = encode(&base, &picture(&base, "robot/1.png")).unwrap();
    let settings = EditConfig {
        num_inference_steps: 20,
        ..settings("photo of a robot", 1)
    };
    let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
    let noise: Tensor<4> =
        pollster::block_on(invert(&base, &base.unet, latents, &settings, &mut go_on)).unwrap();
    let values: Vec<f32> = noise.into_data().try_to_vec().unwrap();
    let square = values.iter().map(|x| x * x).sum::<f32>() / values.len() as f32;
    assert!((0.8..1.25).contains(&square.sqrt()), "{}", square.sqrt());
}

#[test]
fn a_stopped_edit_ends_at_once() {
    let base = base();
    let picture = picture(&base, "dog/0.png");
    let mut seen = Vec::new();
    let mut stop = async |done: usize, total: usize| {
        seen.push((done, total));
        ControlFlow::Break(())
    };
    let settings = settings("photo of a dog", 0);
    let result = pollster::block_on(edit(&base, &base.unet, &picture, &settings, &mut stop));
    assert_eq!(result.unwrap_err(), deltabooth::Error::Cancelled);
    assert_eq!(seen, [(1, 150)]);
}
