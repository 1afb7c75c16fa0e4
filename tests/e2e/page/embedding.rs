//! The example page over the module for other pages: the whole way, and with no fault of access.

use deltabooth::spectral::delta::Delta;
use serde_json::Value;

use crate::browser::{Browser, repository};
use crate::steps::{LOADING, TRAINING};
use crate::turn;

#[tokio::test]
async fn another_page_trains_shows_and_keeps_a_delta_through_the_module() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("embed/index.html?device=cpu&steps=2").await;
    let axe = repository().join("tests/e2e/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core is installed by `cargo xtask doctor`");
    browser.press("teach").await;
    let done = "const e = document.querySelector('[data-testid=\"error\"]'); return !e.hidden || document.querySelectorAll('[data-testid=\"results\"] canvas').length === 6";
    browser
        .wait_until("three scenes, each twice", done, 2 * TRAINING)
        .await;
    let error = browser.text("error").await.unwrap_or_default();
    assert_eq!(error, "", "the example complains");
    browser.screenshot("embedding").await;
    let differ = "
        const pixels = c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const canvases = [...document.querySelectorAll('[data-testid=\"results\"] canvas')].map(pixels);
        return [0, 2, 4].every(i => canvases[i].some((v, at) => v !== canvases[i + 1][at]))";
    assert_eq!(
        browser.script(differ, vec![]).await,
        Value::Bool(true),
        "the delta changed nothing"
    );
    let script = format!(
        "{axe}; const done = arguments[arguments.length - 1]; axe.run(document, {{resultTypes: ['violations']}}).then(r => done(r.violations.map(v => v.id + ': ' + v.nodes[0].failureSummary)), e => done(['axe failed: ' + e]))"
    );
    for scheme in ["light", "dark"] {
        browser.look(390, scheme).await;
        let found = browser.client.execute_async(&script, vec![]).await.unwrap();
        assert_eq!(found, Value::Array(vec![]), "{scheme}");
    }
    let file = browser.download("download").await;
    let delta = Delta::from_bytes(&file).unwrap();
    assert_eq!(delta.metadata.steps, 2);

    // What was downloaded is taken in again.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dog.safetensors");
    std::fs::write(&path, &file).unwrap();
    browser.choose("apply", &[path]).await;
    let again = "return document.querySelector('[data-testid=\"status\"]').textContent.startsWith('Done') && document.querySelectorAll('[data-testid=\"results\"] canvas').length === 6";
    browser
        .wait_until("the same scenes again", again, TRAINING)
        .await;

    // What is no delta is refused with words.
    let path = folder.path().join("note.safetensors");
    std::fs::write(&path, b"this is no delta").unwrap();
    browser.choose("apply", &[path]).await;
    browser.wait_for_text("error", "not a delta", LOADING).await;
    browser.close().await;
}
