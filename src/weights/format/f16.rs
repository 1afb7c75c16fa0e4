//! IEEE 754 binary16 on the host: to F32, and packed two in a `u32`, the first in the lower bits.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use half::f16;

/// The F32 value of an F16's bits, which are in the lower half of the word; the upper half is 0.
///
/// Exact for all finite values and infinities; a NaN stays a NaN. Only selects, no branches, so
/// that the compiler vectorizes it: WebAssembly has no instruction for this conversion.
#[inline(always)]
pub(crate) fn widen(half: u32) -> f32 {
    /// 2⁻²⁴, the smallest positive F16.
    const SMALLEST: f32 = 5.960_464_5e-8;
    let exponent = half & 0x7c00;
    let shifted = (half & 0x7fff) << 13;
    // The biases of the exponents are 127 and 15; the largest exponent stays the largest.
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

/// Packs little-endian F16 values. The last word of an odd number has 0 in its upper half.
pub(crate) fn pack_bytes(bytes: &[u8]) -> Vec<u32> {
    let (pairs, rest) = bytes.as_chunks();
    let mut words: Vec<u32> = Vec::with_capacity(bytes.len().div_ceil(4));
    words.extend(pairs.iter().map(|&pair| u32::from_le_bytes(pair)));
    if let &[low, high] = rest {
        words.push(u32::from(u16::from_le_bytes([low, high])));
    }
    words
}

/// Rounds values to F16, to nearest, ties to even, and packs them.
pub(crate) fn pack(values: &[f32]) -> Vec<u32> {
    let bits = |value: f32| u32::from(f16::from_f32(value).to_bits());
    let pair = |pair: &[f32]| match *pair {
        [low, high] => bits(low) | bits(high) << 16,
        [low] => bits(low),
        _ => 0,
    };
    values.chunks(2).map(pair).collect()
}

/// Packed values as a tensor.
pub(crate) fn halves(words: Vec<u32>, device: &Device) -> Tensor<1, Int> {
    let shape = [words.len()];
    Tensor::from_data(TensorData::new(words, shape), (device, DType::U32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_widened_as_the_standard_says() {
        for bits in 0..=u16::MAX {
            let (ours, right) = (widen(u32::from(bits)), f16::from_bits(bits).to_f32());
            assert!(
                ours.to_bits() == right.to_bits() || ours.is_nan() && right.is_nan(),
                "{bits:#06x}: {ours} for {right}"
            );
        }
    }

    #[test]
    fn a_files_halves_go_to_the_device_bit_by_bit() {
        for count in [1, 2, 7, 8] {
            let bytes: Vec<u8> = (0..2 * count).map(|byte| byte * 5 % 0x70).collect();
            let halves = bytes
                .as_chunks()
                .0
                .iter()
                .map(|&half| f16::from_le_bytes(half));
            let values: Vec<f32> = halves.map(f16::to_f32).collect();
            assert_eq!(pack_bytes(&bytes), pack(&values), "{count}");
        }
    }
}
