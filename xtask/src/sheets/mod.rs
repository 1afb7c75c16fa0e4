//! Contact sheets: what the embedded base makes of prompts before and after it has learned.
//!
//! Nothing is selected: prompts and seeds stand in these files, and every picture is on the sheet.
//!
//! | file | sheet |
//! |---|---|
//! | [`one`] | one subject in scenes that none of its pictures has, beside the base |
//! | [`several`] | two subjects, four ways of learning them; three subjects |
//! | [`combining`] | strengths, ranks, a style mix |
//! | [`link`] | a delta before and after its way through a link |
//! | [`hero`] | the strip at the top of the page, `static/hero.png` |
//! | [`editing`] | one picture, edited by its prompt |
//! | [`paper`] | rows of enlarged pictures with words over them |
//! | [`studio`] | calls to booth, deltas kept between the sheets of one call |

mod combining;
mod editing;
mod hero;
mod link;
mod one;
mod paper;
mod several;
mod studio;

use std::fs;

use crate::shell::Done;
use studio::Studio;

/// Makes a sheet.
type Draw = fn(&Studio) -> Result<paper::Sheet, String>;

/// Everything that can be drawn, by its name: `docs/sheet-<name>.png`.
const SHEETS: [(&str, Draw); 10] = [
    ("dog", |studio| one::sheet(studio, "dog")),
    ("robot", |studio| one::sheet(studio, "robot")),
    ("cat", |studio| one::sheet(studio, "cat")),
    ("two", several::two),
    ("three", several::three),
    ("strength", combining::strength),
    ("rank", combining::rank),
    ("style", combining::style),
    ("link", link::sheet),
    ("editing", editing::sheet),
];

/// The strip at the top of the page.
const HERO: &str = "hero";

/// Draws all sheets, or those that are named. Before them, `--booth PATH` takes a booth that is
/// already built, and `--keep` the deltas that a former call trained.
pub fn run(args: &[String]) -> Done {
    let (mut booth, mut keep, mut named) = (None, false, args);
    loop {
        named = match named {
            [flag, path, rest @ ..] if flag == "--booth" => {
                booth = Some(path.clone());
                rest
            }
            [flag, rest @ ..] if flag == "--keep" => {
                keep = true;
                rest
            }
            _ => break,
        };
    }
    let sheets = SHEETS.iter().map(|(name, _)| *name);
    let known: Vec<&str> = sheets.chain([HERO]).collect();
    if let Some(other) = named.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "there is no sheet '{other}'. Name some of {}, or none for all; flags such as \
             --booth PATH come first",
            known.join(", ")
        ));
    }
    let studio = Studio::new(booth, keep)?;
    fs::create_dir_all("docs").map_err(|error| format!("docs: {error}"))?;
    if named.is_empty() || named.iter().any(|wanted| wanted == HERO) {
        println!("{}", hero::draw(&studio)?);
    }
    for (name, draw) in SHEETS {
        if named.is_empty() || named.iter().any(|wanted| wanted == name) {
            let path = format!("docs/sheet-{name}.png");
            draw(&studio)?.save(&path)?;
            println!("{path}");
        }
    }
    Ok(())
}
