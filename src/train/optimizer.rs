//! AdamW on one flat vector, with a learning rate per element.
//!
//! Follows torch.optim.AdamW (decoupled decay, Loshchilov & Hutter 2019) and
//! torch.nn.utils.clip_grad_norm_, operation by operation:
//!
//! ```text
//! g ← g · min(1, c / (‖g‖ + 1e-6))
//! δ ← δ · (1 − lr·wd)
//! m ← m + (1 − β₁)(g − m)          v ← β₂ v + (1 − β₂) g²
//! δ ← δ − lr/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
//! ```
//!
//! All tensors are `[n]` on the plain device (no autodiff); nothing is read back.

use burn::tensor::{Device, Tensor, TensorData};

use crate::config::{LrScheduler, TrainConfig};

/// The numbers that stay the same for a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// β₁ and β₂.
    pub betas: [f64; 2],
    /// ε, added to √v̂.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest total norm of the gradient; 0 for no clipping.
    pub max_grad_norm: f64,
}

impl From<&TrainConfig> for AdamWConfig {
    fn from(config: &TrainConfig) -> Self {
        Self {
            betas: config.adam_betas,
            eps: config.adam_epsilon,
            weight_decay: config.adam_weight_decay,
            max_grad_norm: config.max_grad_norm,
        }
    }
}

/// The factor of the learning rates in step `step` of `steps`, counted from 0.
pub fn lr_factor(scheduler: LrScheduler, step: usize, steps: usize) -> f64 {
    let done = step as f64 / steps.max(1) as f64;
    match scheduler {
        LrScheduler::Constant => 1.0,
        LrScheduler::Cosine => 0.5 * (1.0 + libm::cos(core::f64::consts::PI * done.min(1.0))),
        LrScheduler::Linear => (1.0 - done).max(0.0),
    }
}

/// The optimiser and its moments.
#[derive(Clone, Debug)]
pub struct AdamW {
    config: AdamWConfig,
    /// Learning rate of each element, `[n]`.
    rates: Tensor<1>,
    /// 1 − lr·wd of each element, `[n]`.
    keeps: Tensor<1>,
    /// First moment m, `[n]`.
    pub exp_avg: Tensor<1>,
    /// Second moment v, `[n]`.
    pub exp_avg_sq: Tensor<1>,
    /// Updates made so far.
    pub step: usize,
}

impl AdamW {
    /// Moments of zero; `rates[i]` is the learning rate of element i.
    pub fn new(config: AdamWConfig, rates: &[f64], device: &Device) -> Self {
        let n = rates.len();
        let vector = |of: &dyn Fn(f64) -> f64| {
            let values: Vec<f32> = rates.iter().map(|&rate| of(rate) as f32).collect();
            Tensor::from_data(TensorData::new(values, [n]), device)
        };
        Self {
            config,
            rates: vector(&|rate| rate),
            keeps: vector(&|rate| 1.0 - rate * config.weight_decay),
            exp_avg: Tensor::zeros([n], device),
            exp_avg_sq: Tensor::zeros([n], device),
            step: 0,
        }
    }

    /// δ after one update with the gradient `grad`, both `[n]`; all learning rates are multiplied by
    /// `factor`, which a schedule gives.
    pub fn update(&mut self, delta: Tensor<1>, grad: Tensor<1>, factor: f64) -> Tensor<1> {
        self.step += 1;
        let AdamWConfig {
            betas: [beta1, beta2],
            eps,
            max_grad_norm,
            ..
        } = self.config;
        let grad = if max_grad_norm > 0.0 {
            clip_grad_norm(grad, max_grad_norm)
        } else {
            grad
        };
        let t = self.step as f64;
        let bias_correction1 = 1.0 - libm::pow(beta1, t);
        let bias_correction2_sqrt = (1.0 - libm::pow(beta2, t)).sqrt();

        let m = self.exp_avg.clone();
        self.exp_avg = m.clone() + (grad.clone() - m) * (1.0 - beta1);
        self.exp_avg_sq = self.exp_avg_sq.clone() * beta2 + grad.clone() * grad * (1.0 - beta2);
        let denominator = self.exp_avg_sq.clone().sqrt() / bias_correction2_sqrt + eps;
        let kept = if factor == 1.0 {
            self.keeps.clone()
        } else {
            // 1 − factor · lr·wd
            (self.keeps.clone() - 1.0) * factor + 1.0
        };
        delta * kept
            - self.exp_avg.clone() / denominator * (self.rates.clone() * factor / bias_correction1)
    }
}

/// Scales `grad` down to a total L2 norm of `max_norm`, as torch.nn.utils.clip_grad_norm_ does.
pub fn clip_grad_norm(grad: Tensor<1>, max_norm: f64) -> Tensor<1> {
    let norm = (grad.clone() * grad.clone()).sum().sqrt();
    let scale = ((norm + 1e-6).recip() * max_norm).clamp_max(1.0);
    grad * scale
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const CONFIG: AdamWConfig = AdamWConfig {
        betas: [0.9, 0.999],
        eps: 1e-8,
        weight_decay: 1e-2,
        max_grad_norm: 1.0,
    };

    fn tensor(values: &[f32]) -> Tensor<1> {
        Tensor::from_data(
            TensorData::new(values.to_vec(), [values.len()]),
            &Device::flex(),
        )
    }

    fn values(tensor: &Tensor<1>) -> Vec<f32> {
        tensor.clone().into_data().try_to_vec().unwrap()
    }

    fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!(
                (f - e).abs() <= tolerance * e.abs().max(1e-6),
                "{found:?} is not {expected:?}"
            );
        }
    }

    /// torch 2, `torch.optim.AdamW` with two parameter groups and `clip_grad_norm_` over both.
    #[test]
    fn four_steps_equal_pytorchs() {
        let gradients: [[f32; 6]; 4] = [
            [0.5, -0.25, 1e-4, 0.0, 0.1, -0.2],
            [3.0, -4.0, 0.5, 1.0, 2.0, -1.0],
            [-0.01, 0.02, -0.03, 0.04, -0.05, 0.06],
            [0.9, 0.1, 0.2, -0.3, 0.4, -0.5],
        ];
        let expected: [[f32; 6]; 4] = [
            [
                0.279_94,
                -0.179_960_01,
                0.079_982_005,
                0.0,
                0.999_979_8,
                -0.999_979_8,
            ],
            [
                0.259_859_68,
                -0.161_455_2,
                0.065_068_305,
                -0.014_882_734,
                0.999_961_7,
                -0.999_959_7,
            ],
            [
                0.244_504_56,
                -0.147_488_61,
                0.058_202_337,
                -0.028_895_972,
                0.999_949_46,
                -0.999_947_3,
            ],
            [
                0.227_395_94,
                -0.137_424_9,
                0.045_301_333,
                -0.026_079_958,
                0.999_934_14,
                -0.999_931_9,
            ],
        ];
        let rates = [2e-2, 2e-2, 2e-2, 2e-2, 2e-5, 2e-5];
        let mut adamw = AdamW::new(CONFIG, &rates, &Device::flex());
        let mut delta = tensor(&[0.3, -0.2, 0.1, 0.0, 1.0, -1.0]);
        for (gradient, expected) in gradients.iter().zip(&expected) {
            delta = adamw.update(delta, tensor(gradient), 1.0);
            assert_close(&values(&delta), expected, 2e-6);
        }
        let m = [
            0.156_193_45,
            -0.065_808_96,
            0.021_701_995,
            -0.007_635_05,
            0.066_069_126,
            -0.066_544_33,
        ];
        let v = [
            1.132_362e-3,
            5.810_416e-4,
            3.829_483_5e-5,
            9.971_081e-5,
            2.578_585e-4,
            2.592_358e-4,
        ];
        assert_close(&values(&adamw.exp_avg), &m, 2e-6);
        assert_close(&values(&adamw.exp_avg_sq), &v, 2e-6);
    }

    #[test]
    fn a_small_gradient_is_left_alone_and_a_large_one_is_scaled() {
        assert_close(
            &values(&clip_grad_norm(tensor(&[0.3, -0.4]), 1.0)),
            &[0.3, -0.4],
            0.0,
        );
        assert_close(
            &values(&clip_grad_norm(tensor(&[30.0, -40.0]), 1.0)),
            &[0.6, -0.8],
            1e-6,
        );
    }

    #[test]
    fn the_gradient_of_an_untouched_delta_moves_it_by_its_own_rate() {
        let mut adamw = AdamW::new(CONFIG, &[1e-2, 1e-5], &Device::flex());
        let delta = adamw.update(tensor(&[0.0, 0.0]), tensor(&[0.5, 0.5]), 1.0);
        assert_close(&values(&delta), &[-1e-2, -1e-5], 1e-4);
    }
}
