//! The progress of a download, as the page sees it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use js_sys::Date;

use crate::error::Result;
use crate::weights::download::{ByteSource, Progress, ProgressSink};
use crate::worker::protocol::{BytesFrom, Event};
use crate::worker::serve::context::Context;

/// Milliseconds between two reports of a file's bytes.
const REPORT_EVERY_MS: f64 = 100.0;

/// Reports a download to the page, and lets the page pause and cancel it.
pub(crate) struct DownloadProgress {
    cx: Rc<Context>,
    /// Bytes of all files, as far as they are known beforehand.
    known: u64,
    /// Bytes done and bytes in all, by path.
    files: RefCell<BTreeMap<String, (u64, u64)>>,
    /// When bytes were reported last, and where they came from.
    last: Cell<(f64, ByteSource)>,
}

impl ProgressSink for DownloadProgress {
    fn wait_while_paused(&self) -> LocalBoxFuture<'_, Result<()>> {
        Box::pin(self.cx.between())
    }

    fn cancelled(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.cx.cancelled())
    }

    fn report(&self, progress: Progress<'_>) {
        match progress {
            Progress::Bytes {
                path,
                source,
                done,
                total,
            } => self.bytes(path, source, done, total.unwrap_or(0)),
            Progress::Retry {
                path,
                reason,
                after_ms,
            } => self.cx.post(Event::DownloadRetry {
                path: path.to_owned(),
                reason,
                seconds: after_ms as f32 / 1_000.0,
            }),
            Progress::Warning(words) => self.cx.warn(words),
        }
    }
}

impl DownloadProgress {
    /// For files that have `known` bytes together, as far as that is known beforehand.
    pub(crate) fn new(cx: &Rc<Context>, known: u64) -> Rc<Self> {
        Rc::new(Self {
            cx: cx.clone(),
            known,
            files: RefCell::default(),
            last: Cell::new((0.0, ByteSource::Cache)),
        })
    }

    fn bytes(&self, path: &str, from: ByteSource, done: u64, total: u64) {
        let mut files = self.files.borrow_mut();
        files.insert(path.to_owned(), (done, total));
        let (then, before) = self.last.get();
        let now = Date::now();
        let soon = (0.0..REPORT_EVERY_MS).contains(&(now - then));
        if soon && from == before && done != total {
            return;
        }
        self.last.set((now, from));
        let sums = files.values();
        let (base_done, base_total) = sums.fold((0, 0), |(done, total), file| {
            (done + file.0, total + file.1)
        });
        let component = path.split_once('/').map_or("", |(folder, _)| folder);
        self.cx.post(Event::Download {
            component: component.to_owned(),
            path: path.to_owned(),
            from: match from {
                ByteSource::Cache => BytesFrom::Cache,
                ByteSource::Network => BytesFrom::Network,
                ByteSource::OtherTab => BytesFrom::OtherTab,
                ByteSource::Disk => BytesFrom::Disk,
            },
            done,
            total,
            base_done,
            base_total: base_total.max(self.known),
        });
    }
}
