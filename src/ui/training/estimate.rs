//! Estimated duration of a training run on this device.

/// A training step of one sample takes this many UNet forward passes: forward, backward through
/// the factors, overhead.
const STEP: f32 = 3.0;
/// Sampling steps of a class picture, as the engine makes them.
const PRIOR_STEPS: f32 = 25.0;
/// Sampling steps of a preview, as the engine makes them.
const PREVIEW_STEPS: f32 = 15.0;
/// Classifier-free guidance doubles the forward passes of a sampling step.
const GUIDED: f32 = 2.0;
/// Decomposing the base model takes about as long as this many forward passes.
const DECOMPOSITION: f32 = 60.0;

/// The amount of work in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Training steps.
    pub steps: f32,
    /// Samples per step, of subjects and of classes.
    pub samples: f32,
    /// Class pictures of all classes.
    pub prior_images: f32,
    /// Steps between previews; 0 for none.
    pub preview_every: f32,
}

/// Seconds that a run takes if one forward pass takes `forward_seconds`; `None` if that is unknown.
pub fn seconds(workload: Workload, forward_seconds: f32) -> Option<f32> {
    if !(forward_seconds > 0.0 && forward_seconds.is_finite()) {
        return None;
    }
    let previews = if workload.preview_every >= 1.0 {
        (workload.steps / workload.preview_every).floor()
    } else {
        0.0
    };
    let passes = DECOMPOSITION
        + workload.steps * workload.samples * STEP
        + workload.prior_images * PRIOR_STEPS * GUIDED
        + previews * PREVIEW_STEPS * GUIDED;
    Some(passes * forward_seconds)
}

/// Seconds of one forward pass, computed from the speed of a run; 0 if unknown.
pub fn forward_seconds(steps_per_second: f32, samples: f32) -> f32 {
    if steps_per_second > 0.0 && samples > 0.0 {
        1.0 / (steps_per_second * samples * STEP)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKLOAD: Workload = Workload {
        steps: 100.0,
        samples: 10.0,
        prior_images: 10.0,
        preview_every: 20.0,
    };

    #[test]
    fn more_work_takes_longer_and_an_unknown_speed_gives_no_number() {
        let once = seconds(WORKLOAD, 0.02).expect("a number");
        let twice = seconds(
            Workload {
                steps: 200.0,
                ..WORKLOAD
            },
            0.02,
        );
        assert!(twice.expect("a number") > 1.5 * once);
        for unknown in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(seconds(WORKLOAD, unknown), None);
        }
    }

    #[test]
    fn a_pace_gives_the_speed_that_gives_the_pace() {
        let forward = forward_seconds(0.5, 10.0);
        assert!((1.0 / (forward * 10.0 * STEP) - 0.5).abs() < 1e-6);
        assert_eq!(forward_seconds(0.0, 10.0), 0.0);
    }
}
