//! Every layer of a UNet by path, form and shape, from its config alone.
//!
//! What a preset of layers costs can so be said before a weight is fetched. The order is that of
//! [`UNet2DConditionModel::visit_mut`](super::UNet2DConditionModel::visit_mut).

use crate::model::config::{DownBlockType, UNetConfig, UpBlockType};
use crate::model::layers::LayerForm;

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Its path (`down_blocks.0.resnets.0.conv1`).
    pub path: String,
    /// Its form.
    pub form: LayerForm,
    /// Its weight as a matrix, `[c_out, fan_in]`; a norm's is `[1, channels]`.
    pub shape: [usize; 2],
}

impl LayerShape {
    /// Numbers in δ, with full-length norms: min(c_out, fan_in), or the norm's channels.
    pub fn shifts(&self) -> usize {
        let [rows, cols] = self.shape;
        match self.form {
            LayerForm::Norm => cols,
            _ => rows.min(cols),
        }
    }
}

/// All layers of the UNet that `config` describes.
pub fn layer_shapes(config: &UNetConfig) -> Vec<LayerShape> {
    let channels = &config.block_out_channels;
    let (blocks, first, temb) = (channels.len(), channels[0], config.time_embed_dim());
    let mut list = List {
        layers: Vec::new(),
        temb,
    };
    list.conv("conv_in", config.in_channels, first, 3);
    list.linear("time_embedding.linear_1", first, temb);
    if let Some(cond) = config.time_cond_proj_dim {
        list.linear("time_embedding.cond_proj", cond, first);
    }
    list.linear("time_embedding.linear_2", temb, temb);

    for level in 0..blocks {
        let path = format!("down_blocks.{level}");
        let (own, layers) = (channels[level], config.layers_per_block[level]);
        if config.down_block_types[level] == DownBlockType::CrossAttnDownBlock2D {
            list.attentions(config, &path, level, layers);
        }
        for j in 0..layers {
            let c_in = if j == 0 {
                channels[level.saturating_sub(1)]
            } else {
                own
            };
            list.resnet(&format!("{path}.resnets.{j}"), c_in, own);
        }
        if level + 1 < blocks {
            list.conv(&format!("{path}.downsamplers.0.conv"), own, own, 3);
        }
    }
    for i in 0..blocks {
        let level = blocks - 1 - i;
        let path = format!("up_blocks.{i}");
        let (own, layers) = (channels[level], config.layers_per_block[level] + 1);
        if config.up_block_types[i] == UpBlockType::CrossAttnUpBlock2D {
            list.attentions(config, &path, level, layers);
        }
        for j in 0..layers {
            let before = if j == 0 {
                channels[(level + 1).min(blocks - 1)]
            } else {
                own
            };
            let skip = if j + 1 == layers {
                channels[level.saturating_sub(1)]
            } else {
                own
            };
            list.resnet(&format!("{path}.resnets.{j}"), before + skip, own);
        }
        if level > 0 {
            list.conv(&format!("{path}.upsamplers.0.conv"), own, own, 3);
        }
    }
    if config.mid_block_type.is_some() {
        let last = channels[blocks - 1];
        list.transformer(config, "mid_block.attentions.0", blocks - 1, false);
        for j in 0..2 {
            list.resnet(&format!("mid_block.resnets.{j}"), last, last);
        }
    }
    list.norm("conv_norm_out", first);
    list.conv("conv_out", first, config.out_channels, 3);
    list.layers
}

struct List {
    layers: Vec<LayerShape>,
    temb: usize,
}

impl List {
    fn add(&mut self, path: &str, form: LayerForm, shape: [usize; 2]) {
        self.layers.push(LayerShape {
            path: path.to_owned(),
            form,
            shape,
        });
    }

    fn norm(&mut self, path: &str, channels: usize) {
        self.add(path, LayerForm::Norm, [1, channels]);
    }

    fn linear(&mut self, path: &str, c_in: usize, c_out: usize) {
        self.add(path, LayerForm::Linear, [c_out, c_in]);
    }

    fn conv(&mut self, path: &str, c_in: usize, c_out: usize, kernel_size: usize) {
        let fan_in = c_in * kernel_size * kernel_size;
        self.add(path, LayerForm::Conv2d, [c_out, fan_in]);
    }

    fn resnet(&mut self, path: &str, c_in: usize, c_out: usize) {
        self.norm(&format!("{path}.norm1"), c_in);
        self.conv(&format!("{path}.conv1"), c_in, c_out, 3);
        self.linear(&format!("{path}.time_emb_proj"), self.temb, c_out);
        self.norm(&format!("{path}.norm2"), c_out);
        self.conv(&format!("{path}.conv2"), c_out, c_out, 3);
        if c_in != c_out {
            self.conv(&format!("{path}.conv_shortcut"), c_in, c_out, 1);
        }
    }

    fn attentions(&mut self, config: &UNetConfig, path: &str, level: usize, count: usize) {
        let only_cross_attention = config.only_cross_attention[level];
        for j in 0..count {
            let path = format!("{path}.attentions.{j}");
            self.transformer(config, &path, level, only_cross_attention);
        }
    }

    fn transformer(&mut self, config: &UNetConfig, path: &str, level: usize, only_cross: bool) {
        let (channels, text) = (
            config.block_out_channels[level],
            config.cross_attention_dim[level],
        );
        let projection = |list: &mut Self, name: &str| {
            let path = format!("{path}.{name}");
            if config.use_linear_projection {
                list.linear(&path, channels, channels);
            } else {
                list.conv(&path, channels, channels, 1);
            }
        };
        self.norm(&format!("{path}.norm"), channels);
        projection(self, "proj_in");
        for k in 0..config.transformer_layers_per_block[level] {
            let path = format!("{path}.transformer_blocks.{k}");
            let own = if only_cross { text } else { channels };
            for (number, context) in [(1, own), (2, text)] {
                self.norm(&format!("{path}.norm{number}"), channels);
                for (name, c_in) in [
                    ("to_q", channels),
                    ("to_k", context),
                    ("to_v", context),
                    ("to_out.0", channels),
                ] {
                    self.linear(&format!("{path}.attn{number}.{name}"), c_in, channels);
                }
            }
            self.norm(&format!("{path}.norm3"), channels);
            self.linear(&format!("{path}.ff.net.0.proj"), channels, 8 * channels);
            self.linear(&format!("{path}.ff.net.2"), 4 * channels, channels);
        }
        projection(self, "proj_out");
    }
}
