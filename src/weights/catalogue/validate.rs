//! What is wrong with an entry of the catalogue.

use std::collections::BTreeSet;

use crate::sha256::is_hex_digest;
use crate::weights::catalogue::entry::{Defaults, Entry, FileEntry, LoraEntry};

const MAX_FILES: usize = 256;
const MAX_TEXT: usize = 2_000;
/// Bytes of the largest file: 1 TiB.
const MAX_FILE: u64 = 1 << 40;
/// Largest weight of a LoRA.
const MAX_STRENGTH: f32 = 2.0;

/// The first fault of an entry as a clause; `None` if it is valid.
pub(super) fn entry_fault(entry: &Entry) -> Option<String> {
    if !is_id(&entry.id) {
        return Some("the id is not of lower-case letters, digits, '-' and '.'".into());
    }
    let texts = [&entry.title, &entry.description, &entry.licence.name];
    if texts
        .into_iter()
        .chain(&entry.unavailable)
        .any(|text| text.is_empty() || text.len() > MAX_TEXT)
    {
        return Some("a text is empty or too long".into());
    }
    let links = entry.page.iter().chain([&entry.licence.url]);
    if let Some(link) = links.into_iter().find(|link| !is_address(link)) {
        return Some(format!("the link '{link}' is neither https nor relative"));
    }
    if !is_address(&entry.root) || !entry.root.ends_with('/') {
        return Some("the root is neither https nor relative, or has no slash at its end".into());
    }
    if entry.embedded && (entry.root.contains(':') || !entry.files.is_empty()) {
        return Some("what comes with the app has a relative root and lists no files".into());
    }
    let fault = files_fault(entry);
    let fault = fault.or_else(|| {
        let lora = entry.lora.as_ref()?;
        lora_fault(lora, &entry.files)
    });
    if fault.is_some() {
        return fault;
    }
    if entry.about_bytes.is_some_and(|bytes| bytes > MAX_FILE) {
        return Some("the size cannot be".into());
    }
    defaults_fault(&entry.defaults).map(str::to_owned)
}

fn is_id(id: &str) -> bool {
    let valid =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    !id.is_empty() && id.len() <= 60 && id.bytes().all(valid)
}

fn files_fault(entry: &Entry) -> Option<String> {
    let listed = !entry.embedded && entry.unavailable.is_none();
    if listed == entry.files.is_empty() || entry.files.len() > MAX_FILES {
        return Some("there are no files, or too many".into());
    }
    let mut paths = BTreeSet::new();
    for file in &entry.files {
        if let Some(what) = file_fault(file) {
            return Some(format!("the file '{}' {what}", file.path));
        }
        if !paths.insert(&file.path) {
            return Some(format!("the file '{}' stands twice", file.path));
        }
    }
    None
}

fn lora_fault(lora: &LoraEntry, files: &[FileEntry]) -> Option<String> {
    if !files.iter().any(|file| file.path == lora.path) {
        return Some(format!("the LoRA '{}' is none of its files", lora.path));
    }
    let valid = lora.strength > 0.0 && lora.strength <= MAX_STRENGTH;
    (!valid).then(|| "the LoRA's strength cannot be".into())
}

fn file_fault(file: &FileEntry) -> Option<&'static str> {
    if !is_path(&file.path) {
        return Some("has a path that leads elsewhere");
    }
    if file.url.as_deref().is_some_and(|url| !is_address(url)) {
        return Some("has an address that is neither https nor relative");
    }
    let valid = |bytes: u64| (1..=MAX_FILE).contains(&bytes);
    if file.bytes.is_some_and(|bytes| !valid(bytes)) {
        return Some("has a size that cannot be");
    }
    let hash = file.sha256.as_deref();
    if hash.is_some_and(|hash| !is_hex_digest(hash)) {
        return Some("has a hash that is not 64 hexadecimal digits in lower case");
    }
    None
}

fn defaults_fault(defaults: &Defaults) -> Option<&'static str> {
    if !(1..=1_000).contains(&defaults.steps) {
        return Some("the steps are not from 1 to 1000");
    }
    if !(0.0..=100.0).contains(&defaults.guidance_scale) {
        return Some("the guidance scale is not from 0 to 100");
    }
    if !(8..=4_096).contains(&defaults.resolution) {
        return Some("the resolution is not from 8 to 4096");
    }
    None
}

/// Whether this is an https address, or a path below the app.
fn is_address(text: &str) -> bool {
    if text.len() > MAX_TEXT || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    match text.strip_prefix("https://") {
        Some(rest) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            !host.is_empty() && !host.contains('@') && !text.contains('\\')
        }
        None => is_path(text.trim_end_matches('/')),
    }
}

/// Whether this is a relative path that cannot leave its folder.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_TEXT
        && !text.contains([':', '\\', '?', '#', '%'])
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
