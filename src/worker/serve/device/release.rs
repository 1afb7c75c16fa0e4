//! Releases memory that a GPU's allocator holds and no tensor uses.
//!
//! CubeCL keeps the pages of dropped tensors for others that fit into them. The next piece of work
//! has tensors of other sizes, so both would be held. When CubeCL drops pages, WebGPU's buffers stay
//! until the browser's garbage collector runs, because wgpu does not destroy them; the collector does
//! not count GPU memory, so arrays are allocated until it runs.

use burn::tensor::Device;
use js_sys::{Array, Function, Reflect};

use crate::error::Result;
use crate::worker::serve::device::chosen::settle;
use crate::worker::serve::device::gpu_bytes;

/// Fewer unused bytes are left alone.
const WORTH_IT: u64 = 16 << 20;
/// Bytes of an array, which the garbage collector counts.
const ARRAY: u32 = 64 << 20;
/// Arrays at most, in case the collector never runs.
const ARRAYS: usize = 16;

/// Releases the GPU's unused memory, if there is much of it.
///
/// # Errors
/// `Device` when the device was lost.
pub(crate) async fn release(device: &Device) -> Result<()> {
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
    for _ in 0..ARRAYS {
        settle(device).await?;
        if gpu_bytes::held().is_none_or(|held| held <= kept) {
            break;
        }
        allocate(ARRAY);
    }
    Ok(())
}

/// Allocates an array and drops it. A failed allocation makes the collector run, too.
fn allocate(bytes: u32) {
    let class = Reflect::get(&js_sys::global(), &"ArrayBuffer".into());
    if let Ok(Ok(class)) = class.map(wasm_bindgen::JsCast::dyn_into::<Function>) {
        let _ = Reflect::construct(&class, &Array::of1(&bytes.into()));
    }
}
