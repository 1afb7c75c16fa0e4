//! The page: mounts the user interface, which talks to the engine in its worker.

fn main() {
    deltabooth::ui::start();
}
