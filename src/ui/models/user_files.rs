//! Selecting and loading the user's own base model.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;
use web_sys::{DataTransfer, File, FileList};

use super::{
    address::ModelAddress,
    dropped_folder::{MAX_FILES, entries, is_folder, walk},
    selection::{self, Selection},
    state::Models,
};
use crate::ui::{browser::api, messages::state::Severity, text};
use crate::worker::{client::PickedFile, protocol::BaseSource};

impl Models {
    /// Adds files that were selected or dropped to the custom model, and shows it.
    fn add_files(self, files: Vec<PickedFile>) {
        if !self.panel_open.get_untracked() {
            self.toggle_panel();
        }
        self.custom.shown.set(true);
        self.custom.add(files);
    }

    /// Adds the files of an input. If a folder was selected, their names are paths.
    pub fn add_input_files(self, files: Option<FileList>) {
        let Some(files) = files.filter(|files| files.length() > 0) else {
            return;
        };
        let files = (0..files.length()).filter_map(|i| files.get(i));
        let files = files.map(|file| {
            let path = api::get(&file, "webkitRelativePath").and_then(|path| path.as_string());
            let path = path.filter(|path| !path.is_empty());
            (path.unwrap_or_else(|| file.name()), file)
        });
        self.add_files(files.collect());
    }

    /// Adds what was dropped if it is a base model: any folder, anything dropped on the panel
    /// (`on_panel`), or a file that cannot be a delta or picture. False if it is none.
    pub fn add_dropped(self, data: &DataTransfer, on_panel: bool, largest_delta: u64) -> bool {
        // The entries are available only during the event; the files of a folder come later.
        let folders: Vec<JsValue> = entries(data).into_iter().filter(is_folder).collect();
        let files: Vec<File> = data.files().map_or_else(Vec::new, |files| {
            (0..files.length()).filter_map(|i| files.get(i)).collect()
        });
        if !folders.is_empty() {
            spawn_local(self.add_folders(folders));
            return true;
        }
        let is_model =
            |file: &File| selection::is_model(&file.name(), file.size() as u64, largest_delta);
        if !on_panel && !files.iter().any(is_model) {
            return false;
        }
        self.add_files(files.into_iter().map(|file| (file.name(), file)).collect());
        true
    }

    async fn add_folders(self, folders: Vec<JsValue>) {
        let mut found = Vec::new();
        for folder in folders {
            walk(folder, &mut found).await;
        }
        if found.len() >= MAX_FILES {
            self.context
                .messages
                .tell(Severity::Warning, text::too_many_files(MAX_FILES));
        }
        self.add_files(found);
    }

    /// Loads the selected files.
    pub fn load_selection(self) {
        let custom = self.custom;
        match custom.selection.get_untracked() {
            Some(Selection::Folder { title, files, .. }) => {
                let files = custom.files(files);
                self.load_files(BaseSource::DiskFolder { title }, files);
            }
            Some(Selection::Checkpoint { title, file, .. }) => {
                let Some(tokenizer) = untrack(|| custom.tokenizer()) else {
                    return;
                };
                let mut files = custom.files([(file, title.clone())]);
                files.extend(custom.tokenizer_files());
                let source = BaseSource::DiskCheckpoint {
                    path: title,
                    tokenizer,
                    prediction: custom.prediction_override(),
                };
                self.load_files(source, files);
            }
            _ => {}
        }
    }

    /// Loads the model at the address in its field.
    pub fn load_address(self) {
        let custom = self.custom;
        let messages = self.context.messages;
        match untrack(|| custom.parsed_address()) {
            Some(ModelAddress::Folder(url)) => self.load(BaseSource::Folder { url }),
            Some(ModelAddress::Checkpoint(url)) => {
                let Some(tokenizer) = untrack(|| custom.tokenizer()) else {
                    return messages.tell(Severity::Warning, text::NO_TOKENIZER);
                };
                let source = BaseSource::Checkpoint {
                    url,
                    tokenizer,
                    prediction: custom.prediction_override(),
                };
                self.load_files(source, custom.tokenizer_files());
            }
            None => {
                let address = custom.address.get_untracked();
                messages.tell(Severity::Warning, text::bad_address(&address));
            }
        }
    }
}
