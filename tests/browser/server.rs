//! Serves `dist/` as any static host would, and remembers what was asked for.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::services::ServeDir;

use crate::browser::repository;
use crate::hub::Hub;

/// A static file server on a port of its own.
pub struct Server {
    /// Another site's files, at paths of this one.
    pub hub: Arc<Hub>,
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// Dropped to stop.
    running: Mutex<Option<oneshot::Sender<()>>>,
}

impl Server {
    /// Serves a folder from a thread of its own, and the embedded base as another site would.
    pub fn start(root: &Path) -> Self {
        Self::start_with(root, repository().join("static/base"))
    }

    /// Serves a folder, and the base in another one.
    pub fn start_with(root: &Path, base: PathBuf) -> Self {
        assert!(
            root.join("index.html").exists(),
            "{} is not built: run `cargo xtask test`",
            root.display()
        );
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let remember = move |request: Request, next: Next| {
            log.lock()
                .expect("log")
                .push(format!("{} {}", request.method(), request.uri()));
            next.run(request)
        };
        let hub = Hub::new(base);
        let app = hub
            .router()
            .fallback_service(ServeDir::new(root))
            .layer(from_fn(remember));
        let (running, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .enable_time()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
                let listener = listener.expect("a free port");
                let address = listener.local_addr().expect("its address");
                tell.send(address).expect("who started it waits");
                tokio::select! {
                    ended = axum::serve(listener, app).into_future() => ended.expect("it serves"),
                    _ = stopped => {}
                }
            });
            // The runtime ends here, and every open connection with it.
        });
        Self {
            hub,
            address: told.recv().expect("the server starts"),
            requests,
            running: Mutex::new(Some(running)),
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves nothing any more.
    pub fn stop(&self) {
        self.running.lock().expect("running").take();
    }

    /// Method and path of every request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("log").clone()
    }
}
