//! Building and serving the app.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::shell::{self, Done};

/// What `dist/` is built from.
const SOURCES: [&str; 10] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "build.rs",
    "index.html",
    "rust-toolchain.toml",
    "src",
    "static",
    "xtask/src/precache.rs",
];
/// Arguments of trunk for serving.
const SERVE: [&str; 2] = ["serve", "--release"];
/// How long the first page may take; trunk builds once more before it serves.
const START_LIMIT: Duration = Duration::from_secs(600);

/// Builds `dist/`: page, engine, base model and sample subjects.
pub fn build() -> Done {
    shell::run("trunk", &["build", "--release"])
}

/// Builds `dist/` unless it is newer than everything that it is built from.
pub fn build_if_stale() -> Done {
    let built = fs::metadata("dist/index.html").and_then(|page| page.modified());
    let changed = SOURCES
        .iter()
        .map(|path| last_change(Path::new(path)))
        .max();
    match (built, changed) {
        (Ok(built), Some(changed)) if changed < built => {
            eprintln!("\ndist/ is up to date");
            Ok(())
        }
        _ => build(),
    }
}

/// When a file, or anything in a folder, was last changed; now if it cannot be read.
fn last_change(path: &Path) -> SystemTime {
    let own = fs::metadata(path).and_then(|found| found.modified());
    let own = own.unwrap_or_else(|_| SystemTime::now());
    let inside = fs::read_dir(path).into_iter().flatten().flatten();
    inside
        .map(|entry| last_change(&entry.path()))
        .fold(own, SystemTime::max)
}

/// Builds and serves the app, and opens a browser if there is a screen.
pub fn serve(args: &[String]) -> Done {
    let mut all = SERVE.to_vec();
    let screen = cfg!(any(target_os = "macos", windows))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
    if screen {
        all.push("--open");
    } else {
        eprintln!("no screen found: open the address that trunk prints in a browser");
    }
    all.extend(args.iter().map(String::as_str));
    shell::run("trunk", &all)
}

/// Serves as [`serve`] does on a free port, until the page answers.
pub fn check_serve() -> Done {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.map_err(|error| format!("no free port: {error}"))?;
    let port = address.port().to_string();
    let mut server = shell::start("trunk", &[&SERVE[..], &["--port", &port]].concat())?;
    let begun = Instant::now();
    let answered = loop {
        if page(address).is_some_and(|page| page.contains("<title>DeltaBooth")) {
            break Ok(());
        }
        if let Ok(Some(status)) = server.try_wait() {
            break Err(format!(
                "`trunk serve` ended with {status} before the page answered"
            ));
        }
        if begun.elapsed() > START_LIMIT {
            break Err(format!("no page from `trunk serve` in {START_LIMIT:?}"));
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    // Both fail if the server has ended by itself.
    let _ = server.kill();
    let _ = server.wait();
    answered
}

/// The answer to `GET /`, if there is one.
fn page(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
