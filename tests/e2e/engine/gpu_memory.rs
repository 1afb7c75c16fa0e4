//! What WebGPU's buffers take, counted where the browser makes them, beside what was planned.

use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::turn;
use crate::worker::{Engine, generate, train};

const LIMIT: Duration = Duration::from_secs(300);

/// The most bytes at once of the work that has just ended, as a part of those that were planned.
async fn part(engine: &Engine<'_>) -> f64 {
    let used = engine.wait(&["memory_used"]).await["used"].clone();
    let bytes = |name: &str| used[name].as_f64().expect("bytes of a GPU are counted");
    bytes("gpu_peak") / bytes("planned")
}

#[tokio::test]
async fn webgpu_holds_what_was_planned_and_gives_the_rest_back() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    let engine = Engine::start(&browser, "engine_loader.js", LIMIT).await;
    engine.load_own(8_000_000_000).await;
    engine.add_pictures("dog").await;
    // Of so small a base every tensor has a page of its own, most of them larger than the tensor.
    let delta: Value = engine.ask(train("key_value", 2), &["delta"]).await;
    let trained = part(&engine).await;
    assert!((0.9..1.4).contains(&trained), "training: {trained}");
    // The steps' tensors, a third of all, are gone.
    let deltas = json!([{"id": delta["id"], "strength": 1.0}]);
    let request = generate("photo of a sks dog", 1, 0, deltas);
    engine.ask(request, &["generated"]).await;
    let made = part(&engine).await;
    assert!((0.7..1.4).contains(&made), "a picture: {made}");
    browser.close().await;
}
