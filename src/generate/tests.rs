//! Tests of the sampling loop, without a model.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::Device;

use super::*;
use crate::model::config::SchedulerConfig;
use crate::sampler::NoiseSchedule;
use crate::sampler::SamplerKind;

fn sampler(kind: SamplerKind, eta: f64) -> Sampler {
    let config =
        SchedulerConfig::parse(br#"{"beta_schedule":"scaled_linear","clip_sample":false}"#)
            .unwrap();
    Sampler::new(kind, NoiseSchedule::new(&config).unwrap(), 4, eta).unwrap()
}

fn numbers(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// A run of the pictures `first..first + batch` of seed 5.
fn run(first: usize, batch: usize, kind: SamplerKind, eta: f64) -> Vec<f32> {
    let like = Tensor::<1>::zeros([1], &Device::flex());
    let start = draw(
        &mut streams(5, first, batch, LATENTS_STREAM),
        [batch, 4, 2, 2],
        &like,
    );
    let mut variance = streams(5, first, batch, VARIANCE_STREAM);
    let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
    let predict = |latents: Tensor<4>, timestep: f32| latents * 0.9 - timestep * 1e-4;
    numbers(
        pollster::block_on(denoise(
            &mut sampler(kind, eta),
            start,
            &mut variance,
            predict,
            &mut go_on,
        ))
        .unwrap(),
    )
}

#[test]
fn a_picture_does_not_depend_on_how_many_others_are_made() {
    for (kind, eta) in [
        (SamplerKind::Ddim, 0.0),
        (SamplerKind::Ddim, 0.7),
        (SamplerKind::Euler, 0.0),
        (SamplerKind::EulerAncestral, 0.0),
        (SamplerKind::DpmSolverMultistep, 0.0),
        (SamplerKind::Lcm, 0.0),
    ] {
        let together = run(0, 3, kind, eta);
        let apart: Vec<f32> = (0..3)
            .flat_map(|picture| run(picture, 1, kind, eta))
            .collect();
        assert_eq!(together, apart, "{kind:?}");
        assert_ne!(together[..16], together[16..32], "{kind:?}");
    }
    let ddim = |eta| run(0, 1, SamplerKind::Ddim, eta);
    assert_ne!(ddim(0.0), ddim(0.7), "eta must add noise");
}

#[test]
fn a_run_stops_at_the_step_that_asks_for_it() {
    let mut seen = Vec::new();
    let mut stop = async |done: usize, total: usize| {
        seen.push((done, total));
        if done == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let start = Tensor::zeros([1, 4, 2, 2], &Device::flex());
    let result = pollster::block_on(denoise(
        &mut sampler(SamplerKind::Ddim, 0.0),
        start,
        &mut [],
        |latents, _| latents,
        &mut stop,
    ));
    assert_eq!(result.unwrap_err(), Error::Cancelled);
    assert_eq!(seen, [(1, 4), (2, 4)]);
}

#[test]
fn guidance_leads_away_from_the_negative_prompt() {
    let both = Tensor::<4>::from_data(
        TensorData::new(vec![1.0_f32, 2.0, 3.0, 0.0], [2, 1, 1, 2]),
        &Device::flex(),
    );
    assert_eq!(numbers(guide(both.clone(), 1.0)), [3.0, 0.0]);
    assert_eq!(numbers(guide(both, 7.5)), [16.0, -13.0]);
}

#[test]
fn settings_that_cannot_work_are_refused_with_their_value() {
    assert_eq!(GenerateConfig::default().check(), Ok(()));
    for (config, word) in [
        (
            GenerateConfig {
                num_images_per_prompt: 0,
                ..Default::default()
            },
            "0 pictures",
        ),
        (
            GenerateConfig {
                num_images_per_prompt: 257,
                ..Default::default()
            },
            "257 pictures",
        ),
        (
            GenerateConfig {
                guidance_scale: f64::NAN,
                ..Default::default()
            },
            "NaN",
        ),
        (
            GenerateConfig {
                guidance_scale: -1.0,
                ..Default::default()
            },
            "-1",
        ),
        (
            GenerateConfig {
                eta: 1.5,
                ..Default::default()
            },
            "1.5",
        ),
        (
            GenerateConfig {
                sampler: SamplerKind::Euler,
                eta: 0.5,
                ..Default::default()
            },
            "only the sampler ddim",
        ),
    ] {
        let error = config.check().unwrap_err();
        assert!(
            matches!(&error, Error::Settings(text) if text.contains(word)),
            "{error}"
        );
    }
}

#[test]
fn settings_written_before_there_were_samplers_mean_ddim() {
    let old: GenerateConfig = serde_json::from_str(r#"{"prompt":"a dog","steps":7}"#).unwrap();
    assert_eq!(
        (old.sampler, old.num_inference_steps),
        (SamplerKind::Ddim, 7)
    );
    let new = r#"{"sampler":"dpm_solver_multistep"}"#;
    let new: GenerateConfig = serde_json::from_str(new).unwrap();
    assert_eq!(new.sampler, SamplerKind::DpmSolverMultistep);
}

#[test]
fn lcm_with_strong_guidance_is_commented_on() {
    let lcm = |guidance_scale| GenerateConfig {
        sampler: SamplerKind::Lcm,
        guidance_scale,
        ..Default::default()
    };
    assert!(lcm(7.5).warning().is_some());
    assert_eq!(lcm(1.5).warning(), None);
    assert_eq!(GenerateConfig::default().warning(), None);
}

#[test]
fn starting_noise_of_another_shape_is_refused() {
    let noise = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &Device::flex());
    assert_eq!(latents_shape(12, 3, None).unwrap(), [3, 4, 12, 12]);
    assert_eq!(
        latents_shape(12, 2, Some(&noise([2, 4, 12, 16]))).unwrap(),
        [2, 4, 12, 16]
    );
    for shape in [
        [1, 4, 12, 12],
        [2, 3, 12, 12],
        [2, 4, 12, 13],
        [2, 4, 0, 12],
    ] {
        let error = latents_shape(12, 2, Some(&noise(shape))).unwrap_err();
        assert!(error.to_string().contains(&format!("{shape:?}")), "{error}");
    }
}

#[test]
fn pictures_become_bytes_as_in_diffusers() {
    let generated = Generated {
        latents: vec![],
        latents_shape: [2, 4, 0, 0],
        images: vec![0.0, 1.0, 0.5, 0.25, 0.1, 0.9, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        images_shape: [2, 3, 1, 2],
        attention: Vec::new(),
    };
    assert_eq!(
        generated.picture(0).unwrap().rgb(),
        [0, 128, 26, 255, 64, 230]
    );
    assert_eq!(generated.picture(1).unwrap().rgb(), [255, 0, 0, 0, 0, 0]);
    assert!(generated.picture(2).is_err());
}

/// The embedded base and a prompt for it.
fn with_word(attend_to: &str) -> Result<Generated> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/base");
    let config = GenerateConfig {
        prompt: "photo of a dog on the left and a teddy bear on the right".into(),
        attend_to: attend_to.into(),
        num_inference_steps: 3,
        guidance_scale: 4.0,
        num_images_per_prompt: 2,
        ..GenerateConfig::default()
    };
    pollster::block_on(async {
        let files = crate::weights::Files::Folder(folder.into());
        let base = BaseModel::load(&files, &Device::flex(), &mut |_| {}).await?;
        let mut go_on = async |_: usize, _: usize| ControlFlow::Continue(());
        generate(&base, &base.unet, &config, None, &mut go_on).await
    })
}

#[test]
fn asking_where_a_word_looks_changes_no_picture_and_gives_a_map_of_each() {
    let (plain, seen) = (with_word("").unwrap(), with_word("Teddy Bear").unwrap());
    assert_eq!(plain.images, seen.images);
    assert!(plain.attention.is_empty() && plain.attention_picture(0).is_err());
    let [count, _, height, width] = seen.latents_shape;
    assert_eq!(seen.attention.len(), count * height * width);
    for map in seen.attention.chunks(height * width) {
        assert!(map.contains(&0.0) && map.iter().any(|x| (x - 1.0).abs() < 1e-6));
        assert!(map.iter().all(|x| (0.0..=1.0).contains(x)));
    }
    assert!(seen.attention_picture(1).is_ok());
    let error = with_word("cat").unwrap_err().to_string();
    assert!(error.contains("'cat' is not in the prompt"), "{error}");
}
