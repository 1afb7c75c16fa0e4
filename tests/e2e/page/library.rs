//! Deltas and pictures that the page keeps, and a visit without a connection.

use crate::browser::Browser;
use crate::steps::{
    LOADING, SHORT, TRAINING, count, gather, mean_difference, one_picture, shown, some_delta,
    subject, train,
};
use crate::turn;

#[tokio::test]
async fn what_was_made_is_still_there_after_a_reload_and_can_be_made_again() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    gather(&browser, "?device=cpu", "CPU").await;
    browser.set("preview-every", "2").await;
    train(&browser, &SHORT).await;
    let plan = browser.text("train-plan").await.unwrap();
    assert!(plan.contains("About"), "no estimate: {plan}");

    // Earlier is often better: the delta of the first preview.
    browser.press("keep-preview").await;
    browser
        .wait_for_words("The delta of that step is open", LOADING)
        .await;
    count(&browser, "delta-summary", 2).await;
    count(&browser, "kept-delta", 2).await;

    let picture = one_picture(&browser).await;
    count(&browser, "kept-picture", 1).await;

    // Other words go into the file, and into the library.
    browser.set("delta-title", "Rex, <b>the</b> robot").await;
    browser.set("delta-licence", "CC-BY-4.0").await;
    browser.press("save-words").await;
    browser
        .wait_for_text("library", "Rex, <b>the</b> robot", LOADING)
        .await;
    count(&browser, "kept-delta", 2).await;

    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    browser
        .wait_for_text("library", "Rex, <b>the</b> robot", LOADING)
        .await;
    browser.wait_for_text("library", "CC-BY-4.0", LOADING).await;
    count(&browser, "kept-picture", 1).await;
    browser
        .wait_for_text("storage", "This site uses", LOADING)
        .await;
    browser.screenshot("kept").await;

    // Its delta got other words after it was made, and is not open: both are no hindrance.
    browser.press("make-again").await;
    count(&browser, "delta-summary", 1).await;
    let again = shown(&browser).await;
    assert!(mean_difference(&picture, &again) < 1.0);
    count(&browser, "kept-picture", 2).await;
    browser.press("make-again").await;
    count(&browser, "kept-picture", 3).await;

    // Deleting asks once more.
    browser.press("delete-picture").await;
    count(&browser, "kept-picture", 3).await;
    browser.press("delete-picture").await;
    count(&browser, "kept-picture", 2).await;
    browser.press("delete-gallery").await;
    browser.press("delete-gallery").await;
    count(&browser, "kept-picture", 0).await;
    browser.close().await;
}

#[tokio::test]
async fn a_row_of_strengths_goes_from_the_base_to_more_than_was_learned() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.look(390, "light").await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("robot.safetensors");
    std::fs::write(&path, some_delta().await).unwrap();
    browser.choose("delta-input", &[path]).await;
    browser.wait_for_text("delta-summary", "sks", LOADING).await;
    browser.set("row", "1").await;
    browser.set("sampling-steps", "2").await;
    browser.press("generate").await;
    browser.wait_until("six pictures beside the base's", "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 6", TRAINING).await;
    let base = browser.canvases("result-base").await.remove(0);
    let row = browser.canvases("result-personalised").await;
    assert_eq!(row[0], base, "at strength 0 it is the base's own");
    assert!(mean_difference(&row[4], &base) > mean_difference(&row[1], &base));
    count(&browser, "kept-picture", 6).await;
    browser.close().await;
}

#[tokio::test]
async fn a_later_visit_needs_no_connection() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    let kept = "return navigator.serviceWorker.controller !== null";
    browser
        .wait_until("the service worker has everything", kept, LOADING)
        .await;
    let address = browser.server.url();
    browser.server.stop();
    browser.visit(&format!("{address}/?device=cpu")).await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    browser
        .wait_for("the model is there", "check-device", LOADING)
        .await;
    browser.choose("file-input", &subject("robot")).await;
    count(&browser, "picture", 4).await;
    browser.set("prompt", "photo of a robot").await;
    browser.set("sampling-steps", "2").await;
    browser.press("generate").await;
    browser
        .wait_until(
            "a picture is made",
            "return document.querySelectorAll('canvas[data-testid=\"result-base\"]').length === 1",
            TRAINING,
        )
        .await;
    browser.close().await;
}
