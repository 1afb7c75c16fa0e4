//! ∂L/∂δ of one batch.
//!
//! The loss is a sum over the subject's samples and the class's, L = L_subject + λ · L_class, and
//! no layer mixes samples. On a computer's own CPU each of the two parts is therefore a forward and
//! a backward pass of its own, on its own half of the cores: everything in them runs side by side,
//! where operation by operation only the products would. Parts and the order of their sum are the
//! same with any number of cores, one included, so the results are too. Other devices, and a
//! browser's single thread, take the batch as a whole.

use burn::tensor::Tensor;

use super::loss::{Batch, Loss, LossWeights, loss};
use super::tunable::Tunable;
use crate::error::Result;
use crate::sampler::NoiseSchedule;

/// The losses of a batch and the gradient of their sum; nothing here is tracked any more.
#[derive(Clone, Debug)]
pub struct Differentiated {
    /// MSE of the subject's samples, `[1]`.
    pub subject: Tensor<1>,
    /// MSE of the class's samples, `[1]`; 0 when there are none.
    pub prior: Tensor<1>,
    /// Unmix loss of the collages, `[1]`; 0 when there are none.
    pub unmix: Tensor<1>,
    /// subject + λ · prior + weight · unmix, `[1]`.
    pub total: Tensor<1>,
    /// ∂total/∂δ, `[len]`.
    pub gradient: Tensor<1>,
}

/// Differentiates the loss of `batch` at `delta` `[len]`.
///
/// # Errors
/// Those of [`Tunable::attach`] and [`loss`].
pub fn differentiate(
    model: &Tunable,
    delta: &Tensor<1>,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
) -> Result<Differentiated> {
    #[cfg(not(target_family = "wasm"))]
    if batch.subjects < batch.timesteps.len() && delta.device() == burn::tensor::Device::flex() {
        return apart(model, delta, schedule, batch, weights);
    }
    whole(model, delta, schedule, batch, weights)
}

/// All samples in one pass.
fn whole(
    model: &Tunable,
    delta: &Tensor<1>,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
) -> Result<Differentiated> {
    let tuned = model.attach(delta)?;
    let Loss {
        subject,
        prior,
        unmix,
        total,
    } = loss(&tuned, schedule, batch, weights)?;
    let mut gradients = total.backward();
    let subject = subject.inner();
    Ok(Differentiated {
        prior: prior.map_or_else(|| subject.zeros_like(), Tensor::inner),
        unmix: unmix.map_or_else(|| subject.zeros_like(), Tensor::inner),
        subject,
        total: total.inner(),
        gradient: tuned.gradient(&mut gradients),
    })
}

/// Subject and class in a pass each, at the same time.
#[cfg(not(target_family = "wasm"))]
fn apart(
    model: &Tunable,
    delta: &Tensor<1>,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
) -> Result<Differentiated> {
    let [subject, class] = batch.split();
    let pass = |batch| whole(model, delta, schedule, batch, weights);
    let (subject, class) = side_by_side(|| pass(subject), || pass(class));
    let (subject, class) = (subject?, class?);
    Ok(Differentiated {
        total: subject.total.clone() + class.total.clone() * weights.prior,
        gradient: subject.gradient + class.gradient * weights.prior,
        unmix: subject.unmix,
        subject: subject.subject,
        prior: class.total,
    })
}

/// Runs both on half of the cores each; one after the other where there is one core.
///
/// Each half has threads of its own. Were they shared, a thread waiting inside one pass could be
/// given the whole other pass to run in between.
#[cfg(not(target_family = "wasm"))]
fn side_by_side<T: Send>(
    first: impl FnOnce() -> T + Send,
    second: impl FnOnce() -> T + Send,
) -> (T, T) {
    use std::sync::OnceLock;

    use rayon::{ThreadPool, ThreadPoolBuilder};

    static HALVES: OnceLock<Option<[ThreadPool; 2]>> = OnceLock::new();
    let halves = HALVES.get_or_init(|| {
        let threads = rayon::current_num_threads() / 2;
        let pool = || ThreadPoolBuilder::new().num_threads(threads).build().ok();
        (threads > 0).then(|| Some([pool()?, pool()?]))?
    });
    let Some([left, right]) = halves else {
        return (first(), second());
    };
    std::thread::scope(|scope| {
        let second = scope.spawn(|| right.install(second));
        let first = left.install(first);
        match second.join() {
            Ok(second) => (first, second),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
