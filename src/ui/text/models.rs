//! Base models and their downloads.

use super::format::{duration, shorten, size};
use super::subjects::REMOVE;
use crate::worker::protocol::{BytesFrom, CatalogueBase, StoredBase};

pub const CHANGE_BASE: &str = "Change the model";
pub const BASES_TITLE: &str = "The model";
pub const BASES_HINT: &str = "The built-in model is small and quick. Larger ones make real photographs; they are fetched once, from where their authors publish them, and kept in this browser. A delta belongs to the model that it was trained on.";
pub const BASES_WAIT: &str = "Reading the list of models…";
pub const BASES_CLOSE: &str = "Close";
pub const BASE_LOAD: &str = "Load";
pub const BASE_GO_ON: &str = "Go on";
pub const BASE_LOADED: &str = "Loaded";
pub const BASE_PAGE: &str = "About it";
pub const BASE_AGREE: &str = "I have read the licence and agree to it";
pub const BASE_LICENCE: &str = "Licence:";
pub const STORED_TITLE: &str = "Kept in this browser";
pub const PAUSE_DOWNLOAD: &str = "Pause";
pub const RESUME_DOWNLOAD: &str = "Go on";
pub const CANCEL_DOWNLOAD: &str = "Stop";
pub const FELL_BACK: &str = "The built-in model is loaded again.";

/// 'Model: emoji-64.'
pub fn model(name: &str) -> String {
    format!("Model: {}. ", shorten(name, 80))
}

/// 'Stable Diffusion 1.5: 312 MB of 2.1 GB, 14 MB a second, 2 min 05 s left'.
pub fn download(from: BytesFrom, done: u64, total: u64, rate: f64) -> String {
    let way = match from {
        BytesFrom::OtherTab => {
            return "Another tab fetches this model; this one waits for it…".to_owned();
        }
        BytesFrom::Cache => "Reading what this browser keeps",
        BytesFrom::Network => "Fetching the model",
        BytesFrom::Disk => "Reading it from your disk",
    };
    let mut parts = vec![if total > 0 {
        format!("{way}: {} of {}", size(done.min(total)), size(total))
    } else {
        format!("{way}: {}", size(done))
    }];
    if rate > 0.0 {
        parts.push(format!("{} a second", size(rate as u64)));
        if total > done && from != BytesFrom::Cache {
            parts.push(format!(
                "{} left",
                duration(((total - done) as f64 / rate) as f32)
            ));
        }
    }
    parts.join(", ")
}

/// A download that will be tried again.
pub fn retry(reason: &str, seconds: f32) -> String {
    format!(
        "{} It is tried again in {}.",
        shorten(reason, 300),
        duration(seconds.max(1.0))
    )
}

/// What a model needs: '2.1 GB to fetch · 512 px · 4.3 GB of memory to train'.
pub fn needs(base: &CatalogueBase) -> String {
    let mut parts = Vec::new();
    parts.push(match base.stored {
        0 if base.bytes == 0 => "Nobody has said how large it is".to_owned(),
        0 => format!("{} to fetch", size(base.bytes)),
        kept if kept >= base.bytes => format!("{}, kept here", size(base.bytes)),
        kept => format!("{} of {} kept here", size(kept), size(base.bytes)),
    });
    parts.push(format!("{} px", base.defaults.resolution));
    for (bytes, what) in [
        (base.memory_to_generate, "to make pictures"),
        (base.memory_to_train, "to train"),
    ] {
        if let Some(bytes) = bytes {
            parts.push(format!("{} of memory {what}", size(bytes)));
        }
    }
    parts.join(" · ")
}

/// The size and state of a stored model.
pub fn kept(base: &StoredBase) -> String {
    match (base.in_use, base.interrupted) {
        (true, _) => format!("{}, loaded", size(base.stored)),
        (_, true) if base.bytes > 0 => {
            format!(
                "{} of {}: its download was interrupted",
                size(base.stored),
                size(base.bytes)
            )
        }
        (_, true) => format!("{}: its download was interrupted", size(base.stored)),
        _ => size(base.stored),
    }
}

/// 'Load Stable Diffusion 1.5': the label of a button.
pub fn load_label(words: &str, title: &str) -> String {
    format!("{words} {title}")
}

/// 'Remove Stable Diffusion 1.5'.
pub fn remove_label(title: &str) -> String {
    format!("{REMOVE} {title}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_says_how_far_how_fast_and_how_long() {
        let text = download(BytesFrom::Network, 312_000_000, 2_132_000_000, 14e6);
        assert_eq!(
            text,
            "Fetching the model: 312.0 MB of 2.1 GB, 14.0 MB a second, 2 min 10 s left"
        );
        assert_eq!(
            download(BytesFrom::Cache, 5_000, 0, 0.0),
            "Reading what this browser keeps: 5 KB"
        );
        // More bytes than announced give no negative time.
        let text = download(BytesFrom::Network, 20, 10, 1.0);
        assert!(!text.contains("left"), "{text}");
    }
}
