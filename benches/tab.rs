//! Times in a tab, on the CPU path of headless Chromium, one line each: what, measured, mark,
//! separated by tabs.
//!
//! `cargo xtask bench` builds `dist/` first.

#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/browser/browser.rs"]
mod browser;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/browser/hub.rs"]
mod hub;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/browser/server.rs"]
mod server;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use browser::{Browser, repository};

const LIMIT: Duration = Duration::from_secs(600);

// What the page shows when each thing has happened.
const PAINTED: &str = "return !!document.querySelector('[data-testid=\"file-input\"]')";
const STARTED: &str = "return document.querySelector('[data-testid=\"device-line\"]')?.textContent.includes('Runs on') ?? false";
const LOADED: &str = "return !!document.querySelector('[data-testid=\"check-device\"]')";
const PICTURES: &str = "return document.querySelectorAll('[data-testid=\"picture\"]:not(.refused) canvas').length === 4";
const PREVIEWED: &str = "return !!document.querySelector('[data-testid=\"preview\"]')";
const SCENE: &str =
    "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length >= 1";
const SCENES: &str =
    "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 3";
const TRAINED: &str = "return !!document.querySelector('a[data-testid=\"download-delta\"]')";
const PERSONALISED: &str =
    "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length === 1";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let browser = Browser::start().await;
    let opened = Instant::now();
    browser.open("?device=cpu").await;
    let painted = browser
        .script(
            "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime",
            vec![],
        )
        .await;
    let interactive = reached(&browser, opened, PAINTED).await;
    let started = reached(&browser, opened, STARTED).await;
    let loaded = reached(&browser, opened, LOADED).await;
    row(
        "first contentful paint",
        format!("{:.2} s", painted.as_f64().unwrap_or(f64::NAN) / 1e3),
        "",
    );
    row(
        "first interactive paint, after opening",
        format!("{interactive:.2} s"),
        "before the engine",
    );
    row("engine started", format!("{started:.2} s"), "");
    row("base loaded", format!("{loaded:.2} s"), "");

    let files: Vec<PathBuf> = (0..4)
        .map(|i| repository().join(format!("static/subjects/robot/{i}.png")))
        .collect();
    browser.choose("file-input", &files).await;
    browser
        .wait_until("four pictures are shown", PICTURES, LIMIT)
        .await;
    for (field, value) in [
        ("class-word", "robot"),
        ("steps", "100"),
        ("prior-images", "4"),
        ("preview-every", "0"),
    ] {
        browser.set(field, value).await;
    }
    browser.press("train").await;
    let pressed = Instant::now();
    let decomposed = reached(&browser, pressed, &is_full("decompose-progress")).await;
    row(
        "decomposition in the tab, CPU",
        format!("{decomposed:.1} s"),
        "≤ 15 s",
    );
    let class_pictures = reached(&browser, pressed, &is_full("prior-progress")).await;
    row(
        "four class pictures in the tab, CPU",
        format!("{:.1} s", class_pictures - decomposed),
        "",
    );
    let trained = reached(&browser, pressed, TRAINED).await;
    row(
        "100 training steps in the tab, CPU",
        format!("{:.1} s", trained - class_pictures),
        "≤ 120 s",
    );

    browser.set("compare", "false").await;
    browser.press("generate").await;
    let pressed = Instant::now();
    let made = reached(&browser, pressed, PERSONALISED).await;
    row(
        "personalised picture in the tab, 25 steps, CPU",
        format!("{made:.1} s"),
        "",
    );
    browser.close().await;
    one_click().await;
}

/// A new visitor presses 'Try a sample' and nothing else.
async fn one_click() {
    let browser = Browser::start().await;
    let opened = Instant::now();
    browser.open("?device=cpu").await;
    reached(&browser, opened, PAINTED).await;
    let watch = "globalThis.longest = 0; new PerformanceObserver(list => { for (const task of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, task.duration) }).observe({type: 'longtask'})";
    browser.script(watch, vec![]).await;
    browser.press("way-sample").await;
    let preview = reached(&browser, opened, PREVIEWED).await;
    row(
        "page open to a first preview of the subject, one click, CPU",
        format!("{preview:.0} s"),
        "",
    );
    let shown = reached(&browser, opened, SCENE).await;
    row(
        "page open to the first personalised picture, one click, CPU",
        format!("{shown:.0} s"),
        "≤ 180 s",
    );
    reached(&browser, opened, SCENES).await;
    let longest = browser.script("return globalThis.longest", vec![]).await;
    let longest = longest.as_f64().unwrap_or(f64::NAN);
    row(
        "longest task of the page's thread meanwhile",
        match longest {
            // The browser reports only those of 50 ms and more.
            0.0 => "under 50 ms".to_owned(),
            longest => format!("{longest:.0} ms"),
        },
        "≤ 50 ms",
    );
    browser.close().await;
}

/// Whether a stage's progress bar is full.
fn is_full(id: &str) -> String {
    format!(
        "const e = document.querySelector('[data-testid=\"{id}\"]'); return !!e && e.value === e.max"
    )
}

/// Seconds from `since` until a script returns true.
async fn reached(browser: &Browser, since: Instant, script: &str) -> f64 {
    while browser.script(script, vec![]).await != true {
        assert!(since.elapsed() < LIMIT, "not within {LIMIT:?}: {script}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    since.elapsed().as_secs_f64()
}

fn row(what: &str, value: String, mark: &str) {
    println!("{what}\t{value}\t{mark}");
}
