//! The table and the sheet of an evaluation.

use std::collections::BTreeMap;

use deltabooth::Result;
use deltabooth::eval::score::{Scores, Share};
use deltabooth::picture::Picture;

use crate::io::grid::grid;

/// Prints one row of a Markdown table, with its header.
pub(super) fn print(label: &str, scores: &Scores, steps: usize, minutes: f64) {
    let cell = |share: Share| match share.of {
        0 => "".to_owned(),
        of => format!("{:.1} % of {of}", 100.0 * share.rate()),
    };
    println!(
        "| recipe | steps | identity | class | class kept | scene | companion | both | doubled | minutes |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    println!(
        "| {label} | {steps} | {} | {} | {} | {} | {} | {} | {} | {minutes:.1} |",
        cell(scores.identity),
        cell(scores.class),
        cell(scores.kept),
        cell(scores.scene),
        cell(scores.companion),
        cell(scores.both),
        cell(scores.doubled),
    );
}

/// A PNG of all pictures, `[3, size, size]` in [0, 1], one row per prompt, in alphabetical order.
pub(super) fn sheet(rows: &BTreeMap<String, Vec<Vec<f32>>>, size: usize) -> Result<Vec<u8>> {
    let columns = rows.values().map(Vec::len).max().unwrap_or(1);
    let white = vec![1.0; 3 * size * size];
    let pictures = rows
        .values()
        .flat_map(|row| {
            let filled = row.iter().chain(std::iter::repeat(&white));
            filled.take(columns)
        })
        .map(|picture| Picture::from_unit(picture, size as u32, size as u32))
        .collect::<Result<Vec<_>>>()?;
    grid(&pictures, columns)
}
