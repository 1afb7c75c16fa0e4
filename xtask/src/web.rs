//! Building and serving the app.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::shell::{self, Done};

/// What serves, before the caller's own arguments.
const SERVE: [&str; 2] = ["serve", "--release"];
/// How long serving may take to begin; it builds once more, from what is built.
const BEGINS_WITHIN: Duration = Duration::from_secs(600);

/// Builds `dist/`: page, engine, base and subjects.
pub fn build() -> Done {
    shell::run("trunk", &["build", "--release"])
}

/// Builds and serves on this machine, and opens a browser where there is a screen.
pub fn serve(args: &[String]) -> Done {
    let mut all = SERVE.to_vec();
    let screen = cfg!(any(target_os = "macos", windows))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
    if screen {
        all.push("--open");
    } else {
        eprintln!("no screen here: open the address that trunk prints, in a browser of your own");
    }
    all.extend(args.iter().map(String::as_str));
    shell::run("trunk", &all)
}

/// Serves as [`serve`] does, on a free port, until the page answers.
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
        if begun.elapsed() > BEGINS_WITHIN {
            break Err(format!("no page from `trunk serve` in {BEGINS_WITHIN:?}"));
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    // It may have ended by itself.
    let _ = server.kill();
    let _ = server.wait();
    answered
}

/// What a server on this machine answers to 'GET /', if it does.
fn page(address: std::net::SocketAddr) -> Option<String> {
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

/// Lints the two browser binaries, each with its own features.
pub fn clippy() -> Done {
    for (bin, feature) in [("deltabooth", "page"), ("engine", "engine")] {
        shell::cargo(&[
            "clippy",
            "--target",
            "wasm32-unknown-unknown",
            "--profile",
            "wasm",
            "--no-default-features",
            "--features",
            feature,
            "--bin",
            bin,
            "--",
            "-D",
            "warnings",
        ])?;
    }
    Ok(())
}
