//! Numbers as halves (IEEE 754 binary16), two in a word, and back, in whole tensors.
//!
//! By bit arithmetic alone, so that it runs on GPUs without `shader-f16` too. Widening is exact for
//! every finite half and infinities; a NaN stays one. Narrowing rounds to nearest, ties to even; what
//! is finite stays finite: beyond ±65504 it becomes that. [`crate::ops::f16::gpu`] has the same for
//! GPUs.

#[cfg(feature = "gpu")]
pub(crate) mod gpu;

use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Bytes, DType, Int, Shape, Tensor};

use crate::ops::linear::cpu::{dense, tensor, values};
use crate::ops::matmul::cpu::for_pieces;
use crate::ops::simd::wide;

/// Words that a core takes at once.
const PIECE: usize = 1 << 15;

/// The numbers of `[rows, cols]` from the halves in `words`.
pub(crate) fn unpack(words: Tensor<1, Int>, shape: [usize; 2]) -> Tensor<2> {
    let values = <Dispatch as Halves>::unpack(words.into_dispatch(), shape);
    Tensor::from_dispatch(values)
}

/// Numbers rounded to halves, row after row.
pub(crate) fn pack(values: Tensor<2>) -> Tensor<1, Int> {
    Tensor::from_dispatch(<Dispatch as Halves>::pack(values.into_dispatch()))
}

/// The two conversions, sent to the backend that holds the tensors; neither is part of a graph.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"))]
pub(crate) trait Halves: Backend {
    fn unpack(words: IntTensor<Self>, shape: [usize; 2]) -> FloatTensor<Self>;

    fn pack(values: FloatTensor<Self>) -> IntTensor<Self>;
}

impl Halves for Flex {
    fn unpack(words: FlexTensor, shape: [usize; 2]) -> FlexTensor {
        let words = dense(words);
        let start = words.layout().start_offset();
        let words = &words.storage::<u32>()[start..];
        let mut values = vec![0.0; shape[0] * shape[1]];
        for_pieces([(&mut values, 2 * PIECE)], |index, [values]| {
            let words = &words[index * PIECE..];
            wide(|| {
                let (pairs, rest) = values.as_chunks_mut();
                for (pair, word) in pairs.iter_mut().zip(words) {
                    *pair = [widen(word & 0xffff), widen(word >> 16)];
                }
                if let ([last], Some(word)) = (rest, words.get(pairs.len())) {
                    *last = widen(word & 0xffff);
                }
            });
        });
        tensor(values, Shape::from(shape))
    }

    fn pack(given: FlexTensor) -> FlexTensor {
        let given = dense(given);
        let words: Vec<u32> = values(&given)
            .chunks(2)
            .map(|pair| match *pair {
                [low, high] => narrow(low) | narrow(high) << 16,
                [low] => narrow(low),
                _ => 0,
            })
            .collect();
        let shape = Shape::from([words.len()]);
        FlexTensor::new(
            Bytes::from_elems(words),
            Layout::contiguous(shape),
            DType::U32,
        )
    }
}

/// The number that the lower 16 bits stand for; the others are 0.
#[inline(always)]
pub(crate) fn widen(half: u32) -> f32 {
    /// 2⁻²⁴, the smallest half.
    const SMALLEST: f32 = 5.960_464_5e-8;
    let exponent = half & 0x7c00;
    let shifted = (half & 0x7fff) << 13;
    // The exponents' biases are 127 and 15; the largest exponent stays the largest.
    let normal = shifted + (112 << 23);
    let not_finite = shifted + (224 << 23);
    let subnormal = ((half & 0x3ff) as f32 * SMALLEST).to_bits();
    let magnitude = if exponent == 0 {
        subnormal
    } else if exponent == 0x7c00 {
        not_finite
    } else {
        normal
    };
    f32::from_bits(magnitude | (half & 0x8000) << 16)
}

/// The half nearest to a number, in the lower 16 bits.
#[inline(always)]
pub(crate) fn narrow(value: f32) -> u32 {
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let rounded = (magnitude + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    let normal = rounded.wrapping_sub(112 << 10).min(0x7bff);
    // Beside 1/2 the last place of an F32 is that of a subnormal half.
    let subnormal = (f32::from_bits(magnitude) + 0.5)
        .to_bits()
        .wrapping_sub(0.5_f32.to_bits());
    let half = if magnitude < 0x3880_0000 {
        subnormal
    } else if magnitude < 0x7f80_0000 {
        normal
    } else if magnitude == 0x7f80_0000 {
        0x7c00
    } else {
        0x7e00
    };
    half | (bits >> 16) & 0x8000
}

#[cfg(test)]
mod tests;
