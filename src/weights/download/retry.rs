//! Whether to repeat a request, and after which delay.

use super::error::DownloadError;

/// Failures in a row, without a byte in between, after which the last one counts.
const FAILURES: u32 = 5;
/// The same before the first response: a wrong address stays wrong.
const FIRST_FAILURES: u32 = 1;
/// The first delay; each is twice the one before.
const DELAY_MS: u32 = 1_000;
/// The longest `Retry-After` that is respected.
const LONGEST_S: u64 = 120;

/// Exponential backoff with jitter, for the requests of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct RetryPolicy {
    failures: u32,
    answered: bool,
}

impl RetryPolicy {
    /// Bytes came: failures are counted from zero again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
        self.answered = true;
    }

    /// Milliseconds to wait before the next attempt; `None` if there is to be none. `random` is from
    /// 0 to 1: clients that were cut off together should not come back together.
    pub(crate) fn next_delay(&mut self, error: &DownloadError, random: f64) -> Option<u32> {
        let most = match error {
            DownloadError::Unreachable(_) if !self.answered => FIRST_FAILURES,
            _ => FAILURES,
        };
        if !error.is_transient() || self.failures >= most {
            return None;
        }
        let delay = DELAY_MS << self.failures.min(16);
        self.failures += 1;
        if let DownloadError::Status(_, Some(seconds)) = error {
            let fits = *seconds <= LONGEST_S;
            // A little later than asked, never earlier.
            return fits.then(|| (*seconds as u32) * 1_000 + (random * 500.0) as u32);
        }
        Some(delay / 2 + (f64::from(delay / 2) * random.clamp(0.0, 1.0)) as u32)
    }
}

/// Seconds of a `Retry-After` header (RFC 9110, section 10.2.3). The form with a date is not read,
/// so the usual delay counts.
pub(crate) fn retry_after(value: Option<&str>) -> Option<u64> {
    value?.trim().parse().ok()
}
