//! Tells the service worker which files to cache. Trunk runs this after a build (`Trunk.toml`).

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use crate::shell::Done;

/// Lines of `static/sw.js` that are replaced.
const BUILD: &str = "const BUILD = \"development\";";
const FILES: &str = "const FILES = [];";
const WORKER: &str = "sw.js";

/// Writes the build's hash and its list of files into the built service worker.
pub fn run() -> Done {
    let folder = std::env::var("TRUNK_STAGING_DIR")
        .map_err(|_| "trunk runs this after a build; run `trunk build`".to_owned())?;
    let folder = Path::new(&folder);
    let mut files = BTreeMap::new();
    gather(folder, "", &mut files)?;
    files.remove(WORKER);
    let mut hasher = DefaultHasher::new();
    for (name, bytes) in &files {
        hasher.write(name.as_bytes());
        hasher.write(bytes);
    }
    let names: Vec<String> = std::iter::once("./".to_owned())
        .chain(files.into_keys())
        .map(|name| format!("{name:?}"))
        .collect();
    let path = folder.join(WORKER);
    let worker = fs::read_to_string(&path).map_err(|error| format!("{WORKER}: {error}"))?;
    if !worker.contains(BUILD) || !worker.contains(FILES) {
        return Err(format!("{WORKER} has no place for the build's files"));
    }
    let worker = worker
        .replace(
            BUILD,
            &format!("const BUILD = \"{:016x}\";", hasher.finish()),
        )
        .replace(FILES, &format!("const FILES = [{}];", names.join(", ")));
    fs::write(&path, worker).map_err(|error| format!("{WORKER}: {error}"))
}

fn gather(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Done {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            gather(&entry.path(), &format!("{name}/"), files)?;
        } else if !name.ends_with(".md") {
            files.insert(name, fs::read(entry.path()).map_err(failed)?);
        }
    }
    Ok(())
}
