//! Conversion between F32 tensors and packed F16 (IEEE 754 binary16, two per U32 word).
//!
//! The kernels use bit operations only, so that they also run on GPUs without `shader-f16`.
//! Widening is exact for all finite values and infinities; a NaN stays a NaN. Narrowing rounds to
//! nearest, ties to even, and saturates: finite values beyond ±65504 become ±65504.
//!
//! | file | content |
//! |---|---|
//! | `cpu` | kernels for Burn's flex backend |
//! | `gpu` | kernels for GPUs, one thread per word |

pub(crate) mod cpu;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Int, Tensor};

/// Widens packed F16 `words` to F32.
///
/// # Shapes
/// `words`: `[⌈rows · cols / 2⌉]`, row-major, the first value of a word in its lower bits; result:
/// `shape`, which is `[rows, cols]`.
pub(crate) fn unpack(words: Tensor<1, Int>, shape: [usize; 2]) -> Tensor<2> {
    let values = <Dispatch as F16Packed>::unpack(words.into_dispatch(), shape);
    Tensor::from_dispatch(values)
}

/// Rounds F32 `values` `[rows, cols]` to packed F16; the way back from [`unpack`].
pub(crate) fn pack(values: Tensor<2>) -> Tensor<1, Int> {
    Tensor::from_dispatch(<Dispatch as F16Packed>::pack(values.into_dispatch()))
}

/// Both conversions on a backend, without autodiff.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"))]
pub(crate) trait F16Packed: Backend {
    fn unpack(words: IntTensor<Self>, shape: [usize; 2]) -> FloatTensor<Self>;

    fn pack(values: FloatTensor<Self>) -> IntTensor<Self>;
}

#[cfg(test)]
mod tests;
