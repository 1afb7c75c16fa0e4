//! The booth around the training: ways in, previews to keep, library, gallery, links, offline.

use serde_json::Value;

use super::browser::{Browser, repository};
use super::{
    LOADING, TRAINING, Work, gather, mean_difference, set_training, some_delta, subject, train,
    turn,
};

/// As little training as makes a delta.
const WORK: Work = Work {
    training_steps: "4",
    class_pictures: "0",
    batch: "1",
    sampling_steps: "2",
};

async fn one_picture(browser: &Browser) -> Vec<u8> {
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
async fn shown(browser: &Browser) -> Vec<u8> {
    let script = "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length >= 1";
    browser
        .wait_until("a picture is shown", script, TRAINING)
        .await;
    browser.canvases("result-personalised").await.remove(0)
}

async fn count(browser: &Browser, id: &str, wanted: usize) {
    let script =
        format!("return document.querySelectorAll('[data-testid=\"{id}\"]').length === {wanted}");
    browser
        .wait_until(&format!("{wanted} of '{id}'"), &script, LOADING)
        .await;
}

async fn value(browser: &Browser, id: &str) -> String {
    let script = format!("return document.querySelector('[data-testid=\"{id}\"]')?.value ?? ''");
    let value = browser.script(&script, vec![]).await;
    value.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_was_made_is_still_there_after_a_reload_and_can_be_made_again() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    gather(&browser, "?device=cpu", "CPU").await;
    browser.set("preview-every", "2").await;
    train(&browser, &WORK).await;
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

    set_training(&browser, &WORK).await;
    browser.set("sampling-steps", WORK.sampling_steps).await;
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
async fn a_link_shows_its_very_picture_in_a_fresh_profile() {
    let _turn = turn().await;
    let (link, picture) = {
        let browser = Browser::start().await;
        gather(&browser, "?device=cpu", "CPU").await;
        train(&browser, &WORK).await;
        let picture = one_picture(&browser).await;
        browser.press("make-link").await;
        browser
            .wait_for_text("link-note", "characters", LOADING)
            .await;
        let link = value(&browser, "link").await;
        assert!(link.len() <= 16_000, "{} characters", link.len());
        browser
            .set("hosted", "https://a.example/rex.safetensors")
            .await;
        browser.wait_for("a code is drawn", "qr", LOADING).await;
        let short = value(&browser, "hosted-link").await;
        assert!(
            short.contains("#delta=https%3A%2F%2Fa.example%2Frex.safetensors&sha256="),
            "{short}"
        );
        browser.close().await;
        (link, picture)
    };
    let fragment = link.split_once('#').unwrap().1;

    let browser = Browser::start().await;
    // On a phone.
    browser.look(390, "dark").await;
    browser
        .visit(&format!("{}/?device=cpu#{fragment}", browser.server.url()))
        .await;
    browser.wait_for_text("arrival", "It knows", LOADING).await;
    browser.wait_for_text("arrival", "sks robot", LOADING).await;
    browser.screenshot("arrival").await;
    browser.press("accept-arrival").await;
    let received = shown(&browser).await;
    let difference = mean_difference(&picture, &received);
    // Sixteen thousand characters round the shifts to about a hundredth.
    assert!(
        difference < 2.0,
        "the pictures differ by {difference} levels on average"
    );
    // Another prompt would have given another picture.
    browser.set("prompt", "photo of a sks robot in space").await;
    browser.press("generate").await;
    browser.wait_until("both are shown", "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length >= 2", TRAINING).await;
    assert!(mean_difference(&picture, &shown(&browser).await) > 10.0);

    let sent: Vec<String> = browser.server.requests();
    let leaked = sent.iter().filter(|line| line.contains(&fragment[..40]));
    assert_eq!(leaked.count(), 0, "the fragment was sent");

    // A link that a messenger cut is refused with words.
    let cut = &fragment[..fragment.find('&').unwrap_or(fragment.len()) - 200];
    browser
        .visit(&format!("{}/?device=cpu#{cut}", browser.server.url()))
        .await;
    browser
        .wait_for_text("messages", "lost on the way", LOADING)
        .await;
    browser.close().await;
}

#[tokio::test]
async fn a_hosted_delta_is_fetched_after_asking_and_only_if_it_is_the_one() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = some_delta().await;
    std::fs::write(folder.path().join("index.html"), "nothing").unwrap();
    std::fs::write(folder.path().join("rex.safetensors"), &file).unwrap();
    let elsewhere = super::server::Server::start(folder.path());
    let own = browser.server.url();

    // Another site over plain HTTP: not even asked.
    browser
        .visit(&format!(
            "{own}/?device=cpu#delta={}/rex.safetensors",
            elsewhere.url()
        ))
        .await;
    browser
        .wait_for_text("messages", "not https", LOADING)
        .await;
    assert_eq!(elsewhere.requests(), Vec::<String>::new());

    browser
        .visit(&format!(
            "{own}/?device=cpu#delta=https://a.invalid/rex.safetensors&sha256={}",
            "0".repeat(64)
        ))
        .await;
    browser.wait_for_text("arrival", "a.invalid", LOADING).await;
    browser.press("fetch-arrival").await;
    browser
        .wait_for_text("messages", "could not be fetched", LOADING)
        .await;

    // The page's own site stands for one that allows it; first a wrong hash, then the right one.
    let dist = repository().join("dist");
    let (name, kept) = ("e2e-rex.safetensors", dist.join("e2e-rex.safetensors"));
    std::fs::write(&kept, &file).unwrap();
    browser
        .visit(&format!(
            "{own}/?device=cpu#delta={name}&sha256={}",
            "0".repeat(64)
        ))
        .await;
    browser.press("fetch-arrival").await;
    browser
        .wait_for_text("messages", "not the one", LOADING)
        .await;
    let hash = "const done = arguments[arguments.length - 1]; fetch(arguments[0]).then(r => r.arrayBuffer()).then(b => crypto.subtle.digest('SHA-256', b)).then(d => done([...new Uint8Array(d)].map(x => x.toString(16).padStart(2, '0')).join('')))";
    let hash = browser
        .client
        .execute_async(hash, vec![name.into()])
        .await
        .unwrap();
    let hash = hash.as_str().unwrap();
    browser
        .visit(&format!("{own}/?device=cpu#delta={name}&sha256={hash}"))
        .await;
    browser.press("fetch-arrival").await;
    browser.wait_for_text("delta-summary", "sks", LOADING).await;
    std::fs::remove_file(&kept).unwrap();
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
