//! How long a training will take on this device, before it begins.

/// A training step of one sample takes so many times a forward pass of the UNet: forward, backward
/// through the factors, and what is around them.
const STEP: f32 = 3.0;
/// Sampling steps of a class picture and of a preview, as the engine makes them.
const PRIOR_STEPS: f32 = 25.0;
const PREVIEW_STEPS: f32 = 15.0;
/// With guidance every sampling step is two forward passes.
const GUIDED: f32 = 2.0;
/// The decomposition of the base takes about as long as so many forward passes.
const DECOMPOSITION: f32 = 60.0;

/// What a run is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Training steps.
    pub steps: f32,
    /// Samples in one step, of subjects and of classes.
    pub samples: f32,
    /// Class pictures, of all classes.
    pub prior_images: f32,
    /// Steps between previews; 0 for none.
    pub preview_every: f32,
}

/// Seconds, if one forward pass takes `forward_seconds`; `None` where nobody knows.
pub fn seconds(effort: Effort, forward_seconds: f32) -> Option<f32> {
    if !(forward_seconds > 0.0 && forward_seconds.is_finite()) {
        return None;
    }
    let previews = if effort.preview_every >= 1.0 {
        (effort.steps / effort.preview_every).floor()
    } else {
        0.0
    };
    let passes = DECOMPOSITION
        + effort.steps * effort.samples * STEP
        + effort.prior_images * PRIOR_STEPS * GUIDED
        + previews * PREVIEW_STEPS * GUIDED;
    Some(passes * forward_seconds)
}

/// The other way round: a forward pass's time, from a training's pace.
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

    const EFFORT: Effort = Effort {
        steps: 100.0,
        samples: 10.0,
        prior_images: 10.0,
        preview_every: 20.0,
    };

    #[test]
    fn more_work_takes_longer_and_an_unknown_speed_gives_no_number() {
        let once = seconds(EFFORT, 0.02).expect("a number");
        let twice = seconds(
            Effort {
                steps: 200.0,
                ..EFFORT
            },
            0.02,
        );
        assert!(twice.expect("a number") > 1.5 * once);
        for unknown in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(seconds(EFFORT, unknown), None);
        }
    }

    #[test]
    fn a_pace_gives_the_speed_that_gives_the_pace() {
        let forward = forward_seconds(0.5, 10.0);
        assert!((1.0 / (forward * 10.0 * STEP) - 0.5).abs() < 1e-6);
        assert_eq!(forward_seconds(0.0, 10.0), 0.0);
    }
}
