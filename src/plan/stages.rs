//! The stages of the UNet with their memory, from the config alone.

use crate::model::config::{DownBlockType, UpBlockType};
use crate::plan::cost::{Pass, StageCost};
use crate::plan::walk::Walk;

/// All stages in the order of the pass. With `recomputed` stages are recomputed in the backward pass.
pub(super) fn stages(pass: &Pass<'_>, recomputed: bool) -> Vec<StageCost> {
    let mut unet = Stages {
        walk: Walk::new(pass, recomputed),
        side: pass.side,
        skips: Vec::new(),
    };
    unet.down_blocks();
    unet.mid_block();
    unet.up_blocks();
    let first = pass.config.block_out_channels[0];
    unet.walk.conv_out(first, unet.side);
    unet.walk.stages
}

struct Stages<'a> {
    walk: Walk<'a>,
    /// Height and width of the hidden states.
    side: usize,
    /// Channels of the skip connections that are not used yet.
    skips: Vec<usize>,
}

impl Stages<'_> {
    /// `conv_in` and the down blocks.
    fn down_blocks(&mut self) {
        let config = self.walk.pass.config;
        let channels = &config.block_out_channels;
        let (blocks, first) = (channels.len(), channels[0]);
        let sides = [self.side; 2];
        self.walk
            .convolution("conv_in", [config.in_channels, first], sides, true);
        self.skips.push(first);
        for level in 0..blocks {
            let own = channels[level];
            let attends = config.down_block_types[level] == DownBlockType::CrossAttnDownBlock2D;
            let attention = attends.then_some(level);
            let path = format!("down_blocks.{level}");
            for j in 0..config.layers_per_block[level] {
                let c_in = if j == 0 {
                    channels[level.saturating_sub(1)]
                } else {
                    own
                };
                self.walk
                    .block(&path, j, [c_in, 0, own], self.side, attention, true);
                self.skips.push(own);
            }
            if level + 1 < blocks {
                let path = format!("{path}.downsamplers.0.conv");
                let halved = self.side.div_ceil(2);
                self.walk
                    .convolution(&path, [own, own], [self.side, halved], true);
                self.side = halved;
                self.skips.push(own);
            }
        }
    }

    fn mid_block(&mut self) {
        let config = self.walk.pass.config;
        if config.mid_block_type.is_none() {
            return;
        }
        let blocks = config.block_out_channels.len();
        let last = config.block_out_channels[blocks - 1];
        for (j, attention) in [Some(blocks - 1), None].into_iter().enumerate() {
            self.walk
                .block("mid_block", j, [last, 0, last], self.side, attention, false);
        }
    }

    fn up_blocks(&mut self) {
        let config = self.walk.pass.config;
        let channels = &config.block_out_channels;
        let blocks = channels.len();
        let mut previous = channels[blocks - 1];
        for i in 0..blocks {
            let level = blocks - 1 - i;
            let own = channels[level];
            let attends = config.up_block_types[i] == UpBlockType::CrossAttnUpBlock2D;
            let attention = attends.then_some(level);
            let path = format!("up_blocks.{i}");
            for j in 0..=config.layers_per_block[level] {
                let skip = self.skips.pop().unwrap_or_default();
                self.walk
                    .block(&path, j, [previous, skip, own], self.side, attention, false);
                previous = own;
            }
            if level > 0 {
                let path = format!("{path}.upsamplers.0.conv");
                let doubled = self.walk.pass.side.div_ceil(1 << (level - 1));
                self.walk
                    .convolution(&path, [own, own], [self.side, doubled], false);
                self.side = doubled;
            }
        }
    }
}
