//! Leaves the names of functions out of the wasm files: they are a fifth of what people download.
//!
//! A linker argument, and not `strip` in the profile, because that would take the list of target
//! features too, from which wasm-bindgen knows what it may use.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-bins=--strip-all");
        println!("cargo::rustc-link-arg-bins=--keep-section=target_features");
    }
}
