//! The user's own base model.

use super::format::{shorten, size};
use crate::worker::protocol::{Prediction, TokenizerOffer};

pub const CUSTOM_TITLE: &str = "Your own";
pub const CUSTOM_LEAD: &str = "A Stable Diffusion 1 or 2, or one distilled of them: a folder in diffusers' layout, or a checkpoint of one file (.safetensors). From your disk it is read where it lies. Nothing of it is sent anywhere or kept a second time, so choose it again after a reload; deltas that you train on it fit whenever it is the same.";
pub const CUSTOM_FOLDER: &str = "Folder from your disk";
pub const CUSTOM_FILE: &str = "File from your disk";
pub const CUSTOM_LABEL: &str = "Or its address";
pub const CUSTOM_HINT: &str = "https://…/ of a folder with model_index.json in it, or of a .safetensors file; its site must allow this page to read from it. It is fetched once and kept in this browser.";
pub const HAS_TOKENIZER: &str = "Tokenizer: vocab.json and merges.txt are there.";
pub const NO_TOKENIZER: &str = "The tokenizer is missing: a checkpoint of one file has none. Add vocab.json and merges.txt with “File from your disk”; they are in the folder “tokenizer” of any Stable Diffusion, and the same in all.";
pub const PREDICTION: &str = "The model predicts";
pub const PREDICTION_HINT: &str =
    "A checkpoint does not say it. With the wrong one pictures are noise.";

/// 'Or fetch it: 1.6 MB from huggingface.co, a part of Stable Diffusion 1.5'.
pub fn fetch_tokenizer(offer: &TokenizerOffer) -> String {
    format!(
        "Or fetch it: {} from {}, part of {}, kept in this browser",
        size(offer.bytes),
        shorten(&offer.host, 60),
        shorten(&offer.title, 80)
    )
}

/// What a UNet predicts.
pub fn prediction(of: Prediction) -> &'static str {
    match of {
        Prediction::Epsilon => "Noise (ε): nearly all",
        Prediction::VPrediction => "v: Stable Diffusion 2 at 768 pixels",
        Prediction::Sample => "The picture itself",
    }
}

pub const SELECTED_TOKENIZER: &str = "A tokenizer. Choose the checkpoint too, or give its address.";
pub const NO_MODEL_FOUND: &str = "There is no model in this: neither model_index.json nor a .safetensors file. Choose the folder that holds model_index.json, or the checkpoint itself.";

pub fn selected_folder(title: &str, files: usize, bytes: u64) -> String {
    format!(
        "“{}”: a folder in diffusers' layout, {files} files, {} of weights.",
        shorten(title, 80),
        size(bytes)
    )
}

pub fn selected_checkpoint(title: &str, bytes: u64) -> String {
    format!(
        "“{}”: a checkpoint of one file, {}.",
        shorten(title, 80),
        size(bytes)
    )
}

pub fn pickle(name: &str) -> String {
    format!(
        "“{}” is a pickle of PyTorch: a program that runs when it is opened, and it can do anything, so it is never opened here. Take the .safetensors version of the model, which most publishers have beside it, or convert it where you trust it.",
        shorten(name, 80)
    )
}

pub fn several_checkpoints(count: usize) -> String {
    format!(
        "These are {count} checkpoints, and none lies in a folder with model_index.json. Choose one of them."
    )
}

pub fn incomplete_tokenizer(missing: &str) -> String {
    format!("This is half a tokenizer: {missing} is missing. Choose both files.")
}

/// A dropped folder with too many files.
pub fn too_many_files(most: usize) -> String {
    format!(
        "There are more than {most} files in what was dropped, and only so many were looked at. Drop the model's own folder."
    )
}

/// An invalid address.
pub fn bad_address(address: &str) -> String {
    format!(
        "“{}” is no address of a model. It must begin with https:// and lead to a folder with model_index.json in it, or to a .safetensors file.",
        shorten(address, 200)
    )
}
