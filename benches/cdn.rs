//! A published base's stand-in in a tab, from a server that behaves like the CDN: what loading takes
//! of time and memory, first from the network, then from what the browser keeps.
//!
//! `cargo bench --profile dev --bench cdn -- [KIND] [cpu|gpu] [--train PRESET] [--memory GB]`, on what
//! `trunk build --release` has built. KIND is one of `booth synth --like`'s, `sd15` if not given; the
//! stand-in is written once, to `target/standins`. With `--train` that preset's layers are taken
//! apart, two steps trained and a picture made besides, at 128 pixels; `--memory` is what the device
//! is said to have, by which the plan chooses how weights are stored. One line each: what, measured,
//! mark, separated by tabs.

#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/e2e/browser.rs"]
mod browser;
#[path = "../tests/e2e/hub.rs"]
mod hub;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../tests/e2e/server.rs"]
mod server;
#[path = "../tests/e2e/standin.rs"]
mod standin;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use browser::Browser;
use clap::Parser;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(3_600);

const START: &str = "
    window.events = [];
    window.engine = new Worker('../probe.js');
    window.engine.onmessage = ({data}) => { data.at = performance.now(); window.events.push(data) }";
const ASK: &str = "window.events = []; window.engine.postMessage(arguments[0])";
const EVENT: &str = "
    const found = window.events.find(event => arguments[0].includes(event.type));
    return found ? JSON.stringify(found) : null";

/// Four pictures, as a person adds them.
const ADD: &str = "
    const done = arguments[arguments.length - 1];
    window.events = [];
    Promise.all([0, 1, 2, 3].map(async id => {
        const file = await fetch(`../subjects/dog/${id}.png`);
        const bytes = new Uint8Array(await file.arrayBuffer());
        window.engine.postMessage({type: 'add_picture', id, subject: 1, name: `${id}.png`, bytes});
    })).then(() => done(null), why => done(String(why)))";
/// Milliseconds from the first word of taking apart to the last.
const APART: &str = "
    const said = window.events.filter(e => e.type === 'progress' && e.task === 'decompose');
    return said.length ? said.at(-1).at - said[0].at : null";

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
    let folder = standin::folder(&args.kind);
    let browser = Browser::start_on(folder.clone(), &[]).await;
    let bytes = browser.server.hub.bytes();
    println!("{}, {}, {}", args.kind, args.device, size(bytes));

    let cold = load(&browser, &args).await;
    row(
        "load, from the network",
        format!("{:.1} s", cold.seconds),
        "",
    );
    row("peak wasm memory", size(cold.wasm), "≤ 512 MB");
    row("GPU buffers, most at once", size(cold.gpu), "");

    let asked = browser.server.requests().len();
    let warm = load(&browser, &args).await;
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
    let read = ask(&browser, "read".into(), &["read"]).await;
    let rate =
        read["bytes"].as_f64().unwrap_or(0.0) / 1e3 / read["milliseconds"].as_f64().unwrap_or(1.0);
    row(
        "the browser reading what is kept and no more, MB/s",
        format!("{rate:.0}"),
        "",
    );
    row("second load, peak wasm memory", size(warm.wasm), "≤ 512 MB");
    if let Some(layers) = &args.train {
        whole_way(&browser, &args, layers).await;
    }
    browser.close().await;
}

/// At 128 pixels: takes a preset's layers apart, makes two steps, then a picture with the delta.
async fn whole_way(browser: &Browser, args: &Args, layers: &str) {
    let began = Instant::now();
    let mut request = request(args);
    request["size"] = 128.into();
    request["anyway"] = true.into();
    ask(browser, request, &["loaded"]).await;
    let added = browser
        .client
        .execute_async(ADD, vec![])
        .await
        .expect("a script");
    assert_eq!(added, Value::Null, "the pictures are there");
    let captions = json!({
        "single": "photo of {a}", "left_right": "photo of {a} on the left and {b} on the right",
        "top_bottom": "photo of {a} on the top and {b} on the bottom",
        "together": "photo of {a} and {b}", "class_scenes": [""],
    });
    let train = json!({
        "type": "train", "subjects": [{"number": 1, "token": "sks", "class_word": "dog"}],
        "layers": layers, "text_encoder": false, "mix_probability": 0.6, "unmix_weight": 0.0,
        "timesteps": "uniform", "min_snr_gamma": 0.0, "schedule": "constant", "ema_decay": 0.0,
        "batch": 1, "prior_batch": 1, "flip": false, "captions": captions, "arranged": [], "steps": 2,
        "learning_rate": 1e-3, "learning_rate_1d": 1e-6, "prior_weight": 0.0, "prior_images": 0,
        "seed": 0, "preview_every": 0, "checkpoint_every": 0,
    });
    let pressed = Instant::now();
    let delta = ask(browser, train, &["delta"]).await;
    let trained = pressed.elapsed().as_secs_f64();
    let apart = browser.script(APART, vec![]).await;
    row(
        &format!("the layers of '{layers}' taken apart, in the tab"),
        seconds(&apart),
        "",
    );
    row(
        "that, and two training steps, 128 px",
        format!("{trained:.0} s"),
        "",
    );
    planned_and_used(browser, "training").await;
    let generate = json!({
        "type": "generate", "id": 1, "prompt": "photo of a sks dog", "negative_prompt": "", "seed": 0,
        "steps": 4, "guidance_scale": 1.0, "deltas": [{"id": delta["id"], "strength": 1.0}],
        "count": 1, "compare": false,
    });
    let pressed = Instant::now();
    ask(browser, generate, &["generated"]).await;
    let made = pressed.elapsed().as_secs_f64();
    row(
        "a picture of four steps, 128 px",
        format!("{made:.0} s"),
        "",
    );
    planned_and_used(browser, "a picture").await;
    row(
        "the whole way",
        format!("{:.0} s", began.elapsed().as_secs_f64()),
        "completes",
    );
    let memory = ask(browser, "memory".into(), &["memory"]).await;
    row(
        "peak wasm memory",
        size(memory["wasm"].as_u64().unwrap_or(0)),
        "",
    );
    row(
        "GPU buffers, most at once",
        size(memory["gpuPeak"].as_u64().unwrap_or(0)),
        "",
    );
}

/// The engine's own count of a piece of work that has just ended, beside its plan.
async fn planned_and_used(browser: &Browser, what: &str) {
    let used = event(browser, &["memory_used"]).await["used"].clone();
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

fn seconds(milliseconds: &Value) -> String {
    format!("{:.0} s", milliseconds.as_f64().unwrap_or(f64::NAN) / 1e3)
}

/// Asks, and waits for one of these events.
async fn ask(browser: &Browser, request: Value, types: &[&str]) -> Value {
    browser.script(ASK, vec![request]).await;
    let wanted = [types, &["failed"]].concat();
    let end = event(browser, &wanted).await;
    assert_ne!(end["type"], "failed", "{end}");
    end
}

/// To load the base.
fn request(args: &Args) -> Value {
    let source = json!({"type": "catalogue", "id": "hub"});
    let memory = args.memory.map(|gb| (gb * 1e9) as u64);
    json!({"type": "load", "source": source, "device": args.device, "memory": memory})
}

/// What a load took.
struct Load {
    seconds: f64,
    wasm: u64,
    gpu: u64,
}

/// Loads the base in a new engine.
async fn load(browser: &Browser, args: &Args) -> Load {
    browser.open("embed/index.html").await;
    browser.script(START, vec![]).await;
    event(browser, &["ready"]).await;
    let began = Instant::now();
    ask(browser, request(args), &["loaded"]).await;
    let seconds = began.elapsed().as_secs_f64();
    let memory = ask(browser, "memory".into(), &["memory"]).await;
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
