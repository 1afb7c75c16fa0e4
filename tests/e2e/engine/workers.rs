//! Weights are taken apart whatever becomes of the workers that do it: the losses of two steps are the
//! same to the bit.

use std::time::Duration;

use deltabooth::synthetic::{Kind, Options, Size, write};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::turn;
use crate::worker::{Engine, train};

const LIMIT: Duration = Duration::from_secs(180);

/// A base for which workers are worth while.
fn base() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        size: Size::Middle,
        ..Options::new(Kind::BkSdmTiny)
    };
    write(&options, folder.path(), &mut |_, _| {}).unwrap();
    folder
}

/// A browser with that base on the hub; it keeps no factors yet.
async fn browser(base: &tempfile::TempDir) -> Browser {
    Browser::start_on(base.path().to_owned(), &[]).await
}

async fn start<'a>(browser: &'a Browser, script: &str) -> Engine<'a> {
    let engine = Engine::start(browser, script, LIMIT).await;
    let source = json!({"type": "catalogue", "id": "hub"});
    let load = json!({"type": "load", "source": source, "device": "cpu"});
    engine.ask(load, &["loaded"]).await;
    engine.add_pictures("dog").await;
    engine
}

/// The losses of two steps, and what the person was warned of.
async fn losses(engine: &Engine<'_>) -> (Vec<Value>, String) {
    engine.ask(train("down", 2), &["delta"]).await;
    let steps = engine.events("step").await;
    let warnings = engine.events("warning").await;
    (
        steps.iter().map(|step| step["loss"].clone()).collect(),
        json!(warnings).to_string(),
    )
}

#[tokio::test]
async fn workers_that_fall_or_are_refused_change_nothing() {
    let _turn = turn().await;
    let (base, mut all) = (base(), Vec::new());
    for (script, warning) in [
        ("engine_loader.js", None),
        ("crew.js?fall", Some("out of memory")),
        ("crew.js?refuse", Some("no more workers")),
    ] {
        let browser = browser(&base).await;
        let engine = start(&browser, script).await;
        let (losses, warnings) = losses(&engine).await;
        assert_eq!(losses.len(), 2, "{script}");
        match warning {
            Some(words) => assert!(warnings.contains(words), "{script}: {warnings}"),
            None => assert_eq!(warnings, "[]"),
        }
        all.push(losses);
        browser.close().await;
    }
    assert!(all.iter().all(|losses| *losses == all[0]), "{all:?}");
}

#[tokio::test]
async fn taking_apart_is_cancelled_and_goes_on_where_it_was() {
    let _turn = turn().await;
    let base = base();
    let browser = browser(&base).await;
    let engine = start(&browser, "engine_loader.js").await;
    engine.say(train("all", 1)).await;
    let apart = |events: Vec<Value>| {
        let apart = events.into_iter().filter(|e| e["task"] == "decompose");
        let done: Vec<f64> = apart.filter_map(|event| event["done"].as_f64()).collect();
        done
    };
    // Some layers are there.
    let since = std::time::Instant::now();
    while apart(engine.events("progress").await)
        .last()
        .is_none_or(|done| *done == 0.0)
    {
        assert!(since.elapsed() < LIMIT, "nothing is taken apart");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    engine.ask(json!({"type": "cancel"}), &["stopped"]).await;
    // Another visit finds the layers that were finished.
    let engine = start(&browser, "engine_loader.js").await;
    engine.ask(train("all", 1), &["delta"]).await;
    let events = engine.events("progress").await;
    let total = events
        .iter()
        .find(|event| event["task"] == "decompose")
        .and_then(|event| event["total"].as_f64());
    let done = apart(events);
    assert_eq!(done.first(), Some(&0.0));
    assert_eq!(done.last().copied(), total);
    assert_eq!(engine.events("step").await.len(), 1);
    browser.close().await;
}
