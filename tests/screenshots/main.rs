//! The pictures of the page in docs/: what a person sees who presses 'Try it'.
//!
//! `cargo xtask screenshots` builds `dist/` and runs this; it is a chore, not a check.

#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../e2e/browser.rs"]
mod browser;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../e2e/server.rs"]
mod server;

use std::time::Duration;

use browser::{Browser, repository};

const LIMIT: Duration = Duration::from_secs(900);

#[tokio::test]
async fn try_it() {
    let browser = Browser::start().await;
    browser
        .client
        .set_window_size(1440, 1180)
        .await
        .expect("a window of this size");
    browser.open("").await;
    browser
        .wait_for_text("device-line", "Check it", LIMIT)
        .await;
    keep(&browser, "1-open").await;
    browser.press("try-it").await;
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
    browser
        .client
        .set_window_size(1440, 2400)
        .await
        .expect("a window of this size");
    keep(&browser, "booth").await;
    let unfold = "document.querySelectorAll('details').forEach(panel => panel.open = true)";
    browser.script(unfold, Vec::new()).await;
    browser
        .client
        .set_window_size(1440, 3600)
        .await
        .expect("a window of this size");
    keep(&browser, "3-everything").await;
    browser.close().await;
}

async fn keep(browser: &Browser, name: &str) {
    let png = browser.client.screenshot().await.expect("a screenshot");
    let path = repository().join(format!("docs/{name}.png"));
    std::fs::write(&path, png).expect("docs/ is writable");
}
