//! All sampling methods behind one interface, that of a diffusers scheduler.

use burn::tensor::Tensor;

use crate::config::SamplerKind;
use crate::error::Result;
use crate::sampler::ddim::Ddim;
use crate::sampler::dpm_solver::DpmSolverMultistep;
use crate::sampler::euler::Euler;
use crate::sampler::euler_ancestral::EulerAncestral;
use crate::sampler::lcm::Lcm;
use crate::sampler::schedule::NoiseSchedule;

/// A sampling run of one method.
#[derive(Clone, Debug)]
pub struct Sampler {
    method: Method,
    timesteps: Vec<f32>,
}

#[expect(clippy::large_enum_variant, reason = "one per run")]
#[derive(Clone, Debug)]
enum Method {
    Ddim { ddim: Ddim, eta: f64 },
    Euler(Euler),
    EulerAncestral(EulerAncestral),
    DpmSolverMultistep(DpmSolverMultistep),
    Lcm(Lcm),
}

impl Sampler {
    /// A run of `steps` steps. `eta` is DDIM's η, 0 to 1; the other methods ignore it.
    ///
    /// # Errors
    /// `Settings` if the method cannot make `steps` steps with this schedule.
    pub fn new(kind: SamplerKind, schedule: NoiseSchedule, steps: usize, eta: f64) -> Result<Self> {
        let whole = |timesteps: &[usize]| timesteps.iter().map(|&t| t as f32).collect();
        let (timesteps, method) = match kind {
            SamplerKind::Ddim => {
                let ddim = Ddim::new(schedule, steps)?;
                (whole(ddim.timesteps()), Method::Ddim { ddim, eta })
            }
            SamplerKind::Euler => {
                let euler = Euler::new(&schedule, steps)?;
                (euler.timesteps().to_vec(), Method::Euler(euler))
            }
            SamplerKind::EulerAncestral => {
                let euler = EulerAncestral::new(&schedule, steps)?;
                (euler.timesteps().to_vec(), Method::EulerAncestral(euler))
            }
            SamplerKind::DpmSolverMultistep => {
                let solver = DpmSolverMultistep::new(&schedule, steps)?;
                let timesteps = solver.timesteps().to_vec();
                (timesteps, Method::DpmSolverMultistep(solver))
            }
            SamplerKind::Lcm => {
                let lcm = Lcm::new(schedule, steps)?;
                (whole(lcm.timesteps()), Method::Lcm(lcm))
            }
        };
        Ok(Self { method, timesteps })
    }

    /// The timesteps, from noisy to clean, as the UNet takes them.
    pub fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    /// The standard deviation of the initial noise.
    pub fn init_noise_sigma(&self) -> f32 {
        match &self.method {
            Method::Euler(euler) => euler.init_noise_sigma(),
            Method::EulerAncestral(euler) => euler.init_noise_sigma(),
            Method::Ddim { .. } | Method::DpmSolverMultistep(_) | Method::Lcm(_) => 1.0,
        }
    }

    /// The input of the UNet for `sample` in step `index`; shape-preserving.
    pub fn scale_model_input(&self, sample: Tensor<4>, index: usize) -> Tensor<4> {
        match &self.method {
            Method::Euler(euler) => euler.scale_model_input(sample, index),
            Method::EulerAncestral(euler) => euler.scale_model_input(sample, index),
            Method::Ddim { .. } | Method::DpmSolverMultistep(_) | Method::Lcm(_) => sample,
        }
    }

    /// Whether step `index` adds noise.
    pub fn needs_noise(&self, index: usize) -> bool {
        match &self.method {
            Method::Ddim { eta, .. } => *eta > 0.0,
            Method::Euler(_) | Method::DpmSolverMultistep(_) => false,
            Method::EulerAncestral(_) | Method::Lcm(_) => index + 1 < self.timesteps.len(),
        }
    }

    /// Step `index`: the sample of the next timestep, from `sample` and the UNet's output for it.
    /// Steps must be called in order; step 0 starts a new run.
    ///
    /// `noise` is standard normal; it is used only if [`Sampler::needs_noise`].
    ///
    /// # Shapes
    /// All `[batch, channels, height, width]`.
    pub fn step(
        &mut self,
        model_output: Tensor<4>,
        index: usize,
        sample: Tensor<4>,
        noise: Option<Tensor<4>>,
    ) -> Tensor<4> {
        match &mut self.method {
            Method::Ddim { ddim, eta } => {
                let timestep = ddim.timesteps()[index];
                ddim.step(model_output, timestep, sample, *eta, noise)
            }
            Method::Euler(euler) => euler.step(model_output, index, sample),
            Method::EulerAncestral(euler) => euler.step(model_output, index, sample, noise),
            Method::DpmSolverMultistep(solver) => solver.step(model_output, index, sample),
            Method::Lcm(lcm) => lcm.step(model_output, index, sample, noise),
        }
    }
}
