//! The embedded base model against diffusers: every part, and 25 DDIM steps.

use core::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use deltabooth::check::{compare, reference};
use deltabooth::model::base_model::BaseModel;
use deltabooth::sampler::SamplerKind;
use deltabooth::weights::Files;
use deltabooth::weights::catalogue::Catalogue;
use deltabooth::worker::protocol::Prediction;
use serde_json::Value;

#[test]
fn the_embedded_base_answers_as_that_of_diffusers() {
    let files = Files::Folder(Path::new(env!("CARGO_MANIFEST_DIR")).join("static/base"));
    pollster::block_on(async {
        let base = BaseModel::load(&files, &Device::flex(), &mut |_| {})
            .await
            .unwrap();
        let reference = reference(&files, &base).await.unwrap();
        let mut steps = 0;
        let found = compare(&base, reference, &mut async |_, _| {
            steps += 1;
            ControlFlow::Continue(())
        })
        .await
        .unwrap();
        let parts: Vec<_> = found.iter().map(|difference| difference.part).collect();
        assert_eq!(
            parts,
            ["text_encoder", "unet", "vae.encode", "vae.decode", "ddim"]
        );
        assert_eq!(steps, 25);
        for difference in found {
            println!(
                "embedded {}: {:.1e}",
                difference.part, difference.relative_l2
            );
            let mark = if difference.part == "ddim" {
                1e-3
            } else {
                5e-5
            };
            assert!(difference.relative_l2 <= mark, "{difference:?}");
        }
    });
}

#[test]
fn the_shipped_catalogue_names_samplers_and_predictions_of_requests() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/static/catalogue.json");
    let catalogue = Catalogue::parse(&std::fs::read(path).unwrap()).unwrap();
    for entry in &catalogue.bases {
        let word = |word: &str| Value::String(word.to_owned());
        let sampler = serde_json::from_value::<SamplerKind>(word(&entry.defaults.sampler));
        let predicts = serde_json::from_value::<Prediction>(word(&entry.defaults.prediction));
        assert!(sampler.is_ok() && predicts.is_ok(), "{}", entry.id);
    }
}
