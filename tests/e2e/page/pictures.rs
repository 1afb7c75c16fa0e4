//! Pictures of the user: one button for the whole run, rotation, camera.

use serde_json::Value;

use crate::browser::Browser;
use crate::steps::{LOADING, SHORT, TRAINING, count, gather, set_training, subject};
use crate::turn;

#[tokio::test]
async fn own_pictures_go_the_whole_way_with_one_button() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    gather(&browser, "?device=cpu", "CPU").await;
    let pictures = "return [...document.querySelectorAll('[data-testid=\"picture\"] canvas')].map(c => c.toDataURL())";
    let taken = browser.script(pictures, vec![]).await;
    browser
        .wait_for_text("try-it-hint", "your robot", LOADING)
        .await;

    // What is missing is said, and nothing is trained without it.
    browser.set("class-word", "").await;
    let held = "return document.querySelector('[data-testid=\"try-it\"]').disabled";
    browser
        .wait_until("'Try it' waits for a word", held, LOADING)
        .await;
    let why = browser.text("try-it-hint").await.unwrap();
    assert_eq!(why, browser.text("train-plan").await.unwrap());
    browser.set("class-word", "robot").await;

    set_training(&browser, &SHORT).await;
    browser.set("sampling-steps", SHORT.sampling_steps).await;
    browser.press("try-it").await;
    let script = "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 3";
    browser
        .wait_until("three scenes are shown", script, TRAINING)
        .await;
    for scene in ["in space", "in the snow", "on a beach"] {
        browser
            .wait_for_words(&format!("photo of a sks robot {scene}"), LOADING)
            .await;
    }
    let after = browser.script(pictures, vec![]).await;
    assert!(after == taken, "other pictures are in their place");
    browser.close().await;
}

#[tokio::test]
async fn pictures_are_turned_looked_at_and_taken_by_camera() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.look(390, "light").await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    let marked = "return document.querySelectorAll('.sample[aria-pressed=\"true\"]').length";
    assert_eq!(browser.script(marked, vec![]).await, Value::from(1));
    let robot = subject("robot");
    browser
        .choose("file-input", &[robot[0].clone(), robot[0].clone()])
        .await;
    browser
        .wait_for_text("picture-fault", "Twice?", LOADING)
        .await;
    assert_eq!(
        browser.script(marked, vec![]).await,
        Value::from(0),
        "no sample is marked beside a person's own pictures"
    );
    let before = browser.canvases("picture-canvas").await.remove(0);
    browser.press("turn-picture").await;
    let turned = "const c = document.querySelector('canvas[data-testid=\"picture-canvas\"]'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return d.some((v, i) => Math.abs(v - arguments[0][i]) > 40)";
    let deadline = std::time::Instant::now() + LOADING;
    while browser.script(turned, vec![before.clone().into()]).await != Value::Bool(true) {
        assert!(
            std::time::Instant::now() < deadline,
            "the picture was not turned"
        );
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    for _ in 0..3 {
        browser.press("turn-picture").await;
    }
    let whole = "const c = document.querySelector('canvas[data-testid=\"picture-canvas\"]'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return d.every((v, i) => v === arguments[0][i])";
    let deadline = std::time::Instant::now() + LOADING;
    while browser.script(whole, vec![before.clone().into()]).await != Value::Bool(true) {
        assert!(
            std::time::Instant::now() < deadline,
            "four quarters are no whole turn"
        );
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }

    browser.press("camera").await;
    let plays = "return document.querySelector('video')?.videoWidth > 0";
    browser
        .wait_until("the camera shows something", plays, LOADING)
        .await;
    browser.press("shoot").await;
    count(&browser, "picture", 3).await;
    browser.press("camera-off").await;
    browser
        .wait_until(
            "the camera is off",
            "return !document.querySelector('video')",
            LOADING,
        )
        .await;
    browser.close().await;
}
