//! IEEE 754 binary16 on the host: to F32, and packed two in a `u32`, the first in the lower bits.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use half::f16;

/// The F32 value of the bits of an F16; exact, NaN payloads included.
///
/// Without branches, so that the compiler vectorizes it. This matters in WebAssembly, which has no
/// instruction for the conversion and where `half` converts one value at a time.
pub(crate) fn to_f32(bits: u16) -> f32 {
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // The exponent bias is 15 in F16 and 127 in F32; the product is exact, also for subnormals.
    let scaled = (f32::from_bits(magnitude) * f32::from_bits((127 + 127 - 15) << 23)).to_bits();
    let special = if bits & 0x7c00 == 0x7c00 {
        0xff << 23
    } else {
        0
    };
    f32::from_bits(scaled | special | (u32::from(bits & 0x8000) << 16))
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
            let (ours, right) = (to_f32(bits), f16::from_bits(bits).to_f32());
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
