//! The whole way in a real browser, and what happens when something is wrong.
//!
//! `cargo xtask test` builds `dist/` and runs these. WebGPU is SwiftShader's, so that no GPU is
//! needed.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod accessibility;
mod bases;
mod booth;
mod browser;
mod crew;
mod embedding;
mod engine;
mod firefox;
mod gpu_memory;
mod halves;
mod hub;
mod mixing;
mod own_bases;
mod privacy;
mod recipe;
mod server;
mod two_subjects;

use std::path::PathBuf;
use std::time::Duration;

use browser::{Browser, repository};
use burn::tensor::Device;
use deltabooth::model::base_model::BaseModel;
use deltabooth::spectral::delta::{Delta, DeltaMetadata, Subject};
use deltabooth::spectral::shift::{ShiftKind, ShiftSet};
use deltabooth::spectral::{DecomposedModel, LayerFactors};
use deltabooth::weights::Files;
use tokio::sync::{Mutex, MutexGuard};

/// One browser at a time: two would fight for the processors.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

const LOADING: Duration = Duration::from_secs(120);
const TRAINING: Duration = Duration::from_secs(420);
/// Whether four pictures are taken and painted.
const FOUR_PICTURES: &str = "return [...document.querySelectorAll('[data-testid=\"picture\"]:not(.refused) canvas')].filter(c => c.width > 1).length === 4";

fn subject(name: &str) -> Vec<PathBuf> {
    (0..4)
        .map(|i| repository().join(format!("static/subjects/{name}/{i}.png")))
        .collect()
}

async fn gather(browser: &Browser, query: &str, device: &str) {
    browser.open(query).await;
    browser.wait_for_text("device-line", device, LOADING).await;
    browser.choose("file-input", &subject("robot")).await;
    browser
        .wait_until("four pictures are shown", FOUR_PICTURES, LOADING)
        .await;
    browser.set("token", "sks").await;
    browser.set("class-word", "robot").await;
}

/// What a test asks of a device: the slower it is, the less.
struct Work {
    training_steps: &'static str,
    class_pictures: &'static str,
    batch: &'static str,
    sampling_steps: &'static str,
}

/// Fills in what training is to do.
async fn set_training(browser: &Browser, work: &Work) {
    browser.set("steps", work.training_steps).await;
    browser.set("prior-images", work.class_pictures).await;
    browser.set("batch", work.batch).await;
    if work.class_pictures == "0" {
        browser.set("prior-weight", "0").await;
    }
}

async fn train(browser: &Browser, work: &Work) -> Vec<u8> {
    set_training(browser, work).await;
    browser.press("train").await;
    browser
        .wait_until(
            "a delta can be downloaded",
            "return !!document.querySelector('a[data-testid=\"download-delta\"]')",
            TRAINING,
        )
        .await;
    browser.download("download-delta").await
}

async fn generate(browser: &Browser, steps: &str) -> [Vec<Vec<u8>>; 2] {
    browser
        .set("prompt", "photo of a sks robot in the snow")
        .await;
    browser.set("seed", "7").await;
    browser.set("sampling-steps", steps).await;
    browser.set("compare", "true").await;
    browser.press("generate").await;
    let script = "return ['result-base', 'result-personalised'].every(id => document.querySelectorAll(`canvas[data-testid=\"${id}\"]`).length >= 1)";
    browser
        .wait_until("both pictures are shown", script, TRAINING)
        .await;
    [
        browser.canvases("result-base").await,
        browser.canvases("result-personalised").await,
    ]
}

fn looks_like_a_picture(rgba: &[u8]) -> bool {
    let distinct: std::collections::BTreeSet<_> = rgba
        .chunks_exact(4)
        .map(|p| [p[0] / 8, p[1] / 8, p[2] / 8])
        .collect();
    rgba.len() == 64 * 64 * 4 && distinct.len() > 16 && rgba.chunks_exact(4).all(|p| p[3] == 255)
}

async fn whole_way(query: &str, device: &str, work: Work) {
    let browser = Browser::start().await;
    gather(&browser, query, device).await;
    let file = train(&browser, &work).await;
    assert!(file.len() <= 100_000, "the delta has {} bytes", file.len());
    let delta = Delta::from_bytes(&file).unwrap();
    assert!(delta.unet.len() > 10_000);
    browser.screenshot(&format!("trained-{device}")).await;
    let [base, personalised] = generate(&browser, work.sampling_steps).await;
    assert!(looks_like_a_picture(&base[0]) && looks_like_a_picture(&personalised[0]));
    assert_ne!(base, personalised, "training changed nothing");
    browser.screenshot(&format!("generated-{device}")).await;

    // Another visit: only the file is left, and it gives the same pictures.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("robot.safetensors");
    std::fs::write(&path, &file).unwrap();
    browser.open(query).await;
    browser.wait_for_text("device-line", device, LOADING).await;
    browser.choose("delta-input", &[path]).await;
    browser.wait_for_text("delta-summary", "sks", LOADING).await;
    let [base_again, personalised_again] = generate(&browser, work.sampling_steps).await;
    assert_eq!(base, base_again);
    let difference = mean_difference(&personalised[0], &personalised_again[0]);
    // The file holds the shifts in half precision.
    assert!(
        difference < 1.0,
        "the pictures differ by {difference} levels on average"
    );

    let foreign: Vec<_> = browser
        .server
        .requests()
        .into_iter()
        .filter(|line| !line.starts_with("GET "))
        .collect();
    assert!(foreign.is_empty(), "something was sent: {foreign:?}");
    browser.close().await;
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(a.abs_diff(*b)))
        .sum::<f64>()
        / a.len() as f64
}

#[tokio::test]
async fn pictures_in_and_a_delta_out_on_the_cpu() {
    let _turn = turn().await;
    let work = Work {
        training_steps: "30",
        class_pictures: "2",
        batch: "4",
        sampling_steps: "10",
    };
    whole_way("?device=cpu", "CPU", work).await;
}

#[tokio::test]
async fn pictures_in_and_a_delta_out_on_webgpu() {
    let _turn = turn().await;
    // A software adapter needs seconds for one pass through the UNet, and a class picture has 25.
    let work = Work {
        training_steps: "2",
        class_pictures: "0",
        batch: "1",
        sampling_steps: "2",
    };
    whole_way("?device=gpu", "WebGPU", work).await;
}

#[tokio::test]
async fn both_devices_compute_what_diffusers_computes() {
    let _turn = turn().await;
    for (query, device) in [("?device=cpu", "CPU"), ("?device=gpu", "WebGPU")] {
        let browser = Browser::start().await;
        browser.open(query).await;
        browser.wait_for_text("device-line", device, LOADING).await;
        browser
            .wait_for("the device can be checked", "check-device", LOADING)
            .await;
        browser.press("check-device").await;
        let found = browser
            .wait_for_text("device-check", "at worst", TRAINING)
            .await;
        println!("{device}: {found}");
        assert!(found.contains("It computes what diffusers computes"));
        browser.close().await;
    }
}

#[tokio::test]
async fn a_reload_goes_on_from_the_checkpoint() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    gather(&browser, "?device=cpu", "CPU").await;
    browser.set("steps", "60").await;
    browser.set("prior-images", "2").await;
    browser.set("checkpoint-every", "5").await;
    browser.press("train").await;
    let beyond = |n: usize| {
        format!(
            "const e = document.querySelector('[data-testid=\"step-count\"]'); return !!e && parseInt(e.textContent) > {n}"
        )
    };
    browser
        .wait_until("ten steps are done", &beyond(10), TRAINING)
        .await;

    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    browser.press("continue-run").await;
    browser
        .wait_until(
            "it goes on where the checkpoint was, not at the start",
            &beyond(4),
            LOADING,
        )
        .await;
    browser.press("stop").await;
    browser
        .wait_until(
            "what was learned is kept",
            "return !!document.querySelector('a[data-testid=\"download-delta\"]')",
            LOADING,
        )
        .await;
    let delta = Delta::from_bytes(&browser.download("download-delta").await).unwrap();
    assert!(
        delta.metadata.steps >= 5,
        "only {} steps",
        delta.metadata.steps
    );
    assert!(
        delta
            .unet
            .iter()
            .any(|(_, shift)| shift.delta.iter().any(|d| *d != 0.0))
    );
    browser.close().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_the_page_goes_on() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };

    browser
        .choose("file-input", &[write("note.png", b"this is no picture")])
        .await;
    browser.wait_for_words("note.png", LOADING).await;
    browser
        .choose(
            "file-input",
            &[write("huge.png", &png_header(20_000, 15_000))],
        )
        .await;
    browser.wait_for_words("huge.png", LOADING).await;
    browser
        .choose("file-input", &[write("wide.png", &png_header(8_193, 1))])
        .await;
    browser.wait_for_words("8192", LOADING).await;

    let fixture = some_delta().await;
    browser
        .choose(
            "delta-input",
            &[write("short.safetensors", &fixture[..fixture.len() / 2])],
        )
        .await;
    browser
        .wait_for_text("messages", "cut short", LOADING)
        .await;

    let mut foreign = Delta::from_bytes(&fixture).unwrap();
    foreign.metadata.base_sha256 = "0".repeat(64);
    browser
        .choose(
            "delta-input",
            &[write("foreign.safetensors", &foreign.to_bytes().unwrap())],
        )
        .await;
    browser
        .wait_for_text("refused-delta", "another base", LOADING)
        .await;
    browser.press("apply-anyway").await;
    browser.wait_for_text("delta-summary", "sks", LOADING).await;

    gather_more(&browser).await;
    let [base, personalised] = generate(&browser, "2").await;
    assert_eq!((base.len(), personalised.len()), (1, 1));
    browser.close().await;
}

/// A delta of the embedded base that shifts every matrix a little.
async fn some_delta() -> Vec<u8> {
    let files = Files::Folder(repository().join("static/base"));
    let base = BaseModel::load(&files, &Device::flex(), &mut |_| {})
        .await
        .unwrap();
    let mut unet = ShiftSet::new();
    let spectral = DecomposedModel::decompose(&base.unet, base.hash.clone(), async |_, _| Ok(()))
        .await
        .unwrap();
    for (path, layer) in spectral.layers() {
        if let LayerFactors::Matrix { sigma, .. } = layer {
            unet.insert(path, ShiftKind::Spectral, vec![0.01; sigma.len()]);
        }
    }
    let subject = Subject {
        token: "sks".into(),
        class_word: "robot".into(),
    };
    let metadata = DeltaMetadata {
        base_id: base.id.clone(),
        base_sha256: base.hash.clone(),
        subjects: vec![subject],
        training: "{}".into(),
        ..DeltaMetadata::default()
    };
    Delta {
        metadata,
        unet,
        text_encoder: ShiftSet::new(),
    }
    .to_bytes()
    .unwrap()
}

async fn gather_more(browser: &Browser) {
    browser.choose("file-input", &subject("dog")).await;
    browser
        .wait_until("good pictures are still taken", FOUR_PICTURES, LOADING)
        .await;
}

/// A PNG that says how large it is and then ends.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let mut crc = u32::MAX;
    for byte in &chunk {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d".to_vec();
    png.extend(chunk);
    png.extend((!crc).to_be_bytes());
    png
}

/// A browser keeps several connections open; a server that answers one only after another closes
/// makes pages stand still at random.
#[tokio::test]
async fn the_server_answers_every_connection_while_the_others_stay_open() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "here").unwrap();
    let server = server::Server::start(folder.path());
    let address = server.url().replace("http://", "");
    for _ in 0..100 {
        let mut connections = Vec::new();
        for _ in 0..8 {
            let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
            let request = b"GET /index.html HTTP/1.1\r\nHost: here\r\n\r\n";
            stream.write_all(request).await.unwrap();
            connections.push(stream);
        }
        for stream in &mut connections {
            let mut answer = [0; 12];
            tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut answer))
                .await
                .expect("an answer")
                .unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
    }
    assert_eq!(server.requests().len(), 800);
    server.stop();
}
