//! Subsets of the UNet's layers that are trained, named after the paper (section 4).
//!
//! Shifts in Stable Diffusion 1.x, with full-length norm shifts:
//!
//! | preset | layers | shifts |
//! |---|---|---|
//! | `all` | every layer of the UNet | 322,856 |
//! | `cross_attention` | `attn2`: queries, keys, values, output | 43,776 |
//! | `key_value` | keys and values of `attn2` | 18,816 |
//! | `one_d` | norms | 100,160 |
//! | `two_d` | linear layers | 140,416 |
//! | `four_d` | convolutions | 82,280 |
//! | `up`, `down`, `mid` | all layers of those blocks | 181,568; 107,072; 32,256 |
//! | `up_cross_attention`, … | `attn2` of those blocks | 43,776 together |

use std::collections::BTreeSet;

use crate::model::layer_info::LayerInfo;
use crate::model::layers::LayerForm;

pub use crate::config::LayerPreset;

impl LayerPreset {
    /// Whether the layer at `path` of the UNet belongs to the preset.
    pub fn holds(self, path: &str, form: LayerForm) -> bool {
        let in_blocks = |name: &str| path.starts_with(name);
        let projection = path.split_once(".attn2.").map(|(_, projection)| projection);
        let cross = projection.is_some();
        match self {
            Self::All => true,
            Self::CrossAttention => cross,
            Self::KeyValue => matches!(projection, Some("to_k" | "to_v")),
            Self::OneD => form == LayerForm::Norm,
            Self::TwoD => matches!(form, LayerForm::Linear | LayerForm::Embedding),
            Self::FourD => form == LayerForm::Conv2d,
            Self::Up => in_blocks("up_blocks."),
            Self::Down => in_blocks("down_blocks."),
            Self::Mid => in_blocks("mid_block."),
            Self::UpCrossAttention => cross && in_blocks("up_blocks."),
            Self::DownCrossAttention => cross && in_blocks("down_blocks."),
            Self::MidCrossAttention => cross && in_blocks("mid_block."),
        }
    }

    /// The number of shifts of the preset's layers, with full-length norm shifts.
    pub fn count(self, layers: &[LayerInfo]) -> usize {
        layers
            .iter()
            .filter(|layer| self.holds(&layer.path, layer.form()))
            .map(LayerInfo::shifts)
            .sum()
    }

    /// The preset with the fewest shifts that contains all layers at `paths`; `None` if none of the
    /// paths is a layer.
    pub fn least<'a>(
        paths: impl IntoIterator<Item = &'a str>,
        layers: &[LayerInfo],
    ) -> Option<Self> {
        let paths: BTreeSet<&str> = paths.into_iter().collect();
        let shifted = |layer: &&LayerInfo| paths.contains(layer.path.as_str());
        layers.iter().find(shifted)?;
        let holds_all = |preset: &Self| {
            let mut shifted = layers.iter().filter(shifted);
            shifted.all(|layer| preset.holds(&layer.path, layer.form()))
        };
        Self::ALL
            .into_iter()
            .filter(holds_all)
            .min_by_key(|preset| preset.count(layers))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::model::config::UNetConfig;
    use crate::model::layer_info::unet::unet_layers;

    /// `unet/config.json` of Stable Diffusion 1.5, as published.
    const SD15: &[u8] = br#"{
        "_class_name": "UNet2DConditionModel", "act_fn": "silu", "attention_head_dim": 8,
        "block_out_channels": [320, 640, 1280, 1280], "center_input_sample": false,
        "cross_attention_dim": 768, "down_block_types": ["CrossAttnDownBlock2D",
        "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"], "downsample_padding": 1,
        "flip_sin_to_cos": true, "freq_shift": 0, "in_channels": 4, "layers_per_block": 2,
        "mid_block_scale_factor": 1, "norm_eps": 1e-05, "norm_num_groups": 32, "out_channels": 4,
        "sample_size": 64, "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D",
        "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]}"#;

    #[test]
    fn stable_diffusions_counts_are_the_papers() {
        let layers = unet_layers(&UNetConfig::parse(SD15).unwrap());
        let count = |preset: LayerPreset| preset.count(&layers);
        assert_eq!(count(LayerPreset::All), 322_856);
        assert_eq!(count(LayerPreset::CrossAttention), 43_776);
        assert_eq!(count(LayerPreset::KeyValue), 18_816);
        assert_eq!(count(LayerPreset::OneD), 100_160);
        assert_eq!(count(LayerPreset::TwoD), 140_416);
        assert_eq!(count(LayerPreset::FourD), 82_280);
        assert_eq!(count(LayerPreset::Up), 181_568);
        assert_eq!(count(LayerPreset::Down), 107_072);
        assert_eq!(count(LayerPreset::Mid), 32_256);
        // The cross-attention of the three makes up all of it.
        let parts = [
            LayerPreset::UpCrossAttention,
            LayerPreset::DownCrossAttention,
            LayerPreset::MidCrossAttention,
        ];
        let sum: usize = parts.into_iter().map(count).sum();
        assert_eq!(sum, 43_776);
        // svdiff-pytorch has one number per norm.
        let norms = layers
            .iter()
            .filter(|l| l.form() == LayerForm::Norm)
            .count();
        assert_eq!(322_856 - 100_160 + norms, 222_805);
    }

    #[test]
    fn a_delta_is_planned_with_no_more_layers_than_it_needs() {
        let layers = unet_layers(&UNetConfig::parse(SD15).unwrap());
        for preset in LayerPreset::ALL {
            let held = layers.iter().filter(|l| preset.holds(&l.path, l.form()));
            let found = LayerPreset::least(held.map(|l| l.path.as_str()), &layers);
            assert_eq!(found, Some(preset));
        }
        let keys = ["mid_block.attentions.0.transformer_blocks.0.attn2.to_k"];
        let found = LayerPreset::least(keys, &layers);
        assert_eq!(found, Some(LayerPreset::MidCrossAttention));
        let unlike = ["conv_in", "mid_block.resnets.0.norm1"];
        let found = LayerPreset::least(unlike, &layers);
        assert_eq!(found, Some(LayerPreset::All));
        assert_eq!(LayerPreset::least([], &layers), None);
        assert_eq!(LayerPreset::least(["no.such.layer"], &layers), None);
    }

    #[test]
    fn the_weights_are_as_many_as_stable_diffusions() {
        let layers = unet_layers(&UNetConfig::parse(SD15).unwrap());
        assert_eq!(layers.len(), 391);
    }

    #[test]
    fn a_preset_keeps_its_name_in_files() {
        for preset in LayerPreset::ALL {
            let text = serde_json::to_string(&preset).unwrap();
            assert_eq!(serde_json::from_str::<LayerPreset>(&text).unwrap(), preset);
        }
        assert_eq!(
            serde_json::to_string(&LayerPreset::KeyValue).unwrap(),
            "\"key_value\""
        );
    }
}
