//! The layers of the small autoencoder, from its config.

use crate::model::config::VaeTinyConfig;
use crate::model::layer_info::LayerInfo;
use crate::model::layer_info::list::LayerList;

/// All layers.
pub fn vae_tiny_layers(config: &VaeTinyConfig) -> Vec<LayerInfo> {
    let (encoder, decoder) = (config.encoder_channels, config.decoder_channels);
    let mut list = LayerList::default();
    let mut place = 0;
    for (level, &count) in config.num_encoder_blocks.iter().enumerate() {
        let path = format!("encoder.layers.{place}");
        place += 1;
        if level == 0 {
            list.conv(&path, [config.in_channels, encoder], 3);
        } else {
            list.conv_with(&path, [encoder; 2], 3, false);
        }
        place = blocks(&mut list, "encoder", place, count, encoder);
    }
    list.conv(
        &format!("encoder.layers.{place}"),
        [encoder, config.latent_channels],
        3,
    );

    list.conv("decoder.layers.0", [config.latent_channels, decoder], 3);
    // At 1 is a ReLU. After the blocks of each level but the last comes an upsampling layer.
    place = 2;
    let levels = config.num_decoder_blocks.len();
    for (level, &count) in config.num_decoder_blocks.iter().enumerate() {
        place = blocks(&mut list, "decoder", place, count, decoder);
        if level + 1 == levels {
            list.conv(
                &format!("decoder.layers.{place}"),
                [decoder, config.out_channels],
                3,
            );
        } else {
            let path = format!("decoder.layers.{}", place + 1);
            list.conv_with(&path, [decoder; 2], 3, false);
            place += 2;
        }
    }
    list.layers
}

/// Adds `count` blocks from `place` on; returns the place after them.
fn blocks(list: &mut LayerList, half: &str, place: usize, count: usize, channels: usize) -> usize {
    for place in place..place + count {
        for i in [0, 2, 4] {
            let path = format!("{half}.layers.{place}.conv.{i}");
            list.conv(&path, [channels; 2], 3);
        }
    }
    place + count
}
