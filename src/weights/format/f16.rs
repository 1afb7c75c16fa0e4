//! F16 (IEEE 754 binary16) to F32 on the CPU.

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

#[cfg(test)]
mod tests {
    use half::f16;

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
}
