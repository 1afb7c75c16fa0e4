//! Two subjects: collages to look at and to change, one run, and two deltas in one picture.

use deltabooth::config::collage::Layout;
use deltabooth::config::{SubjectWords, TrainConfig, file};
use deltabooth::picture::decode;
use deltabooth::spectral::delta::Delta;
use deltabooth::train::dataset::collage::compose;
use deltabooth::train::dataset::prepare;

use crate::browser::Browser;
use crate::steps::{LOADING, TRAINING, looks_like_a_picture, mean_difference, some_delta, subject};
use crate::turn;

const SIDE: usize = 64;

#[tokio::test]
async fn two_subjects_share_collages_a_run_and_pictures() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    browser.press("add-subject").await;
    browser.choose("file-input", &subject("dog")).await;
    browser.choose("file-input-2", &subject("cat")).await;
    let drawn = "return document.querySelectorAll('canvas[data-testid=\"collage-canvas\"][width=\"64\"]').length === 12";
    browser
        .wait_until("twelve collages are drawn", drawn, LOADING)
        .await;

    let shown = browser.canvases("collage-canvas").await;
    for (number, (shown, composed)) in shown.iter().zip(library_collages()).enumerate() {
        assert!(looks_like_a_picture(shown), "collage {number}");
        let difference = mean_difference(shown, &composed);
        assert!(difference < 0.5, "collage {number} differs by {difference}");
    }

    browser.press("collage").await;
    browser.set("collage-seam", "0.75").await;
    browser.press("layout-top-bottom").await;
    let composed = "return document.querySelector('[data-testid=\"collage\"]').ariaLabel.includes('on the top and')";
    browser
        .wait_until("it is composed anew", composed, LOADING)
        .await;
    browser.screenshot("two-subjects").await;
    let arranged = browser.canvases("collage-canvas").await;
    assert!(arranged[0] != shown[0], "the arranged collage is shown");
    assert!(arranged[1..] == shown[1..], "the others stay");

    browser.set("steps", "3").await;
    browser.set("prior-weight", "0").await;
    browser.press("train").await;
    browser
        .wait_for_text("delta-summary", "sks dog and olis cat", TRAINING)
        .await;
    let delta = Delta::from_bytes(&browser.download("download-delta").await).unwrap();
    assert_eq!(delta.metadata.subjects.len(), 2);
    assert_eq!(delta.metadata.steps, 3);
    let used: TrainConfig = file::from_json(&delta.metadata.training).unwrap();
    assert_eq!(used.own_collages[0].layout, Layout::TopBottom);
    assert_eq!(used.own_collages[0].seam, 0.75);
    assert_eq!(used.own_collages[1..12], collages()[1..12]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.safetensors");
    std::fs::write(&path, some_delta().await).unwrap();
    browser.choose("delta-input", &[path]).await;
    let two = "return document.querySelectorAll('li[data-testid=\"delta-summary\"]').length === 2";
    browser
        .wait_until("two deltas are open", two, LOADING)
        .await;
    browser.set("strength", "0.5").await;
    browser.set("sampling-steps", "2").await;
    browser.press("generate").await;
    browser
        .wait_for_text("results", "strengths 0.50 and 1.00", LOADING)
        .await;
    let made = "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 1";
    browser
        .wait_until("a picture appears", made, TRAINING)
        .await;
    let pictures = browser.canvases("result-personalised").await;
    assert!(looks_like_a_picture(&pictures[0]));
    assert!(pictures != browser.canvases("result-base").await);
    browser.screenshot("two-deltas").await;
    browser.close().await;
}

/// What the command line's `booth collage` draws from the same pictures and the same seed.
fn library_collages() -> Vec<Vec<u8>> {
    let pictures = ["dog", "cat"].map(|name| {
        let files = subject(name).into_iter();
        let taken = files.map(|path| {
            let picture = decode(&std::fs::read(path).unwrap()).unwrap();
            picture.square(0.5, SIDE as u32).to_model()
        });
        taken.collect::<Vec<Vec<f32>>>()
    });
    let first = collages().into_iter().take(12);
    let composed = first.map(|collage| {
        let of = collage
            .halves
            .map(|half| pictures[half.subject][half.picture].as_slice());
        let pixels = compose(&collage, of, SIDE).unwrap();
        let level = |value: f32| ((value / 2.0 + 0.5) * 255.0).round() as u8;
        let rgba = (0..SIDE * SIDE).flat_map(|at| {
            let channel = |channel: usize| level(pixels[channel * SIDE * SIDE + at]);
            [channel(0), channel(1), channel(2), 255]
        });
        rgba.collect()
    });
    composed.collect()
}

fn collages() -> Vec<deltabooth::config::collage::Collage> {
    let settings = TrainConfig {
        subjects: vec![
            SubjectWords::new("sks", "dog"),
            SubjectWords::new("olis", "cat"),
        ],
        ..TrainConfig::default()
    };
    prepare::collages(&settings, &[4, 4])
}
