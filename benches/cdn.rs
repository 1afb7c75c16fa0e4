//! A published base's stand-in in a tab, from a server that behaves like the CDN: what loading takes
//! of time and memory, first from the network, then from what the browser keeps.
//!
//! `cargo bench --profile dev --bench cdn -- [KIND] [cpu|gpu] [--train PRESET] [--apart PRESET] [--memory GB]`,
//! on what `trunk build --release` has built. KIND is one of `booth synth --like`'s, `sd15` if not given, or `base`
//! for the embedded base; a stand-in is written once, to `target/standins`. With `--train` that preset's layers are taken
//! apart, two steps trained and a picture made besides, at 128 pixels, with
//! `--apart` no more than the first; `--memory` is what the device
//! is said to have, by which the plan chooses how weights are stored. One line each: what, measured,
//! mark, separated by tabs.

#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/browser/browser.rs"]
mod browser;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/browser/engine.rs"]
mod engine;
#[path = "../tests/browser/hub.rs"]
mod hub;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/browser/server.rs"]
mod server;
#[path = "../tests/browser/synthetic.rs"]
mod synthetic;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use browser::Browser;
use clap::Parser;
use engine::{Engine, generate, train};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(3_600);

#[derive(Debug, Parser)]
struct Args {
    /// Whose stand-in it is.
    #[arg(default_value = "sd15")]
    kind: String,
    /// Where it is computed.
    #[arg(default_value = "gpu", value_parser = ["cpu", "gpu"])]
    device: String,
    /// The whole way, with these layers.
    #[arg(long)]
    train: Option<String>,
    /// No more than taking these layers apart.
    #[arg(long)]
    apart: Option<String>,
    /// What the device is said to have, in GB.
    #[arg(long)]
    memory: Option<f64>,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args = Args::parse();
    let folder = synthetic::folder(&args.kind);
    let browser = Browser::start_on(folder.clone(), &[]).await;
    let bytes = browser.server.hub.bytes();
    println!("{}, {}, {}", args.kind, args.device, size(bytes));

    let (_, cold) = load(&browser, request(&args)).await;
    row(
        "load, from the network",
        format!("{:.1} s", cold.seconds),
        "",
    );
    row("peak wasm memory", size(cold.wasm), "≤ 512 MB");
    row("GPU buffers, most at once", size(cold.gpu), "");

    let asked = browser.server.requests().len();
    let (engine, warm) = load(&browser, request(&args)).await;
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
    row(
        "second load, MB/s",
        format!("{:.0}", bytes as f64 / 1e6 / warm.seconds),
        "",
    );
    row(
        "dd of the same file, MB/s",
        format!("{:.0}", dd(&folder)),
        "",
    );
    let read = engine.ask("read".into(), &["read"]).await;
    let number = |name: &str| read[name].as_f64().expect("a number");
    row(
        "the browser reading what is kept and no more, MB/s",
        format!("{:.0}", number("bytes") / 1e3 / number("milliseconds")),
        "",
    );
    row("second load, peak wasm memory", size(warm.wasm), "≤ 512 MB");
    if let Some(layers) = &args.train {
        whole_way(&browser, &args, layers).await;
    }
    if let Some(layers) = &args.apart {
        apart(&browser, &args, layers).await;
    }
    browser.close().await;
}

/// Takes a preset's layers apart, and no more.
async fn apart(browser: &Browser, args: &Args, layers: &str) {
    let (engine, _) = load(browser, at_128(args)).await;
    engine.add_pictures("dog").await;
    engine.say(train(layers, 2)).await;
    let ended = |event: &Value| event["task"] == "decompose" && event["done"] == event["total"];
    let began = Instant::now();
    while !engine.events("progress").await.iter().any(ended) {
        assert!(
            began.elapsed() < LIMIT,
            "the layers are not apart within {LIMIT:?}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    time_apart(&engine.events("progress").await, layers);
    println!("warnings: {}", json!(engine.events("warning").await));
    let memory = engine.ask("memory".into(), &["memory"]).await;
    row(
        "peak wasm memory of the engine, without its workers",
        size(memory["wasm"].as_u64().unwrap_or(0)),
        "",
    );
}

/// From the first word of taking apart to the last.
fn time_apart(said: &[Value], layers: &str) {
    let mut apart = said.iter().filter(|event| event["task"] == "decompose");
    let at = |event: Option<&Value>| event.and_then(|event| event["at"].as_f64());
    if let (Some(first), Some(last)) = (at(apart.next()), at(apart.next_back())) {
        row(
            &format!("the layers of '{layers}' taken apart, in the tab"),
            format!("{:.0} s", (last - first) / 1e3),
            "all of SD 1.5: ≤ 20 minutes",
        );
    }
}

/// To load the base for pictures of 128 pixels; the embedded base has 64.
fn at_128(args: &Args) -> Value {
    let mut request = request(args);
    request["size"] = if args.kind == "base" { 64 } else { 128 }.into();
    request
}

/// At 128 pixels: takes a preset's layers apart, makes two steps, then a picture with the delta.
async fn whole_way(browser: &Browser, args: &Args, layers: &str) {
    let began = Instant::now();
    let (engine, _) = load(browser, at_128(args)).await;
    engine.add_pictures("dog").await;
    let pressed = Instant::now();
    let delta = engine.ask(train(layers, 2), &["delta"]).await;
    let trained = pressed.elapsed().as_secs_f64();
    time_apart(&engine.events("progress").await, layers);
    row(
        "that, and two training steps, 128 px",
        format!("{trained:.0} s"),
        "",
    );
    println!("warnings: {}", json!(engine.events("warning").await));
    planned_and_used(&engine, "training").await;
    let deltas = json!([{"id": delta["id"], "strength": 1.0}]);
    let pressed = Instant::now();
    let request = generate("photo of a sks dog", 4, 0, deltas);
    engine.ask(request, &["generated"]).await;
    let made = pressed.elapsed().as_secs_f64();
    row(
        "a picture of four steps, 128 px",
        format!("{made:.0} s"),
        "",
    );
    planned_and_used(&engine, "a picture").await;
    row(
        "the whole way",
        format!("{:.0} s", began.elapsed().as_secs_f64()),
        "completes",
    );
    let memory = engine.ask("memory".into(), &["memory"]).await;
    row(
        "peak wasm memory",
        size(memory["wasm"].as_u64().unwrap_or(0)),
        "",
    );
}

/// The engine's own count of a piece of work that has just ended, beside its plan.
async fn planned_and_used(engine: &Engine<'_>, what: &str) {
    let used = engine.wait(&["memory_used"]).await["used"].clone();
    let bytes = |name: &str| used[name].as_u64();
    if let (Some(planned), Some(peak)) = (bytes("planned"), bytes("gpu_peak")) {
        let ratio = peak as f64 / planned as f64;
        row(
            &format!("{what}, GPU buffers, most at once; planned; ratio"),
            format!("{}; {}; {ratio:.2}", size(peak), size(planned)),
            "0.9 to 1.1",
        );
    }
}

/// To load the base, whatever the plan says.
fn request(args: &Args) -> Value {
    let source = json!({"type": "catalogue", "id": "hub"});
    let memory = args.memory.map(|gb| (gb * 1e9) as u64);
    json!({
        "type": "load", "source": source, "device": args.device, "memory": memory, "anyway": true,
    })
}

/// What a load took.
struct Load {
    seconds: f64,
    wasm: u64,
    gpu: u64,
}

/// Loads the base in a new engine.
async fn load(browser: &Browser, request: Value) -> (Engine<'_>, Load) {
    let engine = Engine::start(browser, "probe.js", LIMIT).await;
    let began = Instant::now();
    engine.ask(request, &["loaded"]).await;
    let seconds = began.elapsed().as_secs_f64();
    let memory = engine.ask("memory".into(), &["memory"]).await;
    let bytes = |name: &str| memory[name].as_u64().expect("a number of bytes");
    let load = Load {
        seconds,
        wasm: bytes("wasm"),
        gpu: bytes("gpuPeak"),
    };
    (engine, load)
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
