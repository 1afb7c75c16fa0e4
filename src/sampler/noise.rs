//! Seeded noise: ChaCha8 in counter mode and the Box–Muller transform, on the CPU.
//!
//! A seed and a stream give the same values on every machine and device: the generator uses integer
//! arithmetic, and logarithm and cosine come from the `libm` crate, not from the platform. The
//! state is the position in the key stream, so a checkpoint stores one number.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of random numbers that can be saved and resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noise {
    rng: ChaCha8Rng,
}

impl Noise {
    /// The start of stream `stream` of `seed`. Streams of one seed are independent.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Self { rng }
    }

    /// The stream at a position from [`Noise::position`].
    pub fn at(seed: u64, stream: u64, position: u64) -> Self {
        let mut noise = Self::new(seed, stream);
        noise.rng.set_word_pos(position.into());
        noise
    }

    /// The number of 32-bit words used so far, which is the state apart from seed and stream.
    pub fn position(&self) -> u64 {
        // Positions have 68 bits; no run reaches the upper four.
        self.rng.get_word_pos() as u64
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in `0..n`, without bias; 0 for `n = 0`.
    pub fn below(&mut self, n: usize) -> usize {
        if n < 2 {
            return 0;
        }
        let n = n as u64;
        // Draws from the last, incomplete multiple of n are rejected.
        let limit = u64::MAX - (u64::MAX % n + 1) % n;
        loop {
            let draw = self.rng.next_u64();
            if draw <= limit {
                return (draw % n) as usize;
            }
        }
    }

    /// `n` independent standard normal numbers. They are drawn in pairs; for an odd `n` the last one is
    /// dropped, so that the position remains the whole state.
    pub fn normal(&mut self, n: usize) -> Vec<f32> {
        let mut values = Vec::with_capacity(n + 1);
        while values.len() < n {
            let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
            let (sin, cos) = libm::sincos(core::f64::consts::TAU * self.uniform());
            values.push((radius * cos) as f32);
            values.push((radius * sin) as f32);
        }
        values.truncate(n);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::Noise;

    #[test]
    fn first_values_never_change() {
        let mut noise = Noise::new(42, 7);
        let bits: Vec<u32> = noise.normal(6).into_iter().map(f32::to_bits).collect();
        assert_eq!(bits, GOLDEN_NORMAL);
        assert_eq!(noise.uniform().to_bits(), GOLDEN_UNIFORM);
        assert_eq!(noise.below(1000), GOLDEN_BELOW);
        assert_eq!(noise.position(), 16);
    }

    // From ChaCha8 and Box–Muller written out in Python.
    const GOLDEN_NORMAL: [u32; 6] = [
        3205470985, 3198074365, 3195215046, 3222899327, 3215950230, 1069104805,
    ];
    const GOLDEN_UNIFORM: u64 = 4601391132779122948;
    const GOLDEN_BELOW: usize = 571;

    #[test]
    fn normal_numbers_have_the_moments_and_tails_of_a_normal_distribution() {
        let n = 200_000;
        let values = Noise::new(1, 0).normal(n);
        let moment = |k: i32| values.iter().map(|&x| f64::from(x).powi(k)).sum::<f64>() / n as f64;
        // Five standard errors each.
        let bound = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < bound(1.0));
        assert!((moment(2) - 1.0).abs() < bound(2.0));
        assert!(moment(3).abs() < bound(15.0));
        assert!((moment(4) - 3.0).abs() < bound(96.0));
        for (edge, share) in [(1.0, 0.317_310_5), (2.0, 0.045_500_3), (3.0, 0.002_699_8)] {
            let beyond = values.iter().filter(|x| x.abs() > edge).count() as f64 / n as f64;
            assert!(
                (beyond - share).abs() < bound(share),
                "beyond {edge}: {beyond}"
            );
        }
        let pairs = values
            .iter()
            .zip(&values[1..])
            .map(|(a, b)| f64::from(a * b))
            .sum::<f64>();
        assert!((pairs / n as f64).abs() < bound(1.0));
    }

    #[test]
    fn uniform_numbers_fill_every_class_equally() {
        let mut noise = Noise::new(2, 0);
        let mut counts = [0_f64; 100];
        let mut drawn = [0_f64; 7];
        for _ in 0..100_000 {
            let x = noise.uniform();
            assert!((0.0..1.0).contains(&x));
            counts[(x * 100.0) as usize] += 1.0;
            drawn[noise.below(7)] += 1.0;
        }
        // Chi-squared beyond these has a probability below 1e-6.
        assert!(
            counts
                .iter()
                .map(|c| (c - 1000.0).powi(2) / 1000.0)
                .sum::<f64>()
                < 178.0
        );
        let expected = 100_000.0 / 7.0;
        assert!(
            drawn
                .iter()
                .map(|c| (c - expected).powi(2) / expected)
                .sum::<f64>()
                < 38.0
        );
        assert_eq!(noise.below(0), 0);
        assert_eq!(noise.below(1), 0);
    }

    #[test]
    fn a_stream_continues_from_its_position() {
        let mut whole = Noise::new(3, 9);
        whole.normal(5);
        whole.below(3);
        let mut resumed = Noise::at(3, 9, whole.position());
        assert_eq!(resumed, whole);
        assert_eq!(resumed.normal(33), whole.normal(33));
        assert_eq!(resumed.position(), whole.position());
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = Noise::new(0, 0).normal(8);
        assert_ne!(first, Noise::new(0, 1).normal(8));
        assert_ne!(first, Noise::new(1, 0).normal(8));
        assert_eq!(first, Noise::new(0, 0).normal(8));
    }
}
