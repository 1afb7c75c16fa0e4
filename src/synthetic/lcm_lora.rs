//! The tensors of LCM-LoRA for Stable Diffusion 1.5: rank 64 for every linear layer and convolution in
//! the UNet's blocks, with the names of kohya.

use std::collections::BTreeMap;

use crate::model::config::UNetConfig;
use crate::model::layers::LayerForm;
use crate::model::tensor_shapes;
use crate::model::tensor_shapes::TensorShapes;
use crate::model::unet::layer_shapes::layer_shapes;
use crate::synthetic::options::Size;

/// Names and shapes of the tensors.
pub(crate) fn tensors(unet: &UNetConfig, size: Size) -> TensorShapes {
    let rank = if size == Size::Published { 64 } else { 4 };
    let weights = tensor_shapes::unet(unet);
    let mut tensors = BTreeMap::new();
    for layer in layer_shapes(unet) {
        // Layers outside the blocks have no LoRA.
        let in_block = layer.path.contains("_block");
        let matrix = matches!(layer.form, LayerForm::Linear | LayerForm::Conv2d);
        let Some(shape) = weights.get(&format!("{}.weight", layer.path)) else {
            continue;
        };
        if !in_block || !matrix {
            continue;
        }
        let (mut down, mut up) = (shape.clone(), shape.clone());
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
