//! The device that the engine chose, and how fast it is.

use leptos::prelude::*;

use crate::ui::browser::api;
use crate::ui::browser::capabilities::{Lack, has_webgpu};
use crate::ui::state::{Booth, Device};
use crate::ui::training::estimate::forward_seconds;
use crate::worker::protocol::{DeviceChoice, DeviceKind};

/// What this browser remembers of its GPU's speed.
const SPEED: &str = "forward-seconds";

impl Booth {
    /// The engine has chosen a device.
    pub fn on_device(self, device: Device) {
        let asked = self
            .options
            .with_value(|options| options.device == DeviceChoice::Cpu);
        if device.kind == DeviceKind::Cpu && has_webgpu() && !asked {
            self.lacks.update(|lacks| {
                if !lacks.contains(&Lack::Gpu) {
                    lacks.push(Lack::Gpu);
                }
            });
        }
        self.device.set(Some(device));
    }

    /// A GPU says nothing of its speed before it has trained once: then this browser remembers.
    pub fn know_speed(self, forward_seconds: f32) {
        let remembered = api::remembered(SPEED).and_then(|seconds| seconds.parse().ok());
        let known = match self
            .device
            .with_untracked(|device| device.as_ref().map(|d| d.kind))
        {
            Some(DeviceKind::Gpu) => remembered.unwrap_or(0.0),
            _ => forward_seconds,
        };
        self.forward_seconds.set(known);
    }

    /// What the last steps say of the device's speed.
    pub fn learn_speed(self) {
        let gpu = |device: &Option<Device>| {
            device
                .as_ref()
                .is_some_and(|device| device.kind == DeviceKind::Gpu)
        };
        if let Some(pace) = self.pace.get_untracked()
            && self.device.with_untracked(gpu)
        {
            let samples = untrack(|| self.train.samples());
            let seconds = forward_seconds(pace.steps_per_second, samples);
            self.forward_seconds.set(seconds);
            api::remember(SPEED, &seconds.to_string());
        }
    }
}
