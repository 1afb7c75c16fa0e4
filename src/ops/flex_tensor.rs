//! Tensors of Burn's CPU backend (flex) as slices, and slices as tensors.

use burn::backend::TensorMetadata;
use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Device, Shape};

/// Whether the CPU kernels of this crate run on `device`.
pub(crate) fn has_cpu_kernels(device: &Device) -> bool {
    *device == Device::flex()
}

/// Row-major and without gaps; copies only if the tensor is not so yet.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The F32 elements of a contiguous tensor.
pub(crate) fn as_slice(tensor: &FlexTensor) -> &[f32] {
    let all: &[f32] = tensor.storage();
    let start = tensor.layout().start_offset();
    &all[start..start + tensor.layout().num_elements()]
}

/// The U32 elements of a contiguous tensor.
pub(crate) fn as_words(tensor: &FlexTensor) -> &[u32] {
    let all: &[u32] = tensor.storage();
    let start = tensor.layout().start_offset();
    &all[start..start + tensor.layout().num_elements()]
}

/// An F32 tensor of row-major elements.
pub(crate) fn from_vec(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    let layout = Layout::contiguous(shape.into());
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}

/// A flat U32 tensor.
pub(crate) fn from_words(words: Vec<u32>) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from([words.len()]));
    FlexTensor::new(Bytes::from_elems(words), layout, DType::U32)
}

/// The dimensions of a tensor of rank `D`.
pub(crate) fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.shape().dims()
}
