//! What a GPU's allocator holds and nothing uses, given back between two pieces of work.
//!
//! CubeCL keeps the pages of tensors that are gone for others that fit into them. The next piece of work
//! has tensors of other sizes, so that it would hold both. Of pages that CubeCL lets go of, WebGPU's
//! buffers stay until the browser's garbage collector finds them (wgpu destroys none), and the collector
//! sees no reason to look: of the GPU's bytes it knows nothing. It is given one.

use burn::tensor::Device;
use js_sys::{Array, Function, Reflect};

use crate::error::Result;
use crate::worker::serve::device::gpu_bytes;
use crate::worker::serve::device::settle;
use crate::worker::serve::session::Session;

/// Fewer free bytes stay where they are.
const WORTH_IT: u64 = 16 << 20;
/// Bytes of an array that nobody writes to: the collector counts these.
const REASON: u32 = 64 << 20;
/// Arrays at most, should the collector not come at all.
const REASONS: usize = 16;

impl Session {
    /// Gives the GPU's free memory back, if there is much of it.
    ///
    /// # Errors
    /// `Device` when it was lost.
    pub(crate) async fn give_back(&self) -> Result<()> {
        match &self.chosen {
            Some(chosen) => give_back(&chosen.device).await,
            None => Ok(()),
        }
    }
}

async fn give_back(device: &Device) -> Result<()> {
    let Some(usage) = device.memory_pool_usage() else {
        return Ok(()); // No GPU.
    };
    let before = gpu_bytes::held().unwrap_or(usage.bytes_reserved);
    if before.saturating_sub(usage.bytes_in_use) < WORTH_IT {
        return Ok(());
    }
    device.memory_cleanup();
    let kept = device.memory_pool_usage();
    let kept = kept.map_or(0, |usage| usage.bytes_reserved) + WORTH_IT / 2;
    for _ in 0..REASONS {
        settle(device).await?;
        if gpu_bytes::held().is_none_or(|held| held <= kept) {
            break;
        }
        allocate(REASON);
    }
    Ok(())
}

/// Makes an array and lets go of it. One that there is no room for is as good a reason.
fn allocate(bytes: u32) {
    let class = Reflect::get(&js_sys::global(), &"ArrayBuffer".into());
    if let Ok(Ok(class)) = class.map(wasm_bindgen::JsCast::dyn_into::<Function>) {
        let _ = Reflect::construct(&class, &Array::of1(&bytes.into()));
    }
}
