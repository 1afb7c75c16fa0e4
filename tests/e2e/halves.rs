//! Weights stored as halves on WebGPU: widened by a kernel of our own, they are the numbers that the
//! file has, so pictures are those of F32.

use std::time::Duration;

use serde_json::{Value, json};

use super::browser::Browser;
use super::turn;

const LIMIT: Duration = Duration::from_secs(300);

const START: &str = "
    window.engine?.terminate();
    window.events = [];
    window.engine = new Worker('../engine_loader.js');
    window.engine.onmessage = ({data}) => window.events.push(data)";
const ASK: &str = "window.events = []; window.engine.postMessage(arguments[0])";
const SEEN: &str = "return window.events.some(event => ['ready', 'loaded', 'generated', 'failed'].includes(event.type))";
const ANSWER: &str = "
    const failed = window.events.find(event => event.type === 'failed');
    const planned = window.events.find(event => event.type === 'planned');
    const made = window.events.find(event => event.type === 'generated');
    return JSON.stringify({
        error: failed?.error.message,
        savings: planned?.plan.train.savings,
        pixels: made && [...made.pictures[0].rgba],
    })";

async fn ask(browser: &Browser, request: Value) -> Value {
    browser.script(ASK, vec![request]).await;
    answer(browser).await
}

async fn answer(browser: &Browser) -> Value {
    browser.wait_until("the engine answers", SEEN, LIMIT).await;
    let answer = browser.script(ANSWER, vec![]).await;
    let answer: Value = serde_json::from_str(answer.as_str().unwrap()).unwrap();
    assert_eq!(answer["error"], Value::Null, "{answer}");
    answer
}

/// A picture of the embedded base on a device that is said to have so much memory, and whether its
/// weights are halves.
async fn picture(browser: &Browser, memory: u64) -> (bool, Vec<f64>) {
    browser.script(START, vec![]).await;
    answer(browser).await;
    let url = format!("{}/base/", browser.server.url());
    let load = json!({
        "type": "load", "source": {"type": "folder", "url": url}, "device": "gpu",
        "memory": memory, "anyway": true, "size": 64,
    });
    let loaded = ask(browser, load).await;
    let halves = loaded["savings"].to_string().contains("half_precision");
    let generate = json!({
        "type": "generate", "id": 1, "prompt": "photo of a dog on grass", "negative_prompt": "",
        "seed": 3, "steps": 1, "guidance_scale": 1.0, "deltas": [], "count": 1, "compare": false,
    });
    let made = ask(browser, generate).await;
    let pixels = made["pixels"].as_array().unwrap().iter();
    (
        halves,
        pixels.map(|pixel| pixel.as_f64().unwrap()).collect(),
    )
}

#[tokio::test]
async fn halves_on_webgpu_make_the_pictures_of_f32() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("embed/index.html").await;
    let (halves, wide) = picture(&browser, 8_000_000_000).await;
    assert!(!halves, "there is room for F32");
    let (halves, narrow) = picture(&browser, 1_000_000).await;
    assert!(halves, "there is no room for F32");
    assert_eq!(wide.len(), narrow.len());
    let off = wide.iter().zip(&narrow).map(|(a, b)| (a - b).abs());
    let off = off.fold(0.0_f64, f64::max);
    let spread = wide.iter().fold(0.0_f64, |most, pixel| most.max(*pixel))
        - wide
            .iter()
            .fold(255.0_f64, |least, pixel| least.min(*pixel));
    assert!(spread > 50.0, "the picture shows something");
    assert!(off <= 2.0, "{off} levels of 255");
    browser.close().await;
}
