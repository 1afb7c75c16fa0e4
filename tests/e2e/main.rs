//! Tests of the built app in real browsers.
//!
//! `cargo xtask test e2e` builds `dist/` and runs them. WebGPU runs on SwiftShader, so no GPU is needed.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod bases;
#[path = "../browser/browser.rs"]
mod browser;
mod engine;
#[path = "../browser/hub.rs"]
mod hub;
mod page;
#[path = "../browser/server.rs"]
mod server;
mod server_tests;
mod steps;
#[path = "../browser/engine.rs"]
mod worker;

use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Waits until this test may start a browser. There are at most as many as cores, and four, because each
/// keeps about one core busy.
async fn turn() -> SemaphorePermit<'static> {
    static TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
        let cores = available_parallelism().map_or(1, usize::from);
        Semaphore::new(cores.min(4))
    });
    TURNS.acquire().await.expect("it is never closed")
}
