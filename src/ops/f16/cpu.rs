//! [`crate::ops::f16`] on the CPU.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use crate::ops::f16::F16Packed;
use crate::ops::flex_tensor::{as_slice, as_words, contiguous, from_vec, from_words};
use crate::ops::pieces::for_pieces;
use crate::ops::simd::wide;
use crate::weights::format::f16::widen;

/// Words in a piece of work.
const PIECE: usize = 1 << 15;

impl F16Packed for Flex {
    fn unpack(words: FlexTensor, shape: [usize; 2]) -> FlexTensor {
        let words = contiguous(words);
        let words = as_words(&words);
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
        from_vec(values, shape)
    }

    fn pack(values: FlexTensor) -> FlexTensor {
        let values = contiguous(values);
        let words = as_slice(&values)
            .chunks(2)
            .map(|pair| match *pair {
                [low, high] => narrow(low) | narrow(high) << 16,
                [low] => narrow(low),
                _ => 0,
            })
            .collect();
        from_words(words)
    }
}

/// The bits of the F16 nearest to `value`, in the lower half of the word.
#[inline(always)]
pub(crate) fn narrow(value: f32) -> u32 {
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let rounded = (magnitude + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    let normal = rounded.wrapping_sub(112 << 10).min(0x7bff);
    // The last place of an F32 near 1/2 is that of a subnormal F16.
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
