//! The browser's devices.
//!
//! The browser is asked for its adapter before Burn is, because only the adapter tells a GPU from a
//! software adapter, which is slower than our CPU path.

use burn::tensor::{Device, Tensor};
use futures_util::future::LocalBoxFuture;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::error::{Error, Result};
use crate::worker::protocol::{DeviceChoice, DeviceKind};
use crate::worker::serve::browser::{crash, scope};
use crate::worker::serve::device::chosen::{ChosenDevice, DeviceMemory, Devices};
use crate::worker::serve::device::{gpu_bytes, release};

/// Parts of the names of software adapters.
const SOFTWARE: [&str; 6] = [
    "swiftshader",
    "llvmpipe",
    "lavapipe",
    "softpipe",
    "warp",
    "basic render",
];

/// Devices that were started; a GPU can be started only once per worker.
#[derive(Default)]
pub(crate) struct BrowserDevices {
    /// The GPU, and the bytes of the largest tensor that it takes.
    gpu: Option<(Device, u64)>,
}

impl Devices for BrowserDevices {
    fn choose(&mut self, choice: DeviceChoice) -> LocalBoxFuture<'_, Result<ChosenDevice>> {
        Box::pin(self.start(choice))
    }

    fn begin_peak(&self) {
        gpu_bytes::begin_peak();
    }

    fn memory(&self) -> DeviceMemory {
        gpu_bytes::memory()
    }

    fn release<'a>(&'a self, device: &'a Device) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(release::release(device))
    }
}

impl BrowserDevices {
    async fn start(&mut self, choice: DeviceChoice) -> Result<ChosenDevice> {
        Ok(match choice {
            DeviceChoice::Cpu => ChosenDevice::cpu("the CPU was asked for".into()),
            DeviceChoice::Gpu => {
                let adapter = adapter().await.map_err(|why| {
                    Error::Settings(format!(
                        "WebGPU was asked for, but {why}. Use a browser with WebGPU, or take ?device=gpu out of the page's address to work on the CPU."
                    ))
                })?;
                let reason = if adapter.software {
                    "asked for by name; it is a software adapter, so the CPU would be faster"
                } else {
                    "WebGPU was asked for"
                };
                self.gpu(adapter, reason).await?
            }
            DeviceChoice::Auto => match adapter().await {
                Err(why) => ChosenDevice::cpu(why),
                Ok(adapter) if adapter.software => ChosenDevice::cpu(format!(
                    "the only WebGPU adapter is software ({}), which is slower",
                    adapter.name
                )),
                Ok(adapter) => match self.gpu(adapter, "the browser offers it").await {
                    Ok(chosen) => chosen,
                    Err(error) => ChosenDevice::cpu(error.to_string()),
                },
            },
        })
    }

    async fn gpu(&mut self, adapter: Adapter, reason: &str) -> Result<ChosenDevice> {
        let (device, buffer) = match &self.gpu {
            Some(gpu) => gpu.clone(),
            None => {
                gpu_bytes::count();
                let gpu = open().await?;
                self.gpu.insert(gpu).clone()
            }
        };
        Ok(ChosenDevice {
            device,
            kind: DeviceKind::Gpu,
            name: adapter.name,
            reason: reason.into(),
            buffer: Some(buffer),
        })
    }
}

/// The device, and the bytes of the largest tensor that it takes.
async fn open() -> Result<(Device, u64)> {
    let failed = |why: String| {
        Error::Device(format!(
            "the GPU did not start ({why}). Close other tabs that use it and reload the page, or add ?device=cpu to its address"
        ))
    };
    let (device, setup) = Device::wgpu_options()
        .init_with_setup_async()
        .await
        .map_err(|error| failed(error.to_string()))?;
    let limits = setup.device.limits();
    let binding = limits.max_storage_buffer_binding_size;
    let buffer = limits.max_buffer_size.min(binding);
    // Added to Burn's own callback, which only makes later reads fail: the page hears at once.
    setup
        .device
        .set_device_lost_callback(|_, message| crash::report(&message));
    // A first sum shows whether shaders compile and numbers come back.
    let sum = Tensor::<1>::ones([4], &device) + 1.0;
    let values = sum
        .into_data_async()
        .await
        .map_err(|error| failed(format!("{error:?}")))?
        .try_to_vec::<f32>()
        .map_err(|error| failed(format!("{error:?}")))?;
    if values != [2.0; 4] {
        return Err(failed(format!("it says that 1 + 1 is {values:?}")));
    }
    Ok((device, buffer))
}

struct Adapter {
    name: String,
    software: bool,
}

/// The browser's adapter; otherwise why there is none, as part of a sentence.
async fn adapter() -> Result<Adapter, String> {
    let navigator = get(&js_sys::global(), "navigator");
    let gpu = get(&navigator, "gpu");
    if gpu.is_falsy() {
        return Err("this browser offers no WebGPU here".into());
    }
    let options = Object::new();
    let _ = Reflect::set(
        &options,
        &"powerPreference".into(),
        &"high-performance".into(),
    );
    let promise = get(&gpu, "requestAdapter")
        .dyn_into::<Function>()
        .and_then(|request| request.call1(&gpu, &options))
        .map(|promise| Promise::resolve(&promise));
    let adapter = match promise {
        Ok(promise) => JsFuture::from(promise).await,
        Err(thrown) => Err(thrown),
    };
    let adapter = adapter.map_err(|thrown| {
        format!(
            "the browser refused its WebGPU adapter ({})",
            scope::describe(&thrown)
        )
    })?;
    if adapter.is_falsy() {
        return Err(
            "the browser has WebGPU but offers no adapter (its GPU may be blocked or was lost too often)"
                .into(),
        );
    }
    let info = get(&adapter, "info");
    let words: Vec<String> = ["vendor", "architecture", "device", "description"]
        .iter()
        .filter_map(|key| get(&info, key).as_string())
        .filter(|word| !word.is_empty())
        .collect();
    let fallback = [&info, &adapter]
        .iter()
        .any(|object| get(object, "isFallbackAdapter").is_truthy());
    let text = words.join(" ").to_lowercase();
    Ok(Adapter {
        software: fallback || SOFTWARE.iter().any(|word| text.contains(word)),
        name: if words.is_empty() {
            "WebGPU".into()
        } else {
            words.join(" ")
        },
    })
}

/// A property, undefined if there is none.
fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}
