//! [`crate::ops::matmul::generic`] on GPUs: all operands are written into one buffer.
//!
//! F16 matrices are widened for each product, and kernels of convolutions are transposed to
//! channels-last, as Burn's convolutions read them. Temporary tensors for these would be as many as the
//! model has layers: CubeCL keeps the memory pages of freed tensors, and small tensors settle in
//! them. Measured in a browser with BK-SDM-Tiny: one page per kernel, a third more memory than the
//! weights. So there is one buffer, as large as the largest operand. The queue executes in order,
//! so a product has read its operand before the next one overwrites it.

use std::cell::RefCell;

use burn::backend::Cube;
use burn::tensor::{DType, Shape};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::f16::gpu::unpack_to;
use crate::ops::matmul::generic::MatrixOperand;
use crate::ops::matmul::stored_matrix::StoredMatrix;
use crate::ops::matmul::workspace::reserved;

thread_local! {
    static BUFFER: RefCell<Option<CubeTensor>> = const { RefCell::new(None) };
}

impl MatrixOperand for Cube {
    fn operand(matrix: StoredMatrix<Self>) -> CubeTensor {
        match matrix {
            StoredMatrix::F32(values) => values,
            StoredMatrix::F16(words, shape) => {
                let values = workspace(&words, Shape::from(shape));
                unpack_to(words, values)
            }
        }
    }
}

/// An F32 tensor of this shape in the shared buffer, on the device of `like`; valid until the next
/// call.
pub(crate) fn workspace(like: &CubeTensor, shape: Shape) -> CubeTensor {
    let needed = shape.num_elements();
    BUFFER.with_borrow_mut(|buffer| {
        let fits = buffer.as_ref().is_some_and(|buffer| {
            buffer.device == like.device && buffer.meta.num_elements() >= needed
        });
        if !fits {
            *buffer = None;
        }
        let whole = buffer.get_or_insert_with(|| {
            let (client, device) = (like.client.clone(), like.device.clone());
            // Growing it step by step would leave the smaller buffers behind.
            let largest = Shape::from([needed.max(reserved())]);
            empty_device_contiguous_dtype(client, device, largest, DType::F32)
        });
        let spare = 4 * (whole.meta.num_elements() - needed) as u64;
        let handle = whole.handle.clone().offset_end(spare);
        let (client, device) = (whole.client.clone(), whole.device.clone());
        CubeTensor::new_contiguous(client, device, shape, handle, DType::F32)
    })
}
