//! Bases of the person's own: from their disk, in the page; what is no base is refused and named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deltabooth::synthetic;
use deltabooth::synthetic::{Kind, Layout, Options, Size};
use deltabooth::weights::format::safetensors::{Dtype, write};

use crate::browser::Browser;
use crate::turn;

const LIMIT: Duration = Duration::from_secs(120);

/// A small Stable Diffusion 1.5 of random numbers.
fn stand_in(folder: &Path, layout: Layout) {
    let options = Options {
        layout,
        size: Size::Small,
        ..Options::new(Kind::Sd15)
    };
    synthetic::write(&options, folder, &mut |_, _| {}).unwrap();
}

/// A file of one tensor with the name of another architecture's.
fn checkpoint_of_sdxl() -> Vec<u8> {
    let name = "conditioner.embedders.1.model.ln_final.bias".to_owned();
    let tensor = (name, Dtype::F16, vec![1], vec![0, 0]);
    write(&[tensor], &BTreeMap::new()).unwrap()
}

async fn unfold(browser: &Browser) {
    browser.press("change-base").await;
    let there = "const own = document.querySelector('[data-testid=own-base]'); if (own) own.open = true; return !!own";
    browser
        .wait_until("a place for an own base", there, LIMIT)
        .await;
}

async fn wait_for_model(browser: &Browser, name: &str) {
    let words = format!("Model: {name}.");
    browser.wait_for_text("model-line", &words, LIMIT).await;
}

#[tokio::test]
async fn a_checkpoint_from_the_disk_is_loaded_and_what_is_none_is_refused() {
    let _turn = turn().await;
    let place = tempfile::tempdir().unwrap();
    stand_in(place.path(), Layout::SingleFile);
    let put = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = place.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    wait_for_model(&browser, "deltabooth/emoji-64").await;

    // A pickle by its name: said at once, and nothing is loaded.
    unfold(&browser).await;
    let pickle = put("v1-5.ckpt", b"PK\x03\x04 a program");
    browser.choose("own-file", &[pickle]).await;
    browser
        .wait_for_text("own-found", "pickle of PyTorch", LIMIT)
        .await;
    browser.screenshot("own-pickle").await;

    // Other models and pickles under another name: said by what is in them.
    let tokenizer =
        ["vocab.json", "merges.txt"].map(|name| place.path().join("tokenizer").join(name));
    browser.choose("own-file", &tokenizer).await;
    browser
        .wait_for_text("own-found", "A tokenizer", LIMIT)
        .await;
    for (file, words) in [
        (
            put("xl.safetensors", &checkpoint_of_sdxl()),
            "Stable Diffusion XL",
        ),
        (
            put("x.safetensors", b"PK\x03\x04 a program"),
            "pickle of PyTorch",
        ),
    ] {
        browser.choose("own-file", &[file]).await;
        browser.press("load-own").await;
        browser.wait_for_text("messages", words, LIMIT).await;
        // The page goes on with its own, and another try is one click away.
        wait_for_model(&browser, "deltabooth/emoji-64").await;
        unfold(&browser).await;
    }

    // A whole one. Without a tokenizer it is said what is missing.
    let before = browser.server.requests().len();
    browser
        .choose("own-file", &[place.path().join("model.safetensors")])
        .await;
    browser
        .wait_for_text(
            "own-tokenizer",
            "vocab.json and merges.txt are there",
            LIMIT,
        )
        .await;
    browser.press("load-own").await;
    wait_for_model(&browser, "model").await;
    unfold(&browser).await;
    let kept = "return document.querySelectorAll('[data-testid=stored-base]').length === 0";
    browser
        .wait_until("nothing is kept twice", kept, LIMIT)
        .await;
    browser.screenshot("own-loaded").await;
    let requests = browser.server.requests();
    let fetched: Vec<&String> = requests[before..]
        .iter()
        .filter(|line| line.contains("safetensors") || line.contains("vocab"))
        .collect();
    assert!(fetched.is_empty(), "{fetched:?}");
    browser.close().await;
}

#[tokio::test]
async fn a_folder_from_the_disk_is_loaded_and_a_change_of_it_is_noticed() {
    let _turn = turn().await;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("small-sd");
    stand_in(&folder, Layout::Folder);
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    wait_for_model(&browser, "deltabooth/emoji-64").await;
    unfold(&browser).await;
    browser
        .choose("own-folder", std::slice::from_ref(&folder))
        .await;
    browser.wait_for_text("own-found", "small-sd", LIMIT).await;

    // Cut after it was chosen, as by a copy that is still under way.
    let unet = folder.join("unet/diffusion_pytorch_model.safetensors");
    let whole = std::fs::read(&unet).unwrap();
    std::fs::write(&unet, &whole[..whole.len() / 2]).unwrap();
    browser.press("load-own").await;
    browser
        .wait_for_text("messages", "choose it again", LIMIT)
        .await;
    wait_for_model(&browser, "deltabooth/emoji-64").await;

    std::fs::write(&unet, &whole).unwrap();
    unfold(&browser).await;
    browser.choose("own-folder", &[folder]).await;
    browser.press("load-own").await;
    let loaded = "const line = document.querySelector('[data-testid=model-line]').textContent; return line.startsWith('Model:') && !line.includes('emoji')";
    browser
        .wait_until("the folder is loaded", loaded, LIMIT)
        .await;
    browser.close().await;
}
