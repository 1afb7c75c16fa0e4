//! Files that are damaged or made to do harm: each is refused with its reason, none causes a panic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod delta;
mod exchange;
mod header;
mod pictures;
mod random;
