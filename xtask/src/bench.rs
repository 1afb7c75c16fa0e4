//! The table of sizes and times, measured in one run on one machine.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};

use crate::shell::{self, Done};
use crate::web;

/// Builds the app, runs the benchmarks and prints a Markdown table.
pub fn run() -> Done {
    web::build_if_stale()?;
    let mut rows = Vec::new();
    for (name, part, mark) in [
        ("page wasm, gzip", "deltabooth", "≤ 400 KB"),
        ("engine wasm, gzip", "engine", "≤ 6 MB"),
    ] {
        rows.push([
            name.to_owned(),
            format!("{:.0} KB", compressed(part)? / 1e3),
            mark.to_owned(),
        ]);
    }
    rows.extend(measured("marks")?);
    rows.push(peer()?);
    rows.extend(measured("tab")?);
    println!("\n| what | measured | mark |\n|---|---|---|");
    for [what, value, mark] in rows {
        println!("| {what} | {value} | {mark} |");
    }
    Ok(())
}

/// Runs one of `benches/*.rs`. They print lines of `what<TAB>value<TAB>mark`.
fn measured(bench: &str) -> Result<Vec<[String; 3]>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let lines = shell::output(&cargo, &["bench", "--bench", bench])
        .ok_or_else(|| format!("`cargo bench --bench {bench}` failed: run it to see why"))?;
    Ok(lines
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('\t').map(String::from);
            Some([cells.next()?, cells.next()?, cells.next()?])
        })
        .collect())
}

/// A training step in PyTorch that rebuilds every weight, as svdiff-pytorch does.
fn peer() -> Result<[String; 3], String> {
    let python = std::env::var("DELTABOOTH_PYTHON").unwrap_or_else(|_| "python3".into());
    let what = "training step in PyTorch, weights rebuilt".to_owned();
    if shell::output(&python, &["-c", "import torch, diffusers"]).is_none() {
        let value =
            format!("not measured: {python} has no torch and diffusers (set DELTABOOTH_PYTHON)");
        return Ok([what, value, "the peer".into()]);
    }
    let text = shell::output(&python, &["benches/peers/svdiff_step.py", "static/base"])
        .ok_or("benches/peers/svdiff_step.py failed: run it to see why")?;
    Ok([
        what,
        text.lines().last().unwrap_or_default().to_owned(),
        "the peer".into(),
    ])
}

/// Size of `dist/{part}*.wasm` in bytes after gzip at its default level, as static hosts serve it.
fn compressed(part: &str) -> Result<f64, String> {
    let file = wasm(Path::new("dist"), part).ok_or_else(|| format!("dist/ has no {part}*.wasm"))?;
    let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(&bytes)
        .map_err(|error| error.to_string())?;
    Ok(encoder.finish().map_err(|error| error.to_string())?.len() as f64)
}

fn wasm(folder: &Path, part: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(part))
        })
}
