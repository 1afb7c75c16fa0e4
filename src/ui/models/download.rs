//! The download of a base model.

use leptos::prelude::*;

use super::transfer_rate::TransferRate;
use crate::ui::engine::connection::{Engine, EngineStatus};
use crate::worker::protocol::BytesFrom;

/// Progress of a download.
#[derive(Clone, Debug, PartialEq)]
pub struct DownloadProgress {
    /// Where the bytes come from.
    pub from: BytesFrom,
    /// Bytes received, of the whole model.
    pub done: u64,
    /// Bytes of the whole model; 0 if unknown.
    pub total: u64,
    /// Bytes per second; 0 if unknown.
    pub rate: f64,
    /// Why the download waits, and seconds until the next try.
    pub retry: Option<(String, f32)>,
}

/// The current download.
#[derive(Clone, Copy)]
pub struct Download {
    /// Its progress; `None` if there is none.
    pub progress: RwSignal<Option<DownloadProgress>>,
    /// It is paused.
    pub paused: RwSignal<bool>,
    rate: StoredValue<TransferRate>,
    engine: Engine,
}

impl Download {
    /// No download.
    pub fn new(engine: Engine) -> Self {
        Self {
            progress: RwSignal::new(None),
            paused: RwSignal::new(false),
            rate: StoredValue::new(TransferRate::default()),
            engine,
        }
    }

    /// Bytes have arrived.
    pub fn on_progress(self, from: BytesFrom, done: u64, total: u64) {
        // After training the engine loads its model again in the background.
        if self.engine.status.get_untracked() != EngineStatus::Loading {
            return;
        }
        let now = js_sys::Date::now() / 1000.0;
        let rate = self
            .rate
            .try_update_value(|rate| rate.at(now, done))
            .unwrap_or(0.0);
        self.progress.set(Some(DownloadProgress {
            from,
            done,
            total,
            rate,
            retry: None,
        }));
    }

    /// A request failed and will be repeated.
    pub fn on_retry(self, reason: String, seconds: f32) {
        self.progress.update(|progress| {
            if let Some(progress) = progress {
                progress.retry = Some((reason, seconds));
            }
        });
    }

    /// Pauses or resumes the download.
    pub fn toggle_pause(self) {
        let paused = !self.paused.get_untracked();
        self.paused.set(paused);
        self.rate.set_value(TransferRate::default());
        self.engine.pause(paused);
    }

    /// Cancels the download.
    pub fn cancel(self) {
        self.engine.cancel();
    }

    /// The download ended.
    pub fn clear(self) {
        self.progress.set(None);
        self.paused.set(false);
        self.rate.set_value(TransferRate::default());
    }
}
