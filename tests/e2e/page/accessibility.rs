//! axe-core on every view, in light and dark, on a phone and on a desk; and no view is wider than
//! its screen.

use serde_json::Value;

use crate::browser::{Browser, repository};
use crate::steps::{LOADING, Work, gather, train};
use crate::turn;

/// Widths of a phone and of a desk.
const WIDTHS: [u32; 2] = [390, 1280];

#[tokio::test]
async fn every_view_is_accessible_in_light_and_dark_on_phone_and_desk() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    let axe = repository().join("tests/e2e/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core is installed by `cargo xtask doctor`");

    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    check(&browser, &axe, "open").await;

    browser.press("change-base").await;
    browser.wait_for_text("bases", "Licence", LOADING).await;
    open_everything(&browser).await;
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("model.safetensors");
    std::fs::write(&checkpoint, b"looked at by its name alone").unwrap();
    browser.choose("own-file", &[checkpoint]).await;
    browser
        .wait_for_text("own-tokenizer", "missing", LOADING)
        .await;
    check(&browser, &axe, "models").await;

    gather(&browser, "?device=cpu", "CPU").await;
    browser.press("add-subject").await;
    browser.press("sample-cat-2").await;
    browser
        .wait_until(
            "collages are shown",
            "return document.querySelectorAll('.strip canvas').length > 0",
            LOADING,
        )
        .await;
    browser.press("collage").await;
    open_everything(&browser).await;
    check(&browser, &axe, "gathered").await;
    browser.press("remove-subject-2").await;

    browser.set("preview-every", "2").await;
    let work = Work {
        training_steps: "4",
        class_pictures: "0",
        batch: "1",
        sampling_steps: "2",
    };
    train(&browser, &work).await;
    browser.set("sampling-steps", "2").await;
    browser.press("generate").await;
    browser
        .wait_for("pictures are kept", "kept-picture", LOADING)
        .await;
    browser.press("make-link").await;
    browser
        .wait_for_text("link-note", "characters", LOADING)
        .await;
    browser
        .set("hosted", "https://a.example/rex.safetensors")
        .await;
    open_everything(&browser).await;
    check(&browser, &axe, "trained").await;

    let link = browser
        .script(
            "return document.querySelector('[data-testid=\"link\"]').value",
            vec![],
        )
        .await;
    let fragment = link.as_str().unwrap().split_once('#').unwrap().1.to_owned();
    browser
        .visit(&format!("{}/?device=cpu#{fragment}", browser.server.url()))
        .await;
    browser.wait_for_text("arrival", "It knows", LOADING).await;
    check(&browser, &axe, "link").await;

    browser
        .visit(&format!("{}/?device=cpu#d=cut", browser.server.url()))
        .await;
    browser
        .wait_for_text("messages", "cannot be read", LOADING)
        .await;
    check(&browser, &axe, "refused").await;
    browser.close().await;
}

async fn open_everything(browser: &Browser) {
    browser
        .script(
            "document.querySelectorAll('details').forEach(d => { d.open = true })",
            vec![],
        )
        .await;
}

async fn check(browser: &Browser, axe: &str, view: &str) {
    for width in WIDTHS {
        for scheme in ["light", "dark"] {
            browser.look(width, scheme).await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            browser
                .screenshot(&format!("view-{view}-{width}-{scheme}"))
                .await;
            let script = format!(
                "{axe}; const done = arguments[arguments.length - 1]; axe.run(document, {{resultTypes: ['violations']}}).then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160) + ' | ' + n.failureSummary).slice(0, 4).join(' || '))), e => done(['axe failed: ' + e]))"
            );
            let found = browser.client.execute_async(&script, vec![]).await.unwrap();
            assert_eq!(
                found,
                Value::Array(vec![]),
                "{view}, {width} pixels, {scheme}"
            );
            let wide = "const e = document.documentElement; return e.scrollWidth - e.clientWidth";
            let surplus = browser.script(wide, vec![]).await;
            assert_eq!(
                surplus,
                Value::from(0),
                "{view} is wider than {width} pixels"
            );
        }
    }
    browser.look(1280, "light").await;
}
