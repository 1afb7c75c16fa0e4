//! The user's own base model: files from their disk, or an address.

use std::collections::BTreeMap;

use leptos::prelude::*;
use web_sys::File;

use super::{
    address::ModelAddress,
    selection::{self, Selection},
};
use crate::worker::{
    client::PickedFile,
    protocol::{Prediction, TokenizerFrom, TokenizerOffer},
};

/// The user's own base model.
#[derive(Clone, Copy)]
pub struct CustomModel {
    /// Its part of the panel is open.
    pub shown: RwSignal<bool>,
    /// What the selected files are; `None` before files are selected.
    pub selection: RwSignal<Option<Selection>>,
    /// The address in its field.
    pub address: RwSignal<String>,
    /// The catalogue's offer of a tokenizer.
    pub offer: RwSignal<Option<TokenizerOffer>>,
    /// The user accepts that offer.
    pub fetch_tokenizer: RwSignal<bool>,
    /// What the UNet of a checkpoint predicts.
    pub prediction: RwSignal<Prediction>,
    /// The selected files by path.
    user_files: StoredValue<BTreeMap<String, File>, LocalStorage>,
    /// The files of the model that is loaded or loading, to send again to a restarted engine.
    files_sent: StoredValue<Vec<PickedFile>, LocalStorage>,
}

impl CustomModel {
    /// No files and no address.
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(false),
            selection: RwSignal::new(None),
            address: RwSignal::new(String::new()),
            offer: RwSignal::new(None),
            fetch_tokenizer: RwSignal::new(false),
            prediction: RwSignal::new(Prediction::Epsilon),
            user_files: StoredValue::new_local(BTreeMap::new()),
            files_sent: StoredValue::new_local(Vec::new()),
        }
    }

    /// What the address leads to; tracked.
    pub fn parsed_address(self) -> Option<ModelAddress> {
        self.address.with(|address| ModelAddress::parse(address))
    }

    /// True if the selected files contain a tokenizer; tracked.
    pub fn has_tokenizer(self) -> bool {
        self.selection.with(|selection| {
            matches!(
                selection,
                Some(
                    Selection::Tokenizer(_)
                        | Selection::Checkpoint {
                            tokenizer: Some(_),
                            ..
                        }
                )
            )
        })
    }

    /// The source of a checkpoint's tokenizer; `None` if there is none yet. Tracked.
    pub fn tokenizer(self) -> Option<TokenizerFrom> {
        if self.has_tokenizer() {
            Some(TokenizerFrom::Beside)
        } else if self.fetch_tokenizer.get() && self.offer.with(Option::is_some) {
            Some(TokenizerFrom::Catalogue)
        } else {
            None
        }
    }

    /// What the UNet of a checkpoint predicts, unless that is the noise.
    pub(super) fn prediction_override(self) -> Option<Prediction> {
        let prediction = self.prediction.get_untracked();
        (prediction != Prediction::Epsilon).then_some(prediction)
    }

    /// Adds files to the selection. A tokenizer is added to a model; other files replace it, but
    /// not the tokenizer.
    pub(super) fn add(self, files: Vec<PickedFile>) {
        let only_tokenizer = files.iter().all(|(path, _)| selection::is_tokenizer(path));
        let was_model = self.selection.with_untracked(|selection| {
            matches!(
                selection,
                Some(Selection::Folder { .. } | Selection::Checkpoint { .. })
            )
        });
        self.user_files.update_value(|user_files| {
            user_files
                .retain(|path, _| (only_tokenizer && was_model) || selection::is_tokenizer(path));
            user_files.extend(files);
        });
        let names = self.user_files.with_value(|user_files| {
            let sizes = user_files
                .iter()
                .map(|(path, file)| (path.clone(), file.size() as u64));
            sizes.collect::<Vec<_>>()
        });
        self.selection.set(Some(selection::recognise(&names)));
    }

    /// Files of the selection by index, under the given paths.
    pub(super) fn files(
        self,
        indices: impl IntoIterator<Item = (usize, String)>,
    ) -> Vec<PickedFile> {
        self.user_files.with_value(|user_files| {
            let files: Vec<&File> = user_files.values().collect();
            indices
                .into_iter()
                .filter_map(|(index, path)| Some((path, (*files.get(index)?).clone())))
                .collect()
        })
    }

    /// The tokenizer's files of the selection.
    pub(super) fn tokenizer_files(self) -> Vec<PickedFile> {
        let indices = match self.selection.get_untracked() {
            Some(Selection::Tokenizer(indices)) => indices,
            Some(Selection::Checkpoint {
                tokenizer: Some(indices),
                ..
            }) => indices,
            _ => return Vec::new(),
        };
        self.files(
            indices
                .into_iter()
                .zip(selection::TOKENIZER.map(str::to_owned)),
        )
    }

    /// The files of the model that is loaded or loading.
    pub(super) fn files_sent(self) -> Vec<PickedFile> {
        self.files_sent.get_value()
    }

    /// Sets the files of the model that is about to be loaded.
    pub(super) fn set_files_sent(self, files: Vec<PickedFile>) {
        self.files_sent.set_value(files);
    }
}
