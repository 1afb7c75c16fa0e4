//! The transfer rate of a download.

use std::collections::VecDeque;

/// Seconds over which the rate is averaged.
const WINDOW: f64 = 8.0;
/// Seconds that are needed for a rate.
const MIN_SECONDS: f64 = 0.5;

/// Bytes per second over the last seconds.
#[derive(Clone, Debug, Default)]
pub struct TransferRate {
    /// Times in seconds, and bytes received until then.
    samples: VecDeque<(f64, u64)>,
}

impl TransferRate {
    /// The rate when `done` bytes have been received at `now`, in seconds; 0 while it is unknown.
    pub fn at(&mut self, now: f64, done: u64) -> f64 {
        if self
            .samples
            .back()
            .is_some_and(|&(_, before)| done < before)
        {
            self.samples.clear();
        }
        self.samples.push_back((now, done));
        while self.samples.len() > 2
            && self
                .samples
                .front()
                .is_some_and(|&(then, _)| now - then > WINDOW)
        {
            self.samples.pop_front();
        }
        match self.samples.front() {
            Some(&(then, before)) if now - then >= MIN_SECONDS => {
                (done - before) as f64 / (now - then)
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_has_its_rate() {
        let mut rate = TransferRate::default();
        assert_eq!(rate.at(0.0, 0), 0.0);
        assert_eq!(rate.at(0.1, 100_000), 0.0);
        let mut rates = (1..200).map(|i| rate.at(f64::from(i), 1_000_000 * i as u64));
        assert!(rates.all(|rate| (rate / 1e6 - 1.0).abs() < 1e-9));
    }

    #[test]
    fn what_was_long_ago_does_not_count() {
        let mut rate = TransferRate::default();
        for i in 0..100 {
            rate.at(f64::from(i), 0);
        }
        let found = (100..120).map(|i| rate.at(f64::from(i), 5_000 * (i as u64 - 99)));
        assert!((found.last().unwrap_or(0.0) - 5_000.0).abs() < 1.0);
    }

    #[test]
    fn another_file_begins_anew() {
        let mut rate = TransferRate::default();
        rate.at(0.0, 0);
        rate.at(1.0, 900);
        assert_eq!(rate.at(2.0, 10), 0.0);
        assert_eq!(rate.at(3.0, 110), 100.0);
    }
}
