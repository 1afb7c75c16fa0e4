//! Weights stored as halves on WebGPU: widened by a kernel of our own, they are the numbers that the
//! file has, so pictures are those of F32.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::turn;
use crate::worker::{Engine, generate};

const LIMIT: Duration = Duration::from_secs(300);

/// A picture of the embedded base on a device that is said to have so much memory, and whether its
/// weights are halves.
async fn picture(browser: &Browser, memory: u64) -> (bool, Vec<f64>) {
    let engine = Engine::start(browser, "engine_loader.js", LIMIT).await;
    engine.load_own(memory).await;
    let plan = engine.events("planned").await[0]["plan"].clone();
    let halves = plan["train"]["savings"]
        .to_string()
        .contains("half_precision");
    let request = generate("photo of a dog on grass", 1, 3, json!([]));
    let made = engine.ask(request, &["generated"]).await;
    let pixels = made["pictures"][0]["rgba"].as_array().unwrap().iter();
    (
        halves,
        pixels.map(|pixel| pixel.as_f64().unwrap()).collect(),
    )
}

#[tokio::test]
async fn halves_on_webgpu_make_the_pictures_of_f32() {
    let _turn = turn().await;
    let browser = Browser::start().await;
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
