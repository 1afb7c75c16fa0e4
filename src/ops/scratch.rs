//! Temporary buffers of the CPU kernels.

use std::cell::RefCell;

/// Runs `f` with a buffer of `len` elements whose contents are unspecified.
///
/// Buffers are reused by later calls on the same thread: a new one costs a page fault every 4 KiB.
pub(crate) fn with_scratch<T>(len: usize, f: impl FnOnce(&mut [f32]) -> T) -> T {
    thread_local! {
        static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
    }
    // Removed from the list while in use, because calls nest: rayon may start another one on this
    // thread while it waits.
    let mut buffer = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        // Freed before the new one is allocated, because both may be large.
        drop(buffer);
        buffer = vec![0.0; len];
    }
    let result = f(&mut buffer[..len]);
    FREE.with_borrow_mut(|free| free.push(buffer));
    result
}
