//! The layers of a LoRA.

use std::collections::BTreeMap;

/// ΔW = scale · B A of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraLayer {
    /// The rank r.
    pub rank: usize,
    /// alpha / r.
    pub scale: f32,
    /// A: `[r, fan_in]`, row-major (`lora_down` of kohya, `lora_A` of PEFT).
    pub down: Vec<f32>,
    /// B: `[c_out, r]`, row-major (`lora_up` of kohya, `lora_B` of PEFT).
    pub up: Vec<f32>,
}

/// The layers of one model, by path.
pub type LoraLayers = BTreeMap<String, LoraLayer>;

/// A LoRA of a UNet and of a text encoder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lora {
    /// Layers of the UNet.
    pub unet: LoraLayers,
    /// Layers of the text encoder; empty if it was not trained.
    pub text_encoder: LoraLayers,
}
