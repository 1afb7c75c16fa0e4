//! The engine's worker.

fn main() {
    deltabooth::worker::serve::start();
}
