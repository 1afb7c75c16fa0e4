//! Rows of the benchmarks' tables, which `cargo xtask bench` reads.

/// Prints one row: what was measured, the value and its target.
pub fn row(what: &str, value: impl AsRef<str>, target: &str) {
    println!("{what}\t{}\t{target}", value.as_ref());
}
