//! The noise levels of a run of Euler, Euler ancestral or DPM-Solver++.
//!
//! σ_t = √((1 − ᾱ_t) / ᾱ_t), linear between two training timesteps, and 0 after the last step
//! (diffusers' `final_sigmas_type` "zero").

use super::schedule::NoiseSchedule;

/// ᾱ of the last timestep if it would be 0 and σ infinite, as in diffusers.
const SMALLEST_ALPHA_CUMPROD: f32 = 1.0 / (1 << 24) as f32;

/// σ at each of `timesteps`, followed by 0.
pub(super) fn sigmas(schedule: &NoiseSchedule, timesteps: &[f32]) -> Vec<f32> {
    let alphas_cumprod = schedule.alphas_cumprod();
    let last = alphas_cumprod.len() - 1;
    let sigma = |t: usize| {
        let alpha = if t == last && schedule.config().rescale_betas_zero_snr {
            SMALLEST_ALPHA_CUMPROD
        } else {
            alphas_cumprod[t]
        };
        f64::from(((1.0 - alpha) / alpha).sqrt())
    };
    let between = |&t: &f32| {
        let below = (t as usize).min(last);
        let above = (below + 1).min(last);
        let part = f64::from(t) - below as f64;
        ((sigma(above) - sigma(below)) * part + sigma(below)) as f32
    };
    timesteps.iter().map(between).chain([0.0]).collect()
}
