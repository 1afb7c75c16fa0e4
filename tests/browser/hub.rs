//! A site that behaves like Hugging Face: files at `/hub/resolve/main/`, where a redirect leads to a
//! storage, pointers at `/hub/raw/main/`, and everything that goes wrong on demand.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
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
    /// The storage's weight files have lost their second half.
    pub truncated: bool,
    /// The storage is on another origin, and does not let this one read (no CORS header).
    pub no_cors: bool,
}

const PIECE: u64 = 1 << 16;

/// A base's folder, as a site of its own would have it.
#[derive(Debug)]
pub struct Hub {
    /// Bytes by path in the base's folder.
    files: BTreeMap<String, u64>,
    /// SHA-256 of the files that were asked for.
    hashes: Mutex<BTreeMap<String, Vec<u8>>>,
    pub faults: Mutex<Faults>,
    /// Bytes that the storage sends before every connection breaks.
    pub budget: AtomicU64,
    /// Bytes that the storage has sent.
    pub sent: AtomicU64,
    root: PathBuf,
}

impl Hub {
    /// A good one, of the base in this folder.
    pub fn new(root: PathBuf) -> Arc<Self> {
        let entries = |folder: PathBuf| {
            let entries = std::fs::read_dir(folder).expect("the base is there");
            entries.flatten()
        };
        let mut files = BTreeMap::new();
        for entry in entries(root.clone()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                for file in entries(entry.path()) {
                    let path = format!("{name}/{}", file.file_name().to_string_lossy());
                    files.insert(path, file.metadata().expect("a file").len());
                }
            } else if name.ends_with(".json") {
                files.insert(name, entry.metadata().expect("a file").len());
            }
        }
        Arc::new(Self {
            files,
            hashes: Mutex::default(),
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
            .route("/probe.js", get(probe))
            .route("/lost.js", get(lost))
            .route("/crew.js", get(crew))
            .route("/hub/resolve/main/{*path}", get(resolve))
            .route("/hub/raw/main/{*path}", get(raw))
            .route("/hub/storage/{*path}", get(storage))
            .with_state(self.clone())
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.values().sum()
    }

    /// A file, if there is one at this path.
    fn open(&self, path: &str) -> Option<File> {
        self.files.get(path)?;
        File::open(self.root.join(path)).ok()
    }

    /// SHA-256 of a file, computed once.
    fn hash(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(hash) = self.hashes.lock().expect("hashes").get(path) {
            return Some(hash.clone());
        }
        let mut hash = Sha256::new();
        std::io::copy(&mut self.open(path)?, &mut hash).ok()?;
        let hash = hash.finalize().to_vec();
        let mut hashes = self.hashes.lock().expect("hashes");
        Some(hashes.entry(path.into()).or_insert(hash).clone())
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
    let folder = hub.root.file_name().unwrap_or_default().to_string_lossy();
    let bases = match &*folder {
        // Nobody has published their sizes.
        "base" => vec![
            entry(&hub, "hub", None, None),
            entry(&hub, "other", None, Some("0".repeat(64))),
        ],
        kind => vec![entry(&hub, "hub", Some(kind), None)],
    };
    json!({"version": 1, "bases": bases}).to_string()
}

/// What the catalogue says of the hub's files, where they are those of a stand-in with their sizes; `unet` is
/// its UNet's SHA-256.
fn entry(hub: &Hub, id: &str, stand_in: Option<&str>, unet: Option<String>) -> Value {
    let files: Vec<Value> = hub
        .files
        .iter()
        .map(|(path, &bytes)| {
            let sha256 = unet.clone().filter(|_| path.starts_with("unet/diff"));
            json!({"path": path, "bytes": stand_in.map(|_| bytes), "sha256": sha256})
        })
        .collect();
    let (title, description, resolution) = match stand_in {
        None => (id.into(), "The embedded base on another site.", 64),
        Some(kind) => (
            format!("Stand-in of {kind}"),
            "The shapes of a published base, with random weights.",
            512,
        ),
    };
    json!({
        "id": id, "title": title, "description": description,
        "licence": {"name": "MIT", "url": "base/README.md", "consent": false},
        "root": "hub/resolve/main/", "files": files,
        "defaults": {"sampler": "ddim", "steps": 25, "guidance_scale": 4, "resolution": resolution, "prediction": "epsilon"},
    })
}

/// The engine's worker, with a count of its memory.
async fn probe() -> Response<Body> {
    script(include_str!("probe.js"))
}

/// The engine's worker, which loses its GPU.
async fn lost() -> Response<Body> {
    script(include_str!("lost.js"))
}

/// The engine's worker, whose own workers fall.
async fn crew() -> Response<Body> {
    script(include_str!("crew.js"))
}

fn script(text: &'static str) -> Response<Body> {
    let script = Response::builder().header(header::CONTENT_TYPE, "text/javascript");
    script.body(Body::from(text)).expect("an answer")
}

async fn resolve(
    State(hub): State<Arc<Hub>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    if let Some(fault) = hub.fault() {
        return fault;
    }
    if !hub.files.contains_key(&path) {
        return plain(StatusCode::NOT_FOUND, "there is none");
    }
    let mut response = plain(StatusCode::FOUND, Body::empty());
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let origin = match host {
        // The same machine, but another origin to a browser.
        Some(host) if hub.faults.lock().expect("faults").no_cors => {
            format!("http://{}", host.replace("127.0.0.1", "localhost"))
        }
        _ => String::new(),
    };
    let place = format!("{origin}/hub/storage/{path}?signature=1");
    let place = place.parse().expect("a path is a header");
    response.headers_mut().insert(header::LOCATION, place);
    response
}

async fn raw(State(hub): State<Arc<Hub>>, Path(path): Path<String>) -> Response<Body> {
    let none = || plain(StatusCode::NOT_FOUND, "there is none");
    if !path.ends_with(".safetensors") {
        let mut bytes = Vec::new();
        let read = hub.open(&path).map(|mut file| file.read_to_end(&mut bytes));
        return match read {
            Some(Ok(_)) => plain(StatusCode::OK, bytes),
            _ => none(),
        };
    }
    let (Some(mut hash), Some(size)) = (hub.hash(&path), hub.files.get(&path)) else {
        return none();
    };
    if hub.faults.lock().expect("faults").wrong_hashes {
        hash[0] ^= 1;
    }
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize {size}\n");
    plain(StatusCode::OK, pointer)
}

async fn storage(
    State(hub): State<Arc<Hub>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let (Some(file), Some(&published)) = (hub.open(&path), hub.files.get(&path)) else {
        return plain(StatusCode::NOT_FOUND, "there is none");
    };
    let cut = path.ends_with(".safetensors") && hub.faults.lock().expect("faults").truncated;
    let total = if cut { published / 2 } else { published };
    let ranges = !hub.faults.lock().expect("faults").no_ranges;
    let asked = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let part = asked.filter(|_| ranges).and_then(|range| {
        let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
        let start: u64 = start.parse().ok()?;
        let last: u64 = end.parse().unwrap_or(total).min(total.checked_sub(1)?);
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
    answer
        .header(header::CONTENT_LENGTH, end - start)
        .body(sending(file, start, end, hub))
        .expect("an answer")
}

/// The bytes from `start` to `end`, as a body that breaks when the budget is used up.
fn sending(mut file: File, start: u64, end: u64, hub: Arc<Hub>) -> Body {
    let read = move |at: u64| {
        let size = PIECE.min(end - at);
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
        let mut piece = vec![0; size as usize];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut piece)?;
        Ok(piece)
    };
    let starts = (start..end).step_by(PIECE as usize);
    Body::from_stream(stream::iter(starts.map(read)))
}
