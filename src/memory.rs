//! Memory that a step frees, kept for the next one.
//!
//! A training step makes and frees the same few thousand buffers every time. As glibc's malloc comes,
//! it hands each large one back to the system and asks for fresh pages at once, and every 4 KiB of
//! those costs a page fault: 8 000 of them in a step of the embedded base, a tenth of its time.

/// Tells malloc to keep what is freed; called once, at the start of a program. Other systems than
/// Linux with glibc are left as they are.
///
/// Buffers above 32 MiB still come from the system and go back to it.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets malloc's own parameters, under its lock (mallopt(3)); it takes two
    // integers by value. That it refuses one shows in its result and leaves everything as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TOP_PAD, 16 << 20);
    }
}
