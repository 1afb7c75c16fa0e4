//! Loops over F32 slices on the CPU that the compiler vectorizes.
//!
//! Functions have no branches and no calls, and sums have sixteen lanes, so that the results do not
//! depend on the width of the vectors: training gives the same delta on every processor.

/// Runs `f`, compiled for the widest vectors of this processor.
#[cfg(not(target_family = "wasm"))]
#[inline(always)]
pub(crate) fn wide<T>(f: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(f)
}

/// Runs `f`. WebAssembly has vectors of one width.
#[cfg(target_family = "wasm")]
#[inline(always)]
pub(crate) fn wide<T>(f: impl FnOnce() -> T) -> T {
    f()
}

/// Σ f(a, b) over both slices.
#[inline(always)]
pub(crate) fn sum(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (a16, b16) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest = a16.remainder().iter().zip(b16.remainder());
    let rest: f32 = rest.map(|(a, b)| f(*a, *b)).sum();
    for (a, b) in a16.zip(b16) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += f(*a, *b);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The largest value; −∞ if there is none.
#[inline(always)]
pub(crate) fn largest(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 16];
    let chunks = values.chunks_exact(16);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, *value);
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |a, b| larger(a, *b))
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// eˣ, exact to 2 units in the last place: 2ⁿ eʳ with |r| ≤ ln 2 / 2, and the polynomial of Cephes
/// (expf.c) for eʳ.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: the lowest bits of this plus a small number are that number, rounded.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let n = x * core::f32::consts::LOG2_E + ROUND;
    let scale = f32::from_bits((n.to_bits() << 23).wrapping_add(127 << 23));
    let n = n - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 0.166_666_65;
    let p = p * r + 0.5;
    (p * r * r + r + 1.0) * scale
}

/// The error function, with a relative error of at most 2.4e-7: an odd polynomial up to |x| = 1,
/// and 1 − e^−p(|x|) beyond. Both are least-squares fits, reweighted for the smallest maximum of
/// the relative error.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let s = x * x;
    let near = 7.853_858e-5;
    let near = near * s - 8.010_193e-4;
    let near = near * s + 5.188_327_7e-3;
    let near = near * s - 2.685_381_1e-2;
    let near = near * s + 0.112_835_854;
    let near = near * s - 0.376_126_26;
    let near = near * s + core::f32::consts::FRAC_2_SQRT_PI;
    let near = near * x;
    // erf(4) is 1 in F32.
    let t = if x.abs() > 4.0 { 4.0 } else { x.abs() };
    let far = -1.863_800_9e-4;
    let far = far * t + 2.947_667e-3;
    let far = far * t - 2.183_809_7e-2;
    let far = far * t + 0.103_106_82;
    let far = far * t + 0.638_144_73;
    let far = far * t + 1.127_089_3;
    let far = far * t + 3.415_125_8e-4;
    let far = (1.0 - exp(-far)).copysign(x);
    if t > 1.0 { far } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_exact_to_two_units_in_the_last_place() {
        for i in -8700..=8800 {
            let x = i as f32 / 100.0;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error <= 2.4e-7, "e^{x}: {error}");
        }
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn the_error_function_is_libms() {
        for i in -12_000..=12_000 {
            let x = i as f32 / 2000.0;
            let expected = libm::erf(f64::from(x));
            let error = (f64::from(erf(x)) - expected).abs();
            assert!(error <= 2.4e-7 * expected.abs(), "erf({x}): {error}");
        }
        assert!(erf(f32::NAN).is_nan());
        assert_eq!(
            [f32::INFINITY, f32::NEG_INFINITY].map(erf),
            [1.0, -1.0],
            "far out"
        );
    }

    #[test]
    fn sums_and_largest_numbers_see_every_number() {
        for n in 0..70_usize {
            let values: Vec<f32> = (0..n).map(|i| ((i * 37) % 71) as f32 - 90.0).collect();
            let expected = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(largest(&values), expected, "{n}");
            let expected: f32 = values.iter().sum();
            assert_eq!(sum(&values, &values, |a, _| a), expected, "{n}");
        }
    }
}
