//! A site that behaves like Hugging Face: files at `/hub/resolve/main/`, where a redirect leads to a
//! storage, pointers at `/hub/raw/main/`, and everything that goes wrong on demand.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::get;
use futures_util::stream;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::browser::repository;

/// What it does wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Gives whole files only.
    pub no_ranges: bool,
    /// Every answer has this status; 429 asks to wait a second.
    pub status: Option<StatusCode>,
    /// So many answers of that status, then good ones; `None` is always.
    pub times: Option<u32>,
    /// Answers with a web page.
    pub page: bool,
    /// The pointers' hashes are of other files.
    pub wrong_hashes: bool,
}

/// The embedded base, as a site of its own would have it.
#[derive(Debug)]
pub struct Hub {
    /// Paths in the base's folder.
    files: Vec<String>,
    pub faults: Mutex<Faults>,
    /// Bytes that the storage sends before every connection breaks.
    pub budget: AtomicU64,
    /// Bytes that the storage has sent.
    pub sent: AtomicU64,
    root: PathBuf,
}

impl Hub {
    /// A good one.
    pub fn new() -> Arc<Self> {
        let root = repository().join("static/base");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&root)
            .expect("the base is there")
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            match std::fs::read_dir(entry.path()) {
                Ok(part) => files.extend(
                    part.flatten()
                        .map(|file| format!("{name}/{}", file.file_name().to_string_lossy())),
                ),
                Err(_) => files.push(name),
            }
        }
        files.retain(|path| path.ends_with(".json") || path.contains('/'));
        files.sort();
        Arc::new(Self {
            files,
            faults: Mutex::default(),
            budget: AtomicU64::new(u64::MAX),
            sent: AtomicU64::new(0),
            root,
        })
    }

    /// Its addresses, and a catalogue of it: 'hub' without hashes, 'other' with that of its UNet wrong.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/catalogue.json", get(catalogue))
            .route("/hub/resolve/main/{*path}", get(resolve))
            .route("/hub/raw/main/{*path}", get(raw))
            .route("/hub/storage/{*path}", get(storage))
            .with_state(self.clone())
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        let sizes = self.files.iter().map(|path| {
            let bytes = self.read(path).expect("the base is there");
            bytes.len() as u64
        });
        sizes.sum()
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files.iter().find(|file| *file == path)?;
        std::fs::read(self.root.join(path)).ok()
    }

    /// The answer that is wrong, if this one is to be.
    fn fault(&self) -> Option<Response<Body>> {
        let mut faults = self.faults.lock().expect("faults");
        if faults.page {
            let page = Response::builder().header(header::CONTENT_TYPE, "text/html");
            return page.body(Body::from("<!doctype html><p>Log in")).ok();
        }
        let status = faults.status?;
        match &mut faults.times {
            Some(0) => return None,
            Some(times) => *times -= 1,
            None => {}
        }
        let answer = Response::builder().status(status);
        let answer = answer.header(header::RETRY_AFTER, "1");
        answer.body(Body::empty()).ok()
    }
}

fn plain(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

async fn catalogue(State(hub): State<Arc<Hub>>) -> String {
    let base = |id: &str, unet: Option<String>| {
        let files: Vec<Value> = hub
            .files
            .iter()
            .map(|path| {
                let sha256 = unet.clone().filter(|_| path.starts_with("unet/diff"));
                json!({"path": path, "bytes": null, "sha256": sha256})
            })
            .collect();
        json!({
            "id": id, "title": id, "description": "The embedded base on another site.",
            "licence": {"name": "MIT", "url": "base/README.md", "consent": false},
            "root": "hub/resolve/main/", "files": files,
            "defaults": {"sampler": "ddim", "steps": 25, "guidance_scale": 4, "resolution": 64, "prediction": "epsilon"},
        })
    };
    json!({"version": 1, "bases": [base("hub", None), base("other", Some("0".repeat(64)))]})
        .to_string()
}

async fn resolve(State(hub): State<Arc<Hub>>, Path(path): Path<String>) -> Response<Body> {
    if let Some(fault) = hub.fault() {
        return fault;
    }
    if hub.read(&path).is_none() {
        return plain(StatusCode::NOT_FOUND, "there is none");
    }
    let mut response = plain(StatusCode::FOUND, Body::empty());
    let place = format!("/hub/storage/{path}?signature=1");
    let place = place.parse().expect("a path is a header");
    response.headers_mut().insert(header::LOCATION, place);
    response
}

async fn raw(State(hub): State<Arc<Hub>>, Path(path): Path<String>) -> Response<Body> {
    let Some(bytes) = hub.read(&path) else {
        return plain(StatusCode::NOT_FOUND, "there is none");
    };
    if !path.ends_with(".safetensors") {
        return plain(StatusCode::OK, bytes);
    }
    let mut hash = Sha256::digest(&bytes);
    if hub.faults.lock().expect("faults").wrong_hashes {
        hash[0] ^= 1;
    }
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let size = bytes.len();
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize {size}\n");
    plain(StatusCode::OK, pointer)
}

async fn storage(
    State(hub): State<Arc<Hub>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(bytes) = hub.read(&path) else {
        return plain(StatusCode::NOT_FOUND, "there is none");
    };
    let total = bytes.len();
    let ranges = !hub.faults.lock().expect("faults").no_ranges;
    let asked = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let part = asked.filter(|_| ranges).and_then(|range| {
        let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
        let start: usize = start.parse().ok()?;
        let last: usize = end.parse().unwrap_or(total).min(total.checked_sub(1)?);
        (start <= last).then_some((start, last + 1))
    });
    let mut answer = Response::builder().header(header::ETAG, format!("\"{path} {total}\""));
    let (start, end) = match part {
        Some((start, end)) => {
            let range = format!("bytes {start}-{}/{total}", end - 1);
            answer = answer.status(206).header(header::CONTENT_RANGE, range);
            (start, end)
        }
        None => (0, total),
    };
    let pieces: Vec<Vec<u8>> = bytes[start..end].chunks(1 << 16).map(Vec::from).collect();
    answer
        .header(header::CONTENT_LENGTH, end - start)
        .body(sending(pieces, hub))
        .expect("an answer")
}

/// A body that breaks when the budget is used up.
fn sending(pieces: Vec<Vec<u8>>, hub: Arc<Hub>) -> Body {
    let take = move |piece: Vec<u8>| {
        let size = piece.len() as u64;
        let order = Ordering::SeqCst;
        let left = hub.budget.fetch_update(order, order, |left| match left {
            u64::MAX => Some(left),
            left => left.checked_sub(size),
        });
        if left.is_err() {
            // Whoever comes later finds it cut too.
            hub.budget.store(0, order);
            return Err(std::io::Error::other("the line is cut"));
        }
        hub.sent.fetch_add(size, order);
        Ok(piece)
    };
    Body::from_stream(stream::iter(pieces.into_iter().map(take)))
}
