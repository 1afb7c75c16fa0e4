//! The engine's worker.

#[cfg(target_family = "wasm")]
unsafe extern "C" {
    /// Made by the linker: everything that registers itself before `main`, of which CubeCL's compiler
    /// has more than a thousand.
    fn __wasm_call_ctors();
}

fn main() {
    // Where nobody calls it, the linker does: at the beginning of every function that JavaScript can
    // call, every time. That took half of the time in which a base was loaded.
    #[cfg(target_family = "wasm")]
    // SAFETY: called once, before anything else, as the linker would.
    unsafe {
        __wasm_call_ctors();
    }
    deltabooth::worker::serve::start();
}
