//! A list of layers under construction.

use crate::model::layer_info::{LayerInfo, LayerShape};

/// Layers in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct LayerList {
    pub(super) layers: Vec<LayerInfo>,
}

impl LayerList {
    fn add(&mut self, path: &str, shape: LayerShape, bias: bool) {
        self.layers.push(LayerInfo {
            path: path.to_owned(),
            shape,
            bias,
        });
    }

    pub(super) fn norm(&mut self, path: &str, channels: usize) {
        self.add(path, LayerShape::Norm { channels }, true);
    }

    pub(super) fn embedding(&mut self, path: &str, rows: usize, channels: usize) {
        self.add(path, LayerShape::Embedding { rows, channels }, false);
    }

    pub(super) fn linear(&mut self, path: &str, channels: [usize; 2]) {
        self.linear_with(path, channels, true);
    }

    /// A linear layer, with `bias` or without.
    pub(super) fn linear_with(&mut self, path: &str, [c_in, c_out]: [usize; 2], bias: bool) {
        self.add(path, LayerShape::Linear { c_out, c_in }, bias);
    }

    pub(super) fn conv(&mut self, path: &str, channels: [usize; 2], kernel_size: usize) {
        self.conv_with(path, channels, kernel_size, true);
    }

    /// A convolution, with `bias` or without.
    pub(super) fn conv_with(
        &mut self,
        path: &str,
        [c_in, c_out]: [usize; 2],
        kernel_size: usize,
        bias: bool,
    ) {
        let shape = LayerShape::Conv2d {
            c_out,
            c_in,
            kernel_size,
        };
        self.add(path, shape, bias);
    }

    /// A residual block; `temb` is the number of channels of the time embedding, if there is one.
    pub(super) fn resnet(&mut self, path: &str, [c_in, c_out]: [usize; 2], temb: Option<usize>) {
        self.norm(&format!("{path}.norm1"), c_in);
        self.conv(&format!("{path}.conv1"), [c_in, c_out], 3);
        if let Some(temb) = temb {
            self.linear(&format!("{path}.time_emb_proj"), [temb, c_out]);
        }
        self.norm(&format!("{path}.norm2"), c_out);
        self.conv(&format!("{path}.conv2"), [c_out; 2], 3);
        if c_in != c_out {
            self.conv(&format!("{path}.conv_shortcut"), [c_in, c_out], 1);
        }
    }
}
