//! [`crate::ops::f16`] on GPUs: the functions of `cpu` and [`widen`](crate::weights::format::f16::widen)
//! under the same names, one thread per word.

use burn::backend::Cube;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::cubecl::{self, calculate_cube_count_elemwise};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::f16::F16Packed;

impl F16Packed for Cube {
    fn unpack(words: CubeTensor, shape: [usize; 2]) -> CubeTensor {
        let (client, device) = (words.client.clone(), words.device.clone());
        let shape = Shape::from(shape);
        let values = empty_device_contiguous_dtype(client, device, shape, DType::F32);
        unpack_to(words, values)
    }

    fn pack(values: CubeTensor) -> CubeTensor {
        let values = into_contiguous(values);
        let (client, device) = (values.client.clone(), values.device.clone());
        let count = values.meta.num_elements().div_ceil(2);
        let shape = Shape::from([count]);
        let words = empty_device_contiguous_dtype(client.clone(), device, shape, DType::U32);
        let (count, dim) = threads(&client, count);
        pack_words::launch(
            &client,
            count,
            dim,
            values.into_buffer_arg(),
            words.clone().into_buffer_arg(),
        );
        words
    }
}

/// Widens packed F16 `words` into the tensor `values`, and returns it.
pub(crate) fn unpack_to(words: CubeTensor, values: CubeTensor) -> CubeTensor {
    let words = into_contiguous(words);
    let client = words.client.clone();
    let (count, dim) = threads(&client, words.meta.num_elements());
    unpack_words::launch(
        &client,
        count,
        dim,
        words.into_buffer_arg(),
        values.clone().into_buffer_arg(),
    );
    values
}

/// The number of workgroups for `threads` threads, and the size of each.
pub(crate) fn threads(client: &Client, threads: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new(client, threads);
    (calculate_cube_count_elemwise(client, threads, dim), dim)
}

#[cube(launch)]
fn unpack_words(words: &[u32], values: &mut [f32]) {
    if ABSOLUTE_POS < words.len() {
        let word = words[ABSOLUTE_POS];
        let at = 2 * ABSOLUTE_POS;
        values[at] = widen(word & 0xffff);
        if at + 1 < values.len() {
            values[at + 1] = widen(word >> 16);
        }
    }
}

#[cube(launch)]
fn pack_words(values: &[f32], words: &mut [u32]) {
    if ABSOLUTE_POS < words.len() {
        let at = 2 * ABSOLUTE_POS;
        let mut word = narrow(values[at]);
        if at + 1 < values.len() {
            word |= narrow(values[at + 1]) << 16;
        }
        words[ABSOLUTE_POS] = word;
    }
}

/// The F32 value of an F16's bits.
#[cube]
pub(crate) fn widen(half: u32) -> f32 {
    let exponent = half & 0x7c00;
    let shifted = (half & 0x7fff) << 13;
    let normal = shifted + (112u32 << 23);
    let not_finite = shifted + (224u32 << 23);
    let subnormal = u32::reinterpret(f32::cast_from(half & 0x3ff) * 5.960_464_5e-8_f32);
    let magnitude = select(
        exponent == 0,
        subnormal,
        select(exponent == 0x7c00, not_finite, normal),
    );
    f32::reinterpret(magnitude | ((half & 0x8000) << 16))
}

/// The bits of the F16 nearest to `value`.
#[cube]
fn narrow(value: f32) -> u32 {
    let bits = u32::reinterpret(value);
    let magnitude = bits & 0x7fff_ffff;
    let rounded = (magnitude + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    let normal = min(rounded - (112u32 << 10), 0x7bffu32);
    let subnormal = u32::reinterpret(f32::reinterpret(magnitude) + 0.5_f32) - 0x3f00_0000;
    let infinite = select(magnitude == 0x7f80_0000, 0x7c00u32, 0x7e00u32);
    let half = select(
        magnitude < 0x3880_0000,
        subnormal,
        select(magnitude < 0x7f80_0000, normal, infinite),
    );
    half | ((bits >> 16) & 0x8000)
}
