//! How fast bytes come, from what has come so far.

use std::collections::VecDeque;

/// Seconds that the rate looks back.
const WINDOW: f64 = 8.0;
/// Less than this says nothing.
const LEAST: f64 = 0.5;

/// Bytes a second over the last seconds.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    seen: VecDeque<(f64, u64)>,
}

impl Rate {
    /// The rate when `done` bytes are there at `now`, in seconds; 0 while nobody knows it.
    pub fn at(&mut self, now: f64, done: u64) -> f64 {
        if self.seen.back().is_some_and(|&(_, before)| done < before) {
            self.seen.clear();
        }
        self.seen.push_back((now, done));
        while self.seen.len() > 2
            && self
                .seen
                .front()
                .is_some_and(|&(then, _)| now - then > WINDOW)
        {
            self.seen.pop_front();
        }
        match self.seen.front() {
            Some(&(then, before)) if now - then >= LEAST => (done - before) as f64 / (now - then),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_has_its_rate() {
        let mut rate = Rate::default();
        assert_eq!(rate.at(0.0, 0), 0.0);
        assert_eq!(rate.at(0.1, 100_000), 0.0);
        let mut rates = (1..200).map(|i| rate.at(f64::from(i), 1_000_000 * i as u64));
        assert!(rates.all(|rate| (rate / 1e6 - 1.0).abs() < 1e-9));
    }

    #[test]
    fn what_was_long_ago_does_not_count() {
        let mut rate = Rate::default();
        for i in 0..100 {
            rate.at(f64::from(i), 0);
        }
        let found = (100..120).map(|i| rate.at(f64::from(i), 5_000 * (i as u64 - 99)));
        assert!((found.last().unwrap_or(0.0) - 5_000.0).abs() < 1.0);
    }

    #[test]
    fn another_file_begins_anew() {
        let mut rate = Rate::default();
        rate.at(0.0, 0);
        rate.at(1.0, 900);
        assert_eq!(rate.at(2.0, 10), 0.0);
        assert_eq!(rate.at(3.0, 110), 100.0);
    }
}
