//! All F16 values, and the F32 values around every rounding boundary.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use burn::tensor::{Device, TensorData};
use half::f16;

use crate::ops::f16::cpu::narrow;
use crate::ops::f16::*;
use crate::weights;
use crate::weights::format::f16::widen;

/// All F16 values, the midpoints between neighbours, and values that F16 cannot hold.
fn numbers() -> Vec<f32> {
    let mut numbers = Vec::new();
    for bits in 0..0x7c00_u16 {
        let [low, high] = [bits, bits + 1].map(|bits| f16::from_bits(bits).to_f32());
        // The value after the largest F16 would be 65536.
        let high = if high.is_finite() { high } else { 65536.0 };
        let middle = low + (high - low) / 2.0;
        numbers.extend([low, middle, middle.next_up(), middle.next_down()]);
    }
    numbers.extend([1e-8, 1e-30, f32::MIN_POSITIVE / 8.0, 65519.0, 65505.0]);
    let negative: Vec<f32> = numbers.iter().map(|number| -number).collect();
    [numbers, negative].concat()
}

fn tensor(values: &[f32]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [1, values.len()]);
    Tensor::from_data(data, &Device::flex())
}

#[test]
fn every_half_is_widened_to_its_number() {
    for bits in 0..=u16::MAX {
        let (own, expected) = (widen(u32::from(bits)), f16::from_bits(bits).to_f32());
        if expected.is_nan() {
            assert!(own.is_nan(), "{bits:#06x}");
        } else {
            assert_eq!(own.to_bits(), expected.to_bits(), "{bits:#06x}");
        }
    }
}

#[test]
fn every_number_is_narrowed_to_the_nearest_half() {
    for number in numbers() {
        let expected = f16::from_f32(number);
        let expected = if expected.is_finite() {
            expected
        } else {
            f16::MAX.copysign(expected)
        };
        assert_eq!(narrow(number), u32::from(expected.to_bits()), "{number:e}");
    }
    for number in [65520.0, 1e6, f32::MAX] {
        assert_eq!(
            [number, -number].map(narrow),
            [0x7bff, 0xfbff],
            "a number stays one"
        );
    }
    let infinite = [f32::INFINITY, f32::NEG_INFINITY].map(narrow);
    assert_eq!(infinite, [0x7c00, 0xfc00]);
    assert!(f16::from_bits(narrow(f32::NAN) as u16).is_nan());
}

#[test]
fn whole_tensors_are_converted_in_the_order_of_a_files_halves() {
    // More than one piece of work; an odd count, so that the last word holds one value.
    let mut values: Vec<f32> = (0..0x7c00)
        .map(|bits| f16::from_bits(bits).to_f32())
        .collect();
    values = [&values[..], &values, &values, &values[1..]].concat();
    let words = pack(tensor(&values));
    assert_eq!(
        words.clone().into_data().try_to_vec::<u32>().unwrap(),
        weights::pack(&values)
    );
    let back = unpack(words, [1, values.len()]);
    assert_eq!(back.into_data().try_to_vec::<f32>().unwrap(), values);
}

/// The kernels of `gpu` against those of `cpu`. Ignored by default because it needs a GPU:
/// `cargo test --features gpu --lib f16 -- --ignored`.
#[cfg(feature = "gpu")]
#[test]
#[ignore = "needs a GPU, or Mesa's lavapipe"]
fn a_graphics_card_converts_as_the_processor_does() {
    let device = pollster::block_on(Device::wgpu_options().init_async()).unwrap();
    let words: Vec<u32> = (0..=u16::MAX)
        .step_by(2)
        .map(|low| u32::from(low) | (u32::from(low) + 1) << 16)
        .collect();
    let found = unpack(weights::halves(words, &device), [256, 256]);
    let found = found.into_data().try_to_vec::<f32>().unwrap();
    for (bits, found) in found.into_iter().enumerate() {
        let expected = widen(bits as u32);
        if expected.is_nan() {
            assert!(found.is_nan(), "{bits:#06x}");
        } else {
            assert_eq!(found.to_bits(), expected.to_bits(), "{bits:#06x}");
        }
    }
    let mut numbers = numbers();
    numbers.push(1.0);
    let data = TensorData::new(numbers.clone(), [1, numbers.len()]);
    let words = pack(Tensor::from_data(data, &device));
    let expected = pack(tensor(&numbers)).into_data();
    assert_eq!(
        words.into_data().try_to_vec::<u32>().unwrap(),
        expected.try_to_vec::<u32>().unwrap()
    );
}
