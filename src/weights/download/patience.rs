//! When to try again, and after how long.

use super::fault::Fault;

/// Failures in a row, without a byte in between, that are borne.
const FAILURES: u32 = 5;
/// Failures borne before the first answer: an address that is wrong stays wrong.
const FIRST_FAILURES: u32 = 1;
/// The first pause; each is twice the one before.
const PAUSE_MS: u32 = 1_000;
/// A server may ask for this much, no more.
const LONGEST_S: u64 = 120;

/// What is borne of one file's transfer.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    failures: u32,
    answered: bool,
}

impl Patience {
    /// Something came: failures count from the beginning again.
    pub fn progress(&mut self) {
        self.failures = 0;
        self.answered = true;
    }

    /// Milliseconds to wait before the next attempt; `None` when there is to be none. `random` is a
    /// number from 0 to 1: those who were cut off together should not come back together.
    pub fn bear(&mut self, fault: &Fault, random: f64) -> Option<u32> {
        let most = match fault {
            Fault::Unreachable(_) if !self.answered => FIRST_FAILURES,
            _ => FAILURES,
        };
        if !fault.passes() || self.failures >= most {
            return None;
        }
        let pause = PAUSE_MS << self.failures.min(16);
        self.failures += 1;
        if let Fault::Status(_, Some(seconds)) = fault {
            let fits = *seconds <= LONGEST_S;
            // A little later than asked: never earlier.
            return fits.then(|| (*seconds as u32) * 1_000 + (random * 500.0) as u32);
        }
        Some(pause / 2 + (f64::from(pause / 2) * random.clamp(0.0, 1.0)) as u32)
    }
}

/// Seconds of a `Retry-After` header; the form with a date is not read, so the usual pause counts.
pub fn retry_after(value: Option<&str>) -> Option<u64> {
    value?.trim().parse().ok()
}
