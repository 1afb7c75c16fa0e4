//! What most tests do with the page: add pictures, train, generate.

use std::path::PathBuf;
use std::time::Duration;

use burn::tensor::Device;
use deltabooth::model::base_model::BaseModel;
use deltabooth::spectral::delta::{Delta, DeltaMetadata, Subject};
use deltabooth::spectral::shift::{ShiftKind, ShiftSet};
use deltabooth::spectral::{DecomposedModel, LayerFactors};
use deltabooth::weights::Files;

use crate::browser::{Browser, repository};

pub const LOADING: Duration = Duration::from_secs(120);
pub const TRAINING: Duration = Duration::from_secs(420);
/// Whether four pictures are taken and painted.
pub const FOUR_PICTURES: &str = "return [...document.querySelectorAll('[data-testid=\"picture\"]:not(.refused) canvas')].filter(c => c.width > 1).length === 4";

pub fn subject(name: &str) -> Vec<PathBuf> {
    (0..4)
        .map(|i| repository().join(format!("static/subjects/{name}/{i}.png")))
        .collect()
}

pub async fn gather(browser: &Browser, query: &str, device: &str) {
    browser.open(query).await;
    browser.wait_for_text("device-line", device, LOADING).await;
    browser.choose("file-input", &subject("robot")).await;
    browser
        .wait_until("four pictures are shown", FOUR_PICTURES, LOADING)
        .await;
    browser.set("token", "sks").await;
    browser.set("class-word", "robot").await;
}

/// What a test asks of a device: the slower it is, the less.
pub struct Work {
    pub training_steps: &'static str,
    pub class_pictures: &'static str,
    pub batch: &'static str,
    pub sampling_steps: &'static str,
}

/// Fills in what training is to do.
pub async fn set_training(browser: &Browser, work: &Work) {
    browser.set("steps", work.training_steps).await;
    browser.set("prior-images", work.class_pictures).await;
    browser.set("batch", work.batch).await;
    if work.class_pictures == "0" {
        browser.set("prior-weight", "0").await;
    }
}

pub async fn train(browser: &Browser, work: &Work) -> Vec<u8> {
    set_training(browser, work).await;
    browser.press("train").await;
    browser
        .wait_until(
            "a delta can be downloaded",
            "return !!document.querySelector('a[data-testid=\"download-delta\"]')",
            TRAINING,
        )
        .await;
    browser.download("download-delta").await
}

pub async fn generate(browser: &Browser, steps: &str) -> [Vec<Vec<u8>>; 2] {
    browser
        .set("prompt", "photo of a sks robot in the snow")
        .await;
    browser.set("seed", "7").await;
    browser.set("sampling-steps", steps).await;
    browser.set("compare", "true").await;
    browser.press("generate").await;
    let script = "return ['result-base', 'result-personalised'].every(id => document.querySelectorAll(`canvas[data-testid=\"${id}\"]`).length >= 1)";
    browser
        .wait_until("both pictures are shown", script, TRAINING)
        .await;
    [
        browser.canvases("result-base").await,
        browser.canvases("result-personalised").await,
    ]
}

pub fn looks_like_a_picture(rgba: &[u8]) -> bool {
    let distinct: std::collections::BTreeSet<_> = rgba
        .chunks_exact(4)
        .map(|p| [p[0] / 8, p[1] / 8, p[2] / 8])
        .collect();
    rgba.len() == 64 * 64 * 4 && distinct.len() > 16 && rgba.chunks_exact(4).all(|p| p[3] == 255)
}

pub fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(a.abs_diff(*b)))
        .sum::<f64>()
        / a.len() as f64
}

/// A delta of the embedded base that shifts every matrix a little.
pub async fn some_delta() -> Vec<u8> {
    let files = Files::Folder(repository().join("static/base"));
    let base = BaseModel::load(&files, &Device::flex(), &mut |_| {})
        .await
        .unwrap();
    let mut unet = ShiftSet::new();
    let spectral = DecomposedModel::decompose(&base.unet, base.hash.clone(), async |_, _| Ok(()))
        .await
        .unwrap();
    for (path, layer) in spectral.layers() {
        if let LayerFactors::Matrix { sigma, .. } = layer {
            unet.insert(path, ShiftKind::Spectral, vec![0.01; sigma.len()]);
        }
    }
    let subject = Subject {
        token: "sks".into(),
        class_word: "robot".into(),
    };
    let metadata = DeltaMetadata {
        base_id: base.id.clone(),
        base_sha256: base.hash.clone(),
        subjects: vec![subject],
        training: "{}".into(),
        ..DeltaMetadata::default()
    };
    Delta {
        metadata,
        unet,
        text_encoder: ShiftSet::new(),
    }
    .to_bytes()
    .unwrap()
}

/// As little training as makes a delta.
pub const SHORT: Work = Work {
    training_steps: "4",
    class_pictures: "0",
    batch: "1",
    sampling_steps: "2",
};

pub async fn one_picture(browser: &Browser) -> Vec<u8> {
    browser
        .set("prompt", "photo of a sks robot in the snow")
        .await;
    browser.set("seed", "7").await;
    browser.set("sampling-steps", "4").await;
    browser.set("compare", "false").await;
    browser.press("generate").await;
    shown(browser).await
}

/// The first picture of the newest result.
pub async fn shown(browser: &Browser) -> Vec<u8> {
    let script = "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length >= 1";
    browser
        .wait_until("a picture is shown", script, TRAINING)
        .await;
    browser.canvases("result-personalised").await.remove(0)
}

pub async fn count(browser: &Browser, id: &str, wanted: usize) {
    let script =
        format!("return document.querySelectorAll('[data-testid=\"{id}\"]').length === {wanted}");
    browser
        .wait_until(&format!("{wanted} of '{id}'"), &script, LOADING)
        .await;
}

pub async fn value(browser: &Browser, id: &str) -> String {
    let script = format!("return document.querySelector('[data-testid=\"{id}\"]')?.value ?? ''");
    let value = browser.script(&script, vec![]).await;
    value.as_str().unwrap_or_default().to_owned()
}
