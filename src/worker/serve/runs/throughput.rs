//! Steps per second, and the time left.

use std::collections::VecDeque;

/// Steps in the average: enough for a GPU, whose steps are waited for in groups.
const WINDOW: usize = 24;

/// Durations of the last steps, without pauses, previews and saves.
#[derive(Debug, Default)]
pub(crate) struct Throughput {
    seconds: VecDeque<f32>,
}

impl Throughput {
    /// A step took so long.
    pub(crate) fn add(&mut self, seconds: f32) {
        if self.seconds.len() == WINDOW {
            self.seconds.pop_front();
        }
        self.seconds.push_back(seconds);
    }

    /// 0 before the first step.
    pub(crate) fn steps_per_second(&self) -> f32 {
        let sum: f32 = self.seconds.iter().sum();
        if sum > 0.0 {
            self.seconds.len() as f32 / sum
        } else {
            0.0
        }
    }

    /// NaN while nobody knows.
    pub(crate) fn seconds_left(&self, steps: usize) -> f32 {
        let rate = self.steps_per_second();
        if rate > 0.0 {
            steps as f32 / rate
        } else {
            f32::NAN
        }
    }
}
