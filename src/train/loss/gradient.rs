//! ∂L/∂δ of one batch.
//!
//! The loss is a sum over the subject's samples and the class's, L = L_subject + λ · L_class, and
//! no layer mixes samples. On a computer's own CPU each of the two parts is therefore a forward and
//! a backward pass of its own, on its own half of the cores: everything in them runs side by side,
//! where operation by operation only the products would. Parts and the order of their sum are the
//! same with any number of cores, one included, so the results are too. Other devices, and a
//! browser's single thread, take the batch as a whole.

use burn::tensor::Tensor;

use crate::error::Result;
use crate::model::unet::attention_maps::AttentionMap;
use crate::sampler::NoiseSchedule;
use crate::train::loss::recompute::{Given, Passed, Recompute};
use crate::train::loss::{Batch, Loss, LossWeights, Question, loss};
use crate::train::trainable_models::{Tunable, Tuned, TunedGradients};

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

/// Differentiates the loss of `batch` at `delta` `[len]`; the result is the same with any
/// `recompute`, to rounding.
///
/// # Errors
/// Those of [`Tunable::attach`] and [`loss`].
pub fn differentiate(
    model: &Tunable,
    delta: &Tensor<1>,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
    recompute: Recompute,
) -> Result<Differentiated> {
    #[cfg(not(target_family = "wasm"))]
    if batch.subjects < batch.timesteps.len() && delta.device() == burn::tensor::Device::flex() {
        return apart(model, delta, schedule, batch, weights, recompute);
    }
    whole(model, delta, schedule, batch, weights, recompute)
}

/// All samples in one pass.
fn whole(
    model: &Tunable,
    delta: &Tensor<1>,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
    recompute: Recompute,
) -> Result<Differentiated> {
    let tuned = model.attach(delta)?;
    let mut collected = TunedGradients::default();
    let Loss {
        subject,
        prior,
        unmix,
        total,
    } = match recompute {
        Recompute::None => {
            let loss = loss(&tuned, schedule, batch, weights)?;
            tuned.collect(&mut loss.total.backward(), &mut collected);
            loss
        }
        Recompute::Blocks => by_blocks(&tuned, schedule, batch, weights, &mut collected)?,
    };
    let subject = subject.inner();
    Ok(Differentiated {
        prior: prior.map_or_else(|| subject.zeros_like(), Tensor::inner),
        unmix: unmix.map_or_else(|| subject.zeros_like(), Tensor::inner),
        subject,
        total: total.inner(),
        gradient: tuned.total(collected),
    })
}

/// The loss, differentiated stage by stage into `collected`.
fn by_blocks(
    tuned: &Tuned,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
    collected: &mut TunedGradients,
) -> Result<Loss> {
    let (question, text) = Question::new(schedule, batch, weights);
    let text = tuned.embed(text)?;
    let plain = tuned.plain_unet()?;
    let given = Given {
        tracked: tuned.unet(),
        plain: &plain,
        text: text.clone().inner(),
        text_is_trained: text.is_tracked(),
        wants_maps: question.wants_maps,
    };
    let passed = Passed::new(given, question.noisy.clone(), question.times.clone());

    let prediction = passed.prediction.clone().autodiff().require_grad();
    let leaf_of = |map: &AttentionMap| AttentionMap {
        weights: map.weights.clone().autodiff().require_grad(),
        ..map.clone()
    };
    let maps: Vec<AttentionMap> = passed.maps.iter().map(leaf_of).collect();
    let loss = question.judge(prediction.clone(), &maps);
    let mut gradients = loss.total.backward();
    let maps = maps.iter().map(|map| {
        let found = map.weights.grad_remove(&mut gradients);
        found.unwrap_or_else(|| map.weights.clone().inner().zeros_like())
    });
    let maps = maps.collect();
    let Some(prediction) = prediction.grad_remove(&mut gradients) else {
        return Ok(loss);
    };
    let text_gradient = passed.backward(prediction, maps, &mut |gradients| {
        tuned.collect(gradients, collected);
    });
    if let Some(gradient) = text_gradient {
        tuned.collect(&mut (text * gradient).sum().backward(), collected);
    }
    Ok(loss)
}

/// Subject and class in a pass each, at the same time.
#[cfg(not(target_family = "wasm"))]
fn apart(
    model: &Tunable,
    delta: &Tensor<1>,
    schedule: &NoiseSchedule,
    batch: Batch,
    weights: LossWeights,
    recompute: Recompute,
) -> Result<Differentiated> {
    let [subject, class] = batch.split();
    let pass = |batch| whole(model, delta, schedule, batch, weights, recompute);
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
