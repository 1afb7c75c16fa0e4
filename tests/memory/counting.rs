//! An allocator that counts allocated bytes and their peak.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// Allows one measurement at a time, as the counters are global.
static MEASURING: Mutex<()> = Mutex::new(());

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(more: usize, less: usize) {
    let held = HELD.fetch_add(more, Relaxed) + more;
    PEAK.fetch_max(held, Relaxed);
    HELD.fetch_sub(less, Relaxed);
}

// SAFETY: every call is passed to the system's allocator unchanged; only counters are updated.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller upholds the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller upholds the same contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller upholds the same contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller upholds the same contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Runs `f` on a new thread while no other measurement runs. The thread's scratch space is freed at its end.
pub fn alone(f: impl FnOnce() + Send) {
    let guard = MEASURING.lock().unwrap_or_else(PoisonError::into_inner);
    let done = std::thread::scope(|scope| scope.spawn(f).join());
    drop(guard);
    if let Err(panic) = done {
        std::panic::resume_unwind(panic);
    }
}

/// Bytes that are allocated now.
pub fn held() -> usize {
    HELD.load(Relaxed)
}

/// Peak of the bytes allocated during `f` beyond those before it. Use inside [`alone`].
pub fn peak<T>(f: impl FnOnce() -> T) -> (usize, T) {
    let before = held();
    PEAK.store(before, Relaxed);
    let result = f();
    (PEAK.load(Relaxed).saturating_sub(before), result)
}
