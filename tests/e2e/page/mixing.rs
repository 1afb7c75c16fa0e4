//! What can be done with deltas that are there: one of several, other programs' files, where a word
//! looks; and one picture edited by its prompt.

use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::svdiff_pytorch;
use deltabooth::spectral::lora::file::is_lora;
use deltabooth::weights::format::safetensors::Header;

use crate::browser::{Browser, repository};
use crate::steps::{
    LOADING, TRAINING, generate, looks_like_a_picture, mean_difference, some_delta,
};
use crate::turn;

fn summaries(count: usize) -> String {
    format!(
        "return document.querySelectorAll('li[data-testid=\"delta-summary\"]').length === {count}"
    )
}

fn header(file: &[u8]) -> Header {
    Header::parse(file, file.len() as u64).unwrap()
}

#[tokio::test]
async fn deltas_are_combined_exchanged_and_explained() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let first = some_delta().await;
    let mut second = Delta::from_bytes(&first).unwrap();
    second.metadata.title = "another one".into();
    let second = second.to_bytes().unwrap();
    for (number, file) in [(1, &first), (2, &second)] {
        let path = write(&format!("{number}.safetensors"), file);
        browser.choose("delta-input", &[path]).await;
        browser
            .wait_until("it is open", &summaries(number), LOADING)
            .await;
    }

    // Half of the newest and the whole other one, and of that the ten largest shifts.
    browser.set("strength", "0.5").await;
    browser.set("combine-rank", "10").await;
    browser.press("combine").await;
    browser
        .wait_until("their sum is open", &summaries(3), TRAINING)
        .await;
    let sum = Delta::from_bytes(&browser.download("download-delta").await).unwrap();
    assert_eq!(sum.metadata.parents.len(), 2);
    let combination = sum.metadata.combination.clone().unwrap();
    assert_eq!(combination.rank, Some(10));
    for (path, shift) in sum.unet.iter() {
        let kept: Vec<f32> = shift.delta.iter().copied().filter(|d| *d != 0.0).collect();
        assert_eq!(kept.len(), shift.delta.len().min(10), "{path}");
        // 0.5 · 0.01 + 0.01, in half precision.
        assert!(kept.iter().all(|d| (d - 0.015).abs() < 1e-4), "{path}");
    }

    let kohya = browser.download("export").await;
    assert!(is_lora(&header(&kohya)));
    browser
        .wait_for_text("messages", "% of the change", LOADING)
        .await;
    browser.set("export-format", "2").await;
    let shifts = browser.download("export").await;
    assert!(svdiff_pytorch::component(&header(&shifts)).is_some());

    // What was written for another program is read again; a LoRA is refused by name.
    browser
        .choose(
            "delta-input",
            &[write("spectral_shifts.safetensors", &shifts)],
        )
        .await;
    browser
        .wait_until("it is taken in", &summaries(4), LOADING)
        .await;
    let again = Delta::from_bytes(&browser.download("download-delta").await).unwrap();
    assert_eq!(again.unet.len(), sum.unet.len());
    browser
        .choose("delta-input", &[write("kohya.safetensors", &kohya)])
        .await;
    browser
        .wait_for_text("messages", "is a LoRA", LOADING)
        .await;

    let [_, made] = generate(&browser, "2").await;
    browser.press("look").await;
    browser.wait_for_text("result-look", "photo", LOADING).await;
    let two = "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 2";
    browser
        .wait_until("the word's picture is there", two, TRAINING)
        .await;
    let looks = browser.canvases("result-personalised").await;
    let brightness = |rgba: &[u8]| rgba.iter().map(|v| u64::from(*v)).sum::<u64>();
    assert_eq!(looks[1], made[0], "the older result stays");
    assert!(
        brightness(&looks[0]) < brightness(&made[0]),
        "it is dark where the word does not look"
    );
    browser.screenshot("mixing").await;
    browser.close().await;
}

#[tokio::test]
async fn one_picture_is_learned_and_edited() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    let picture = repository().join("static/subjects/castle/0.png");
    browser.choose("edit-input", &[picture]).await;
    browser.set("edit-prompt", "photo of a castle").await;
    browser
        .set("edit-target", "photo of a castle at night")
        .await;
    browser.set("edit-train-steps", "3").await;
    browser.set("edit-steps", "8").await;
    browser.press("edit").await;
    let note = browser
        .wait_for_text("result-note", "gives the picture back", TRAINING)
        .await;
    let after = "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 1";
    browser
        .wait_until("the edit is there", after, TRAINING)
        .await;
    let before = browser.canvases("result-base").await;
    let after = browser.canvases("result-personalised").await;
    assert!(looks_like_a_picture(&before[0]) && looks_like_a_picture(&after[0]));
    assert!(mean_difference(&before[0], &after[0]) > 1.0, "{note}");
    browser.screenshot("edited").await;
    browser.close().await;
}
