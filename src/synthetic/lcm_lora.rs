//! The tensors of LCM-LoRA for Stable Diffusion 1.5: rank 64 for every linear layer and convolution in
//! the UNet's blocks, with the names of kohya.

use std::collections::BTreeMap;

use crate::model::config::UNetConfig;
use crate::model::layer_info::TensorShapes;
use crate::model::layer_info::unet::unet_layers;
use crate::model::layers::LayerForm;
use crate::synthetic::options::Size;

/// Names and shapes of the tensors.
pub(crate) fn tensors(unet: &UNetConfig, size: Size) -> TensorShapes {
    let rank = if size == Size::Published { 64 } else { 4 };
    let mut tensors = BTreeMap::new();
    for layer in unet_layers(unet) {
        // Layers outside the blocks have no LoRA.
        let in_block = layer.path.contains("_block");
        let matrix = matches!(layer.form(), LayerForm::Linear | LayerForm::Conv2d);
        if !in_block || !matrix {
            continue;
        }
        let (mut down, mut up) = (layer.shape.dims(), layer.shape.dims());
        down[0] = rank;
        up[1] = rank;
        for k in up.iter_mut().skip(2) {
            *k = 1;
        }
        let stem = format!("lora_unet_{}", layer.path.replace('.', "_"));
        tensors.insert(format!("{stem}.alpha"), vec![]);
        tensors.insert(format!("{stem}.lora_down.weight"), down);
        tensors.insert(format!("{stem}.lora_up.weight"), up);
    }
    tensors
}
