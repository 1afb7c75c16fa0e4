//! The pictures of the page in docs/: what a person sees who presses 'Try it', and who takes a larger
//! base.
//!
//! `cargo xtask screenshots` builds `dist/` and runs this; it is a chore, not a check.

#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../browser/browser.rs"]
mod browser;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../browser/hub.rs"]
mod hub;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../browser/server.rs"]
mod server;
#[path = "../browser/synthetic.rs"]
mod synthetic;

use std::time::Duration;

use browser::{Browser, repository};

const LIMIT: Duration = Duration::from_secs(900);

#[tokio::test]
async fn try_it() {
    let browser = Browser::start().await;
    browser.open("").await;
    browser
        .wait_for_text("device-line", "Check it", LIMIT)
        .await;
    every_look(&browser, "open").await;
    window(&browser, 1440, 1180).await;
    keep(&browser, "1-open").await;
    browser.press("way-sample").await;
    let previews = "return document.querySelectorAll('[data-testid=\"preview\"]').length >= 2";
    browser
        .wait_until("two previews are shown", previews, LIMIT)
        .await;
    keep(&browser, "2-learning").await;
    let scenes = "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 3";
    browser
        .wait_until("three scenes are shown", scenes, LIMIT)
        .await;
    tokio::time::sleep(Duration::from_secs(13)).await; // Notes go by themselves.
    // Tall enough for all that was made.
    window(&browser, 1440, 2600).await;
    keep(&browser, "booth").await;
    every_look(&browser, "trained").await;

    let unfold = "document.querySelectorAll('details').forEach(panel => panel.open = true)";
    browser.script(unfold, Vec::new()).await;
    browser.press("make-link").await;
    browser.wait_for("a link", "link", LIMIT).await;
    window(&browser, 1440, 4200).await;
    keep(&browser, "3-everything").await;

    let link = browser
        .script(
            "return document.querySelector('[data-testid=\"link\"]').value",
            Vec::new(),
        )
        .await;
    let fragment = link.as_str().and_then(|link| link.split_once('#'));
    let fragment = fragment.expect("a link with a fragment").1.to_owned();
    let address = format!("{}/#{fragment}", browser.server.url());
    browser.visit(&address).await;
    browser.wait_for_text("arrival", "It knows", LIMIT).await;
    window(&browser, 1440, 1180).await;
    keep(&browser, "4-link").await;
    every_look(&browser, "link").await;
    browser.close().await;
}

/// A larger base: its plan, its way here, and what is left of it after an interruption.
#[tokio::test]
async fn a_larger_base() {
    let browser = Browser::start_on(synthetic::folder("bk-sdm-tiny"), &[]).await;
    open_models(&browser).await;
    browser.wait_for("the offer", "plan-base", LIMIT).await;
    browser.press("plan-base").await;
    let planned =
        "return !document.querySelector('[data-testid=\"offer\"] [data-testid=\"plan-base\"]')";
    browser.wait_until("its plan", planned, LIMIT).await;
    window(&browser, 1280, 900).await;
    keep(&browser, "larger-1-plan").await;

    browser.press("load-base").await;
    browser
        .wait_until("bytes have come", &stored(300), LIMIT)
        .await;
    keep(&browser, "larger-2-loading").await;

    // Another visit, before all of it is here.
    open_models(&browser).await;
    browser
        .wait_for("what is kept", "go-on-download", LIMIT)
        .await;
    let into_view =
        "document.querySelector('[data-testid=\"stored-base\"]').scrollIntoView({block: 'center'})";
    browser.script(into_view, Vec::new()).await;
    keep(&browser, "larger-3-resume").await;

    browser.press("go-on-download").await;
    let there = "return document.querySelector('[data-testid=\"model-line\"]').textContent.includes('stand-in/')
        && !!document.querySelector('[data-testid=\"check-device\"]')";
    browser.wait_until("all of it", there, LIMIT).await;
    tokio::time::sleep(Duration::from_secs(13)).await; // Notes go by themselves.
    browser.script("scrollTo(0, 0)", Vec::new()).await;
    window(&browser, 1280, 1400).await;
    keep(&browser, "larger-4-loaded").await;
    browser.close().await;
}

/// Opens the page, and with its own base there the choice of models.
async fn open_models(browser: &Browser) {
    browser.open("").await;
    browser
        .wait_for("the page's own base", "check-device", LIMIT)
        .await;
    browser.press("change-base").await;
}

/// Whether so many megabytes have come, by the page's words.
fn stored(megabytes: u32) -> String {
    format!(
        "const words = document.querySelector('[data-testid=\"device-line\"]').textContent;
         const found = words.match(/([\\d,.]+) (MB|GB) of/);
         return !!found && parseFloat(found[1]) * (found[2] === 'GB' ? 1000 : 1) >= {megabytes}"
    )
}

/// The same view on a phone and on a desk, in light and in dark.
async fn every_look(browser: &Browser, view: &str) {
    for (width, device) in [(390, "phone"), (1280, "desk")] {
        for scheme in ["light", "dark"] {
            browser.look(width, scheme).await;
            tokio::time::sleep(Duration::from_millis(400)).await;
            keep(browser, &format!("views/{view}-{device}-{scheme}")).await;
        }
    }
    browser.look(1440, "light").await;
}

async fn window(browser: &Browser, width: u32, height: u32) {
    let size = serde_json::json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
    browser
        .devtools("Emulation.setDeviceMetricsOverride", size)
        .await;
    tokio::time::sleep(Duration::from_millis(400)).await;
}

async fn keep(browser: &Browser, name: &str) {
    let png = browser.client.screenshot().await.expect("a screenshot");
    let path = repository().join(format!("docs/{name}.png"));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("docs/ is writable");
    }
    std::fs::write(&path, png).expect("docs/ is writable");
}
