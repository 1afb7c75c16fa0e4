//! [`crate::ops::linear::generic`] on GPUs: what a product needs of a matrix is written where the next one's
//! will be.
//!
//! Burn's convolutions read kernels with their channels last, and copy those that are not so; halves are
//! widened. Tensors made and let go of for that would be as many as the model has layers: CubeCL keeps
//! the pages of those that are gone, and small tensors settle in them. (Measured in a browser: one
//! page for each kernel of BK-SDM-Tiny, a third more memory than the weights.) So there is one place
//! for all, as large as the largest. The queue computes in order, so whatever reads it has done so
//! before it is written again.

use std::cell::RefCell;

use burn::backend::Cube;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::ops::f16::gpu::{threads, unpack_to, widen};
use crate::ops::linear::foreseen;
use crate::ops::linear::generic::{Frozen, kernel};
use crate::ops::matmul::stored_matrix::Held;

thread_local! {
    static PLACE: RefCell<Option<CubeTensor>> = const { RefCell::new(None) };
}

impl Frozen for Cube {
    fn at_hand(matrix: Held<Self>) -> CubeTensor {
        match matrix {
            Held::F32(values) => values,
            Held::F16(words, shape) => {
                let values = place(&words, Shape::from(shape));
                unpack_to(words, values)
            }
        }
    }

    fn kernel_at_hand(matrix: Held<Self>, k: usize) -> CubeTensor {
        // Without neighbours the channels are last as they are.
        if k == 1 {
            return kernel::<Self>(Self::at_hand(matrix), k);
        }
        let ([rows, fan_in], area) = (matrix.dims(), k * k);
        let channels = fan_in / area;
        let shape = Shape::from([rows, k, k, channels]);
        let halves = matches!(matrix, Held::F16(..));
        let (Held::F32(numbers) | Held::F16(numbers, _)) = matrix;
        let numbers = into_contiguous(numbers);
        let kernel = place(&numbers, shape);
        let client = numbers.client.clone();
        let (count, dim) = threads(&client, rows * fan_in);
        let (from, to) = (numbers.into_buffer_arg(), kernel.clone().into_buffer_arg());
        if halves {
            channels_last_of_halves::launch(&client, count, dim, from, to, channels, area);
        } else {
            channels_last::launch(&client, count, dim, from, to, channels, area);
        }
        burn_cubecl::ops::permute(kernel, &[0, 3, 1, 2])
    }
}

/// Room for F32 numbers of this shape, on the device of `like`: the same for whoever asks next.
fn place(like: &CubeTensor, shape: Shape) -> CubeTensor {
    let needed = shape.num_elements();
    PLACE.with_borrow_mut(|place| {
        let fits = place.as_ref().is_some_and(|place| {
            place.device == like.device && place.meta.num_elements() >= needed
        });
        if !fits {
            *place = None;
        }
        let whole = place.get_or_insert_with(|| {
            let (client, device) = (like.client.clone(), like.device.clone());
            // One that grew with the layers would leave the smaller ones behind.
            let largest = Shape::from([needed.max(foreseen())]);
            empty_device_contiguous_dtype(client, device, largest, DType::F32)
        });
        let spare = 4 * (whole.meta.num_elements() - needed) as u64;
        let handle = whole.handle.clone().offset_end(spare);
        let (client, device) = (whole.client.clone(), whole.device.clone());
        CubeTensor::new_contiguous(client, device, shape, handle, DType::F32)
    })
}

/// `[rows, channels, area]` to `[rows, area, channels]`.
#[cube(launch)]
fn channels_last(values: &[f32], kernel: &mut [f32], channels: usize, area: usize) {
    if ABSOLUTE_POS < kernel.len() {
        kernel[ABSOLUTE_POS] = values[source(ABSOLUTE_POS, channels, area)];
    }
}

/// The same of halves.
#[cube(launch)]
fn channels_last_of_halves(words: &[u32], kernel: &mut [f32], channels: usize, area: usize) {
    if ABSOLUTE_POS < kernel.len() {
        let at = source(ABSOLUTE_POS, channels, area);
        let word = words[at / 2];
        let upper = at % 2;
        kernel[ABSOLUTE_POS] = widen(select(upper == 0, word & 0xffff, word >> 16));
    }
}

/// Where the number comes from that goes to `at`.
#[cube]
fn source(at: usize, channels: usize, area: usize) -> usize {
    let channel = at % channels;
    let row_and_tap = at / channels;
    let tap = row_and_tap % area;
    (row_and_tap / area * channels + channel) * area + tap
}
