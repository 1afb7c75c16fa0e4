//! Damaged and malicious files: each is rejected with a reason, none causes a panic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod delta;
mod exchange;
mod header;
mod pictures;
mod random;
