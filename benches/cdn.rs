//! A published base's stand-in in a tab, from a server that behaves like the CDN: what loading takes
//! of time and memory, first from the network, then from what the browser keeps.
//!
//! `cargo bench --profile dev --bench cdn -- [KIND] [cpu|gpu]`, on what `trunk build --release` has
//! built. KIND is one of `booth synth --like`'s, `sd15` if not given; the stand-in is written once, to
//! `target/standins`. One line each: what, measured, mark, separated by tabs.

#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/e2e/browser.rs"]
mod browser;
#[path = "../tests/e2e/hub.rs"]
mod hub;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/e2e/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use browser::{Browser, repository};
use clap::ValueEnum;
use deltabooth::standin::{Kind, Options, write};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(1_800);

const START: &str = "
    window.events = [];
    window.engine = new Worker('../probe.js');
    window.engine.onmessage = ({data}) => window.events.push(data)";
const ASK: &str = "window.events = []; window.engine.postMessage(arguments[0])";
const EVENT: &str = "
    const found = window.events.find(event => arguments[0].includes(event.type));
    return found ? JSON.stringify(found) : null";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let kind = words.first().map_or("sd15", String::as_str);
    let device = words.get(1).map_or("gpu", String::as_str);
    let folder = standin(kind);
    let browser = Browser::start_on(folder.clone(), &[]).await;
    println!("{kind}, {device}, {}", size(browser.server.hub.bytes()));

    let cold = load(&browser, device).await;
    row(
        "load, from the network",
        format!("{:.1} s", cold.seconds),
        "",
    );
    row("peak wasm memory", size(cold.wasm), "≤ 512 MB");
    row("GPU buffers, most at once", size(cold.gpu), "");

    let asked = browser.server.requests().len();
    let warm = load(&browser, device).await;
    let requests = browser.server.requests();
    let network = requests[asked..]
        .iter()
        .filter(|line| line.contains("/hub/"))
        .count();
    row("second load", format!("{:.1} s", warm.seconds), "");
    row(
        "second load, requests to the other site",
        network.to_string(),
        "0",
    );
    let bytes = browser.server.hub.bytes() as f64;
    row(
        "second load, MB/s",
        format!("{:.0}", bytes / 1e6 / warm.seconds),
        "",
    );
    row(
        "dd of the same file, MB/s",
        format!("{:.0}", dd(&folder)),
        "",
    );
    row("second load, peak wasm memory", size(warm.wasm), "≤ 512 MB");
    browser.close().await;
}

/// What a load took.
struct Load {
    seconds: f64,
    wasm: u64,
    gpu: u64,
}

/// Loads the base in a new engine.
async fn load(browser: &Browser, device: &str) -> Load {
    browser.open("embed/index.html").await;
    browser.script(START, vec![]).await;
    event(browser, &["ready"]).await;
    let began = Instant::now();
    let source = json!({"type": "catalogue", "id": "hub"});
    let request = json!({"type": "load", "source": source, "device": device});
    browser.script(ASK, vec![request]).await;
    let end = event(browser, &["loaded", "failed"]).await;
    assert_eq!(end["type"], "loaded", "{end}");
    let seconds = began.elapsed().as_secs_f64();
    browser.script(ASK, vec!["memory".into()]).await;
    let memory = event(browser, &["memory"]).await;
    let bytes = |name: &str| memory[name].as_u64().expect("a number of bytes");
    Load {
        seconds,
        wasm: bytes("wasm"),
        gpu: bytes("gpuPeak"),
    }
}

/// The first event of one of these types.
async fn event(browser: &Browser, types: &[&str]) -> Value {
    let since = Instant::now();
    loop {
        let found = browser.script(EVENT, vec![json!(types)]).await;
        if let Some(text) = found.as_str() {
            return serde_json::from_str(text).expect("an event");
        }
        assert!(since.elapsed() < LIMIT, "no {types:?} within {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The folder of a stand-in, written if it is not there.
fn standin(kind: &str) -> PathBuf {
    let folder = repository().join("target/standins").join(kind);
    if !folder.join("model_index.json").exists() {
        let kind = Kind::from_str(kind, false).expect("one of `booth synth --like`'s kinds");
        write(&Options::new(kind), &folder, &mut |_, _| {}).expect("the stand-in is written");
    }
    folder
}

/// MB/s of `dd` on the UNet's file.
fn dd(folder: &Path) -> f64 {
    let file = folder.join("unet/diffusion_pytorch_model.safetensors");
    let bytes = std::fs::metadata(&file).expect("the UNet's file").len();
    let began = Instant::now();
    let done = Command::new("dd")
        .args([&format!("if={}", file.display()), "of=/dev/null", "bs=1M"])
        .output();
    assert!(done.expect("dd").status.success(), "dd failed");
    bytes as f64 / 1e6 / began.elapsed().as_secs_f64()
}

fn size(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

fn row(what: &str, value: String, mark: &str) {
    println!("{what}\t{value}\t{mark}");
}
