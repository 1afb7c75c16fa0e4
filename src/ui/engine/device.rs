//! The device that the engine chose: its name, its speed, the check of its arithmetic.

use leptos::prelude::*;

use super::{
    activity::Activity,
    connection::{Engine, EngineStatus},
};
use crate::ui::browser::api;
use crate::ui::browser::capabilities::{Capabilities, MissingCapability, has_webgpu};
use crate::worker::protocol::{DeviceChoice, DeviceKind, Difference, Request};

/// Key of the GPU's speed in the browser's storage.
const SPEED: &str = "forward-seconds";

/// The device that the engine chose.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceInfo {
    /// GPU or CPU.
    pub kind: DeviceKind,
    /// Its name.
    pub name: String,
    /// Why it was chosen.
    pub reason: String,
}

/// A check of the device's arithmetic against reference numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// In progress.
    Running,
    /// The differences of each part, and the largest difference that rounding explains.
    Done(Vec<Difference>, f32),
}

/// The state of the device.
#[derive(Clone, Copy)]
pub struct Device {
    /// The device, once it is chosen.
    pub info: RwSignal<Option<DeviceInfo>>,
    /// The check of its arithmetic.
    pub check: RwSignal<Option<Check>>,
    /// Seconds of one UNet forward pass for one sample; 0 if unknown.
    pub forward_seconds: RwSignal<f32>,
    /// The device that the page's address asks for.
    pub choice: StoredValue<DeviceChoice>,
    engine: Engine,
    activity: Activity,
    capabilities: Capabilities,
}

impl Device {
    /// No device yet.
    pub fn new(
        choice: DeviceChoice,
        engine: Engine,
        activity: Activity,
        capabilities: Capabilities,
    ) -> Self {
        Self {
            info: RwSignal::new(None),
            check: RwSignal::new(None),
            forward_seconds: RwSignal::new(0.0),
            choice: StoredValue::new(choice),
            engine,
            activity,
            capabilities,
        }
    }

    /// The engine chose a device.
    pub fn on_device(self, info: DeviceInfo) {
        let asked_for_cpu = self.choice.get_value() == DeviceChoice::Cpu;
        if info.kind == DeviceKind::Cpu && has_webgpu() && !asked_for_cpu {
            self.capabilities.add(MissingCapability::Gpu);
        }
        self.info.set(Some(info));
    }

    /// Takes the speed measured while loading. A GPU reports none, so its speed is the one that
    /// the last training on this browser had.
    pub fn set_speed(self, forward_seconds: f32) {
        let known = match self.kind() {
            Some(DeviceKind::Gpu) => api::remembered(SPEED)
                .and_then(|seconds| seconds.parse().ok())
                .unwrap_or(0.0),
            _ => forward_seconds,
        };
        self.forward_seconds.set(known);
    }

    /// Remembers the speed of a GPU, measured while training.
    pub fn remember_speed(self, forward_seconds: f32) {
        self.forward_seconds.set(forward_seconds);
        api::remember(SPEED, &forward_seconds.to_string());
    }

    /// The kind of the device; not tracked.
    pub fn kind(self) -> Option<DeviceKind> {
        self.info
            .with_untracked(|info| info.as_ref().map(|info| info.kind))
    }

    /// True when the check can start; tracked.
    pub fn can_check(self) -> bool {
        self.engine.status.get() == EngineStatus::Ready
            && self.check.with(Option::is_none)
            && !self.activity.is_busy()
    }

    /// Compares the device's results with those of diffusers.
    pub fn start_check(self) {
        self.check.set(Some(Check::Running));
        self.engine.send(Request::CheckDevice);
    }

    /// The check is done.
    pub fn on_checked(self, differences: Vec<Difference>, tolerance: f32) {
        self.activity.stages.update(|stages| stages.check = None);
        self.check.set(Some(Check::Done(differences, tolerance)));
    }
}
