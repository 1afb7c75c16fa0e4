//! Contact sheets: what the embedded base makes before and after it has learned a subject.
//!
//! Nothing is selected: prompts and seeds stand here, and every picture is on the sheet.

use std::fs;
use std::path::{Path, PathBuf};

use font8x8::legacy::BASIC_LEGACY;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{Rgb, RgbImage, imageops};

use crate::shell::{self, Done};

/// Folders of `static/subjects`; their names are the class words.
const SUBJECTS: [&str; 3] = ["dog", "robot", "cat"];
/// The identifier word.
const TOKEN: &str = "sks";
/// Ends of the prompts. The pictures of the subjects have plain grounds and a meadow; what follows
/// the first is in none of them.
const SCENES: [&str; 5] = [
    "",
    " in the snow",
    " in space",
    " on a beach",
    " under water",
];
/// Pictures of a prompt: the seeds 0, 1, …
const SEEDS: usize = 2;
/// What the page starts with.
const GUIDANCE: &str = "4";
/// Trainings, deltas and single pictures.
const WORK: &str = "target/sheets";

/// A picture's side, as the base makes it.
const SIDE: u32 = 64;
/// How many times larger it is shown.
const ZOOM: u32 = 2;
const TILE: u32 = SIDE * ZOOM;
const GAP: u32 = 8;
/// Height of a line of text, its gap below included.
const LINE: u32 = 8 + GAP;
/// Pictures side by side: as many of the base as of the delta.
const COLUMNS: u32 = 2 * SEEDS as u32;
const WIDTH: u32 = COLUMNS * (TILE + GAP) + GAP;
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([40, 40, 40]);
const CREDIT: [&str; 2] = [
    "Pictures in the first row: Twemoji, (c) Twitter, Inc and other",
    "contributors, CC-BY 4.0, on drawn grounds.",
];

/// Trains on each subject with the default recipe and writes `docs/sheet-<subject>.png`.
///
/// Arguments: `--booth PATH` takes a booth that is already built; words name other subjects.
pub fn run(args: &[String]) -> Done {
    let (booth, named) = match args {
        [flag, path, named @ ..] if flag == "--booth" => (Some(path.as_str()), named),
        named => (None, named),
    };
    let mut subjects: Vec<&str> = named.iter().map(String::as_str).collect();
    if let Some(other) = subjects
        .iter()
        .find(|name| !Path::new("static/subjects").join(name).is_dir())
    {
        return Err(format!(
            "static/subjects has no '{other}'. Name its folders, or none for {}; a booth that is \
             built comes first, as --booth PATH",
            SUBJECTS.join(", ")
        ));
    }
    if subjects.is_empty() {
        subjects.extend(SUBJECTS);
    }
    for folder in [WORK, "docs"] {
        fs::create_dir_all(folder).map_err(|error| format!("{folder}: {error}"))?;
    }
    for subject in subjects {
        let class_word = subject.replace('_', " ");
        let folder = format!("static/subjects/{subject}");
        let delta = format!("{WORK}/{subject}.safetensors");
        call(
            booth,
            &[
                "train",
                "--base",
                "static/base",
                "--images",
                &folder,
                "--token",
                TOKEN,
                "--class",
                &class_word,
                "--out",
                &delta,
            ],
        )?;
        let mut rows = Vec::new();
        for (index, scene) in SCENES.into_iter().enumerate() {
            let prompt = format!("photo of a {TOKEN} {class_word}{scene}");
            let stem = format!("{WORK}/{subject}-{index}");
            let mut pictures = generate(booth, &prompt, &format!("{stem}-base"), None)?;
            pictures.extend(generate(booth, &prompt, &stem, Some(&delta))?);
            rows.push((prompt, pictures));
        }
        let learned = pictures_of(Path::new(&folder))?;
        let path = format!("docs/sheet-{subject}.png");
        save(&compose(&learned, &rows), &path)?;
        println!("{path}");
    }
    Ok(())
}

/// Runs booth: the given one, or what cargo builds.
fn call(booth: Option<&str>, args: &[&str]) -> Done {
    match booth {
        Some(program) => shell::run(program, args),
        None => shell::cargo(&[&["run", "--quiet", "--bin", "booth", "--"], args].concat()),
    }
}

/// One picture for each seed.
fn generate(
    booth: Option<&str>,
    prompt: &str,
    stem: &str,
    delta: Option<&str>,
) -> Result<Vec<RgbImage>, String> {
    let out = format!("{stem}.png");
    let count = SEEDS.to_string();
    let mut args = vec![
        "generate",
        "--base",
        "static/base",
        "--prompt",
        prompt,
        "--guidance",
        GUIDANCE,
        "--seed",
        "0",
        "--count",
        &count,
        "--out",
        &out,
    ];
    args.extend(delta.iter().flat_map(|delta| ["--delta", delta]));
    call(booth, &args)?;
    (1..=SEEDS)
        .map(|number| open(Path::new(&format!("{stem}-{number}.png"))))
        .collect()
}

/// The subject's pictures in the order of their names, no more than a row holds.
fn pictures_of(folder: &Path) -> Result<Vec<RgbImage>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(unreadable)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == "png"))
        .collect();
    files.sort();
    files.truncate(COLUMNS as usize);
    files.iter().map(|path| open(path)).collect()
}

/// A picture in the base's size.
fn open(path: &Path) -> Result<RgbImage, String> {
    let picture = image::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(imageops::resize(
        &picture.to_rgb8(),
        SIDE,
        SIDE,
        imageops::FilterType::Triangle,
    ))
}

/// The learned pictures, then a row for each prompt: the base's on the left, the delta's on the
/// right.
fn compose(learned: &[RgbImage], rows: &[(String, Vec<RgbImage>)]) -> RgbImage {
    let rows_high = (rows.len() as u32 + 1) * (LINE + TILE + GAP);
    let height = GAP + rows_high + LINE + LINE * CREDIT.len() as u32;
    let mut sheet = RgbImage::from_pixel(WIDTH, height, PAPER);
    let right = column(SEEDS as u32);
    let mut y = GAP;
    write(&mut sheet, GAP, y, "learned from these pictures");
    row(&mut sheet, y + LINE, learned);
    y += LINE + TILE + GAP;
    write(&mut sheet, GAP, y, "the base alone, seeds 0 and 1");
    write(&mut sheet, right, y, "with the delta, seeds 0 and 1");
    y += LINE;
    for (prompt, pictures) in rows {
        write(&mut sheet, GAP, y, prompt);
        row(&mut sheet, y + LINE, pictures);
        y += LINE + TILE + GAP;
    }
    for line in CREDIT {
        write(&mut sheet, GAP, y, line);
        y += LINE;
    }
    sheet
}

/// Where a column begins.
fn column(index: u32) -> u32 {
    GAP + index * (TILE + GAP)
}

/// Pictures side by side, enlarged without smoothing.
fn row(sheet: &mut RgbImage, y: u32, pictures: &[RgbImage]) {
    for (index, picture) in (0..).zip(pictures) {
        let shown = imageops::resize(picture, TILE, TILE, imageops::FilterType::Nearest);
        imageops::replace(sheet, &shown, i64::from(column(index)), i64::from(y));
    }
}

/// A line of ASCII in a bitmap font; what does not fit is cut off.
fn write(sheet: &mut RgbImage, x: u32, y: u32, text: &str) {
    for (start, byte) in (x..).step_by(8).zip(text.bytes()) {
        let Some(glyph) = BASIC_LEGACY.get(usize::from(byte)) else {
            continue;
        };
        for (dy, bits) in (0..).zip(glyph) {
            for dx in (0..8).filter(|dx| bits >> dx & 1 == 1) {
                if let Some(pixel) = sheet.get_pixel_mut_checked(start + dx, y + dy) {
                    *pixel = INK;
                }
            }
        }
    }
}

/// Writes the sheet as small as PNG gets.
fn save(sheet: &RgbImage, path: &str) -> Done {
    let wrong = |error: &dyn std::fmt::Display| format!("{path}: {error}");
    let file = fs::File::create(path).map_err(|error| wrong(&error))?;
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
    sheet
        .write_with_encoder(encoder)
        .map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_picture_fits_on_the_sheet() {
        let red = RgbImage::from_pixel(SIDE, SIDE, Rgb([255, 0, 0]));
        let four = vec![red; COLUMNS as usize];
        let rows: Vec<_> = SCENES
            .iter()
            .map(|scene| (format!("photo{scene}"), four.clone()))
            .collect();
        let sheet = compose(&four, &rows);
        let red = sheet.pixels().filter(|pixel| pixel.0 == [255, 0, 0]);
        let tiles = (1 + SCENES.len() as u32) * COLUMNS;
        assert_eq!(red.count() as u32, tiles * TILE * TILE);

        let longest = |text: &str, from: u32| from + 8 * text.len() as u32 <= WIDTH;
        for subject in SUBJECTS {
            for scene in SCENES {
                assert!(longest(
                    &format!("photo of a {TOKEN} {subject}{scene}"),
                    GAP
                ));
            }
        }
        assert!(CREDIT.iter().all(|line| longest(line, GAP)));
        assert!(longest(
            "with the delta, seeds 0 and 1",
            column(SEEDS as u32)
        ));
    }
}
