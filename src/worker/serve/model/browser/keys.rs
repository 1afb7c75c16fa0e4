//! The keys by which this browser stores models.

use crate::worker::protocol::{BaseSource, Prediction, TokenizerFrom};

const CATALOGUE_KEY: &str = "catalogue ";
const FOLDER_KEY: &str = "folder ";
const CHECKPOINT_KEY: &str = "checkpoint ";
/// Begins a tokenizer's key; the id of its model follows.
pub(crate) const TOKENIZER_KEY: &str = "tokenizer ";

/// A model's key; `None` for a model that is not stored.
pub(crate) fn key(source: &BaseSource) -> Option<String> {
    Some(match source {
        BaseSource::Catalogue { id } => format!("{CATALOGUE_KEY}{id}"),
        BaseSource::Folder { url } => format!("{FOLDER_KEY}{url}"),
        BaseSource::Checkpoint {
            url,
            tokenizer,
            prediction,
        } => {
            let tokenizer = match tokenizer {
                TokenizerFrom::Beside => "beside",
                TokenizerFrom::Catalogue => "catalogue",
            };
            let prediction = match prediction {
                None | Some(Prediction::Epsilon) => "epsilon",
                Some(Prediction::VPrediction) => "v_prediction",
                Some(Prediction::Sample) => "sample",
            };
            format!("{CHECKPOINT_KEY}{tokenizer} {prediction} {url}")
        }
        BaseSource::DiskFolder { .. } | BaseSource::DiskCheckpoint { .. } => return None,
    })
}

/// The model of a key; `None` for a tokenizer.
pub(crate) fn source(key: &str) -> Option<BaseSource> {
    if let Some(id) = key.strip_prefix(CATALOGUE_KEY) {
        return Some(BaseSource::Catalogue { id: id.to_owned() });
    }
    if let Some(rest) = key.strip_prefix(CHECKPOINT_KEY) {
        let mut parts = rest.splitn(3, ' ');
        let tokenizer = match parts.next()? {
            "beside" => TokenizerFrom::Beside,
            _ => TokenizerFrom::Catalogue,
        };
        let prediction = match parts.next()? {
            "v_prediction" => Some(Prediction::VPrediction),
            "sample" => Some(Prediction::Sample),
            _ => None,
        };
        let url = parts.next()?.to_owned();
        return Some(BaseSource::Checkpoint {
            url,
            tokenizer,
            prediction,
        });
    }
    let url = key.strip_prefix(FOLDER_KEY)?;
    Some(BaseSource::Folder {
        url: url.to_owned(),
    })
}
