//! Serves `dist/` as any static host would, and remembers what was asked for.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tiny_http::{Header, Method, Response};

/// A static file server on a port of its own.
pub struct Server {
    inner: Arc<tiny_http::Server>,
    requests: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Serves a folder from a thread of its own.
    pub fn start(root: &Path) -> Self {
        assert!(
            root.join("index.html").exists(),
            "{} is not built: run `cargo xtask test`",
            root.display()
        );
        let inner = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a free port"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let off = stopped.clone();
        let (server, log, root) = (inner.clone(), requests.clone(), root.to_path_buf());
        std::thread::spawn(move || {
            for request in server.incoming_requests() {
                log.lock()
                    .expect("log")
                    .push(format!("{} {}", request.method(), request.url()));
                if off.load(Ordering::Relaxed) {
                    // Dropped without an answer.
                    drop(request.into_writer());
                } else {
                    answer(request, &root);
                }
            }
        });
        Self {
            inner,
            requests,
            stopped,
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.server_addr())
    }

    /// Serves nothing any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Method and path of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("log").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.inner.unblock();
    }
}

fn answer(request: tiny_http::Request, root: &Path) {
    let path = request
        .url()
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_start_matches('/')
        .to_owned();
    let path = if path.is_empty() {
        "index.html".to_owned()
    } else {
        path
    };
    let file: PathBuf = root.join(&path);
    let body = (*request.method() == Method::Get && !path.contains(".."))
        .then(|| std::fs::read(&file).ok())
        .flatten();
    // A browser that went away is not the server's trouble.
    let _ = match body {
        Some(bytes) => {
            let header = Header::from_bytes("Content-Type", content_type(&path)).expect("a header");
            request.respond(Response::from_data(bytes).with_header(header))
        }
        None => request.respond(Response::from_string("not found").with_status_code(404)),
    };
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
