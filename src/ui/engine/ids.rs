//! Unique numbers for pictures, results, deltas and messages.

use leptos::prelude::*;

/// A counter that the whole page shares.
#[derive(Clone, Copy)]
pub struct Ids(StoredValue<u32>);

impl Ids {
    /// Starts at 1.
    pub fn new() -> Self {
        Self(StoredValue::new(0))
    }

    /// A number that was not handed out before.
    pub fn next(self) -> u32 {
        self.0.update_value(|id| *id += 1);
        self.0.get_value()
    }
}
