//! The layers of the text encoder, from its config.

use crate::model::config::ClipTextConfig;
use crate::model::layer_info::LayerInfo;
use crate::model::layer_info::list::LayerList;

/// All layers, with the paths of published checkpoints, `text_model.…`.
pub fn text_encoder_layers(config: &ClipTextConfig) -> Vec<LayerInfo> {
    let (channels, inner) = (config.hidden_size, config.intermediate_size);
    let mut list = LayerList::default();
    let tables = [
        ("token", config.vocab_size),
        ("position", config.max_position_embeddings),
    ];
    for (table, rows) in tables {
        let path = format!("text_model.embeddings.{table}_embedding");
        list.embedding(&path, rows, channels);
    }
    for n in 0..config.num_hidden_layers {
        let path = format!("text_model.encoder.layers.{n}");
        for name in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            list.linear(&format!("{path}.self_attn.{name}"), [channels; 2]);
        }
        list.linear(&format!("{path}.mlp.fc1"), [channels, inner]);
        list.linear(&format!("{path}.mlp.fc2"), [inner, channels]);
        list.norm(&format!("{path}.layer_norm1"), channels);
        list.norm(&format!("{path}.layer_norm2"), channels);
    }
    list.norm("text_model.final_layer_norm", channels);
    list.layers
}
