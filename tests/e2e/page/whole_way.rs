//! From pictures to a delta and to generated pictures, on each device.

use deltabooth::spectral::delta::Delta;

use crate::browser::Browser;
use crate::steps::{
    LOADING, TRAINING, Work, gather, generate, looks_like_a_picture, mean_difference, train,
};
use crate::turn;

async fn whole_way(query: &str, device: &str, work: Work) {
    let browser = Browser::start().await;
    gather(&browser, query, device).await;
    let file = train(&browser, &work).await;
    assert!(file.len() <= 100_000, "the delta has {} bytes", file.len());
    let delta = Delta::from_bytes(&file).unwrap();
    assert!(delta.unet.len() > 10_000);
    browser.screenshot(&format!("trained-{device}")).await;
    let [base, personalised] = generate(&browser, work.sampling_steps).await;
    assert!(looks_like_a_picture(&base[0]) && looks_like_a_picture(&personalised[0]));
    assert_ne!(base, personalised, "training changed nothing");
    browser.screenshot(&format!("generated-{device}")).await;

    // Another visit: only the file is left, and it gives the same pictures.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("robot.safetensors");
    std::fs::write(&path, &file).unwrap();
    browser.open(query).await;
    browser.wait_for_text("device-line", device, LOADING).await;
    browser.choose("delta-input", &[path]).await;
    browser.wait_for_text("delta-summary", "sks", LOADING).await;
    let [base_again, personalised_again] = generate(&browser, work.sampling_steps).await;
    assert_eq!(base, base_again);
    let difference = mean_difference(&personalised[0], &personalised_again[0]);
    // The file holds the shifts in half precision.
    assert!(
        difference < 1.0,
        "the pictures differ by {difference} levels on average"
    );

    let foreign: Vec<_> = browser
        .server
        .requests()
        .into_iter()
        .filter(|line| !line.starts_with("GET "))
        .collect();
    assert!(foreign.is_empty(), "something was sent: {foreign:?}");
    browser.close().await;
}

#[tokio::test]
async fn pictures_in_and_a_delta_out_on_the_cpu() {
    let _turn = turn().await;
    let work = Work {
        training_steps: "30",
        class_pictures: "2",
        batch: "4",
        sampling_steps: "10",
    };
    whole_way("?device=cpu", "CPU", work).await;
}

#[tokio::test]
async fn pictures_in_and_a_delta_out_on_webgpu() {
    let _turn = turn().await;
    // A software adapter needs seconds for one pass through the UNet, and a class picture has 25.
    let work = Work {
        training_steps: "2",
        class_pictures: "0",
        batch: "1",
        sampling_steps: "2",
    };
    whole_way("?device=gpu", "WebGPU", work).await;
}

#[tokio::test]
async fn both_devices_compute_what_diffusers_computes() {
    let _turn = turn().await;
    for (query, device) in [("?device=cpu", "CPU"), ("?device=gpu", "WebGPU")] {
        let browser = Browser::start().await;
        browser.open(query).await;
        browser.wait_for_text("device-line", device, LOADING).await;
        browser
            .wait_for("the device can be checked", "check-device", LOADING)
            .await;
        browser.press("check-device").await;
        let found = browser
            .wait_for_text("device-check", "at worst", TRAINING)
            .await;
        println!("{device}: {found}");
        assert!(found.contains("It computes what diffusers computes"));
        browser.close().await;
    }
}

#[tokio::test]
async fn a_reload_goes_on_from_the_checkpoint() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    gather(&browser, "?device=cpu", "CPU").await;
    browser.set("steps", "60").await;
    browser.set("prior-images", "2").await;
    browser.set("checkpoint-every", "5").await;
    browser.press("train").await;
    let beyond = |n: usize| {
        format!(
            "const e = document.querySelector('[data-testid=\"step-count\"]'); return !!e && parseInt(e.textContent) > {n}"
        )
    };
    browser
        .wait_until("ten steps are done", &beyond(10), TRAINING)
        .await;

    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    browser.press("continue-run").await;
    browser
        .wait_until(
            "it goes on where the checkpoint was, not at the start",
            &beyond(4),
            LOADING,
        )
        .await;
    browser.press("stop").await;
    browser
        .wait_until(
            "what was learned is kept",
            "return !!document.querySelector('a[data-testid=\"download-delta\"]')",
            LOADING,
        )
        .await;
    let delta = Delta::from_bytes(&browser.download("download-delta").await).unwrap();
    assert!(
        delta.metadata.steps >= 5,
        "only {} steps",
        delta.metadata.steps
    );
    assert!(
        delta
            .unet
            .iter()
            .any(|(_, shift)| shift.delta.iter().any(|d| *d != 0.0))
    );
    browser.close().await;
}
