//! A person's own base: from their disk, or from any address.

use std::collections::BTreeMap;

use js_sys::{Array, Function, Promise};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File, FileList};

use crate::ui::browser::api;
use crate::ui::models::selection::{self, Chosen};
use crate::ui::state::{Booth, Gravity};
use crate::ui::text;
use crate::worker::{
    client::PickedFile,
    protocol::{BaseSource, Prediction, Request, TokenizerFrom, TokenizerOffer},
};

/// Files of a dropped folder that are looked at.
const MOST_FILES: usize = 2_000;
/// Folders in folders of a dropped one that are looked into.
const DEEPEST: usize = 4;

/// What a person gave for a base of their own.
#[derive(Clone, Copy)]
pub struct Own {
    /// It can be seen.
    pub shown: RwSignal<bool>,
    /// What was chosen from the disk; `None` before.
    pub chosen: RwSignal<Option<Chosen>>,
    /// The address in its field.
    pub address: RwSignal<String>,
    /// The tokenizer that the catalogue has.
    pub offer: RwSignal<Option<TokenizerOffer>>,
    /// It may be fetched.
    pub fetch: RwSignal<bool>,
    /// What a checkpoint's UNet predicts.
    pub prediction: RwSignal<Prediction>,
    /// What was chosen from the disk, by paths.
    files: StoredValue<BTreeMap<String, File>, LocalStorage>,
    /// The files of the base that is loaded or on its way: the engine gets them again when it is
    /// started again.
    sent: StoredValue<Vec<PickedFile>, LocalStorage>,
}

impl Own {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(false),
            chosen: RwSignal::new(None),
            address: RwSignal::new(String::new()),
            offer: RwSignal::new(None),
            fetch: RwSignal::new(false),
            prediction: RwSignal::new(Prediction::Epsilon),
            files: StoredValue::new_local(BTreeMap::new()),
            sent: StoredValue::new_local(Vec::new()),
        }
    }

    /// What the address in its field leads to; tracked.
    pub fn place(&self) -> Option<Place> {
        self.address.with(|address| Place::of(address))
    }

    /// Whether a tokenizer was chosen from the disk; tracked.
    pub fn has_tokenizer(&self) -> bool {
        self.chosen.with(|chosen| {
            matches!(
                chosen,
                Some(
                    Chosen::Tokenizer(_)
                        | Chosen::Checkpoint {
                            tokenizer: Some(_),
                            ..
                        }
                )
            )
        })
    }

    /// Whether a checkpoint has what it needs; tracked.
    pub fn tokenizer(&self) -> Option<TokenizerFrom> {
        if self.has_tokenizer() {
            Some(TokenizerFrom::Beside)
        } else if self.fetch.get() && self.offer.with(Option::is_some) {
            Some(TokenizerFrom::Catalogue)
        } else {
            None
        }
    }

    fn predicts(&self) -> Option<Prediction> {
        let prediction = self.prediction.get_untracked();
        (prediction != Prediction::Epsilon).then_some(prediction)
    }

    fn add(&self, files: Vec<PickedFile>) {
        let only_tokenizer = files.iter().all(|(path, _)| selection::is_tokenizer(path));
        let was_base = self.chosen.with_untracked(|chosen| {
            matches!(
                chosen,
                Some(Chosen::Folder { .. } | Chosen::Checkpoint { .. })
            )
        });
        self.files.update_value(|held| {
            // A tokenizer joins a base; anything else takes its place, but for a tokenizer.
            held.retain(|path, _| (only_tokenizer && was_base) || selection::is_tokenizer(path));
            held.extend(files);
        });
        let names = self.files.with_value(|held| {
            let sizes = held
                .iter()
                .map(|(path, file)| (path.clone(), file.size() as u64));
            sizes.collect::<Vec<_>>()
        });
        self.chosen.set(Some(selection::look(&names)));
    }

    /// Files by their places in what was looked at, under these paths.
    fn picked(&self, places: impl IntoIterator<Item = (usize, String)>) -> Vec<PickedFile> {
        self.files.with_value(|held| {
            let files: Vec<&File> = held.values().collect();
            let picked = places.into_iter();
            picked
                .filter_map(|(place, path)| Some((path, (*files.get(place)?).clone())))
                .collect()
        })
    }

    fn picked_tokenizer(&self) -> Vec<PickedFile> {
        let places = match self.chosen.get_untracked() {
            Some(Chosen::Tokenizer(places)) => places,
            Some(Chosen::Checkpoint {
                tokenizer: Some(places),
                ..
            }) => places,
            _ => return Vec::new(),
        };
        self.picked(
            places
                .into_iter()
                .zip(selection::TOKENIZER.map(str::to_owned)),
        )
    }
}

/// What an address leads to: https, or this machine's own http.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder, with a slash at its end.
    Folder(String),
    /// A checkpoint of one file.
    Checkpoint(String),
}

impl Place {
    /// `None` for what is no address.
    fn of(address: &str) -> Option<Self> {
        let url = web_sys::Url::new(address.trim()).ok()?;
        let local = matches!(url.hostname().as_str(), "localhost" | "127.0.0.1" | "[::1]");
        if url.protocol() != "https:" && !(url.protocol() == "http:" && local) {
            return None;
        }
        url.set_hash("");
        // The pages that people copy addresses from, and the files behind them.
        if url.hostname() == "huggingface.co" {
            let path = url.pathname();
            let path = path.replacen("/blob/", "/resolve/", 1);
            url.set_pathname(&path.replacen("/tree/", "/resolve/", 1));
        }
        if url.pathname().to_lowercase().ends_with(".safetensors") {
            return Some(Self::Checkpoint(url.href()));
        }
        url.set_search("");
        let href = url.href();
        let slash = if href.ends_with('/') { "" } else { "/" };
        Some(Self::Folder(href + slash))
    }
}

impl Booth {
    /// Takes in files that were chosen or dropped as a base.
    pub fn take_base_files(self, files: Vec<PickedFile>) {
        let own = self.bases.own;
        if !self.bases.shown.get_untracked() {
            self.toggle_bases();
        }
        own.shown.set(true);
        own.add(files);
    }

    /// Takes in what a file input holds, whose names are paths where a folder was chosen.
    pub fn choose_base_files(self, files: Option<FileList>) {
        let Some(files) = files.filter(|files| files.length() > 0) else {
            return;
        };
        let files = (0..files.length()).filter_map(|i| files.get(i));
        let files = files.map(|file| {
            let path = api::get(&file, "webkitRelativePath").and_then(|path| path.as_string());
            let path = path.filter(|path| !path.is_empty());
            (path.unwrap_or_else(|| file.name()), file)
        });
        self.take_base_files(files.collect());
    }

    /// Takes in what was dropped, if it is a base: a folder anywhere, anything on the choice of
    /// models, a file that can be nothing else. False if it is not.
    pub fn take_dropped_base(
        self,
        data: &DataTransfer,
        on_choice: bool,
        largest_delta: u64,
    ) -> bool {
        // What was dropped can be looked at only now; a folder's files come later.
        let entries = entries(data);
        let is_folder =
            |entry: &JsValue| api::get(entry, "isDirectory").is_some_and(|is| is.is_truthy());
        let folders: Vec<JsValue> = entries.into_iter().filter(is_folder).collect();
        let files: Vec<File> = data.files().map_or_else(Vec::new, |files| {
            (0..files.length()).filter_map(|i| files.get(i)).collect()
        });
        if !folders.is_empty() {
            spawn_local(async move {
                let mut found = Vec::new();
                for folder in folders {
                    walk(folder, String::new(), &mut found).await;
                }
                if found.len() >= MOST_FILES {
                    self.tell(Gravity::Warning, text::too_many_files(MOST_FILES));
                }
                self.take_base_files(found);
            });
            return true;
        }
        let is_base =
            |file: &File| selection::is_base(&file.name(), file.size() as u64, largest_delta);
        if !on_choice && !files.iter().any(is_base) {
            return false;
        }
        self.take_base_files(files.into_iter().map(|file| (file.name(), file)).collect());
        true
    }

    /// Loads what was chosen from the disk.
    pub fn load_chosen(self) {
        let own = self.bases.own;
        match own.chosen.get_untracked() {
            Some(Chosen::Folder { title, files, .. }) => {
                let picked = own.picked(files);
                self.load_own(BaseSource::DiskFolder { title }, picked);
            }
            Some(Chosen::Checkpoint { title, file, .. }) => {
                let Some(tokenizer) = untrack(|| own.tokenizer()) else {
                    return;
                };
                let mut picked = own.picked([(file, title.clone())]);
                picked.extend(own.picked_tokenizer());
                let source = BaseSource::DiskCheckpoint {
                    path: title,
                    tokenizer,
                    prediction: own.predicts(),
                };
                self.load_own(source, picked);
            }
            _ => {}
        }
    }

    /// Loads what is at the address in its field.
    pub fn load_address(self) {
        let own = self.bases.own;
        match untrack(|| own.place()) {
            Some(Place::Folder(url)) => self.load_base(BaseSource::Folder { url }),
            Some(Place::Checkpoint(url)) => {
                let Some(tokenizer) = untrack(|| own.tokenizer()) else {
                    return self.tell(Gravity::Warning, text::NO_TOKENIZER.to_owned());
                };
                let source = BaseSource::Checkpoint {
                    url,
                    tokenizer,
                    prediction: own.predicts(),
                };
                self.load_own(source, own.picked_tokenizer());
            }
            None => {
                let address = own.address.get_untracked();
                self.tell(Gravity::Warning, text::bad_address(&address));
            }
        }
    }

    /// Asks the engine for a base, with its files where they are the person's own.
    pub fn post_load(self, request: Request) {
        let files = self.bases.own.sent.get_value();
        self.client.with_value(|client| {
            if let Some(client) = client {
                client.send_with(request, files);
            }
        });
    }

    /// From now on these files belong to the base that is loaded.
    pub fn send_files(self, files: Vec<PickedFile>) {
        self.bases.own.sent.set_value(files);
    }
}

/// What was dropped, where the browser tells files from folders.
fn entries(data: &DataTransfer) -> Vec<JsValue> {
    let items = api::get(data, "items").unwrap_or_default();
    let count = api::number(&items, "length").unwrap_or(0.0) as u32;
    let entry = |i: u32| {
        let item = js_sys::Reflect::get_u32(&items, i).ok()?;
        let method: Function = api::get(&item, "webkitGetAsEntry")?.dyn_into().ok()?;
        method.call0(&item).ok().filter(|entry| !entry.is_null())
    };
    (0..count).filter_map(entry).collect()
}

/// Gathers the files below a folder, by their paths.
async fn walk(folder: JsValue, above: String, found: &mut Vec<PickedFile>) {
    let mut waiting = vec![(folder, above, 0)];
    while let Some((entry, above, depth)) = waiting.pop() {
        if found.len() >= MOST_FILES {
            return;
        }
        let name = api::get(&entry, "name").and_then(|name| name.as_string());
        let path = format!("{above}{}", name.unwrap_or_default());
        if !api::get(&entry, "isDirectory").is_some_and(|is| is.is_truthy()) {
            if let Ok(file) = answered(&entry, "file").await
                && let Ok(file) = file.dyn_into()
            {
                found.push((path, file));
            }
        } else if depth < DEEPEST
            && let Some(reader) = create_reader(&entry)
        {
            // It gives a part at a time, and nothing at the end.
            while let Ok(part) = answered(&reader, "readEntries").await {
                let part: Array = part.unchecked_into();
                if part.length() == 0 || waiting.len() >= MOST_FILES {
                    break;
                }
                waiting.extend(
                    part.iter()
                        .map(|entry| (entry, format!("{path}/"), depth + 1)),
                );
            }
        }
    }
}

fn create_reader(entry: &JsValue) -> Option<JsValue> {
    let method: Function = api::get(entry, "createReader")?.dyn_into().ok()?;
    method.call0(entry).ok()
}

/// What a method hands to its callback.
async fn answered(target: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    let method: Function = api::get(target, name)
        .and_then(|method| method.dyn_into().ok())
        .ok_or(JsValue::UNDEFINED)?;
    let promise = Promise::new(&mut |resolve, reject| {
        if let Err(why) = method.call2(target, &resolve, &reject) {
            let _ = reject.call1(&JsValue::UNDEFINED, &why);
        }
    });
    JsFuture::from(promise).await
}
