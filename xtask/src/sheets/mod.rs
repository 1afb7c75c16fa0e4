//! Contact sheets: pictures by the embedded base model before and after training.
//!
//! Pictures are not selected: prompts and seeds are fixed here, and a sheet shows every picture.
//!
//! | file | sheet |
//! |---|---|
//! | [`one`] | one subject in scenes that its training pictures lack, beside the base model |
//! | [`several`] | two subjects trained in four ways; three subjects |
//! | [`combining`] | strengths, ranks, a style mix |
//! | [`link`] | a delta before and after it was packed into a link |
//! | [`hero`] | the strip at the top of the page, `static/hero.png` |
//! | [`editing`] | one picture, edited with a prompt |
//! | [`canvas`] | rows of enlarged pictures with captions |
//! | [`session`] | runs `booth`; sheets of one call share their deltas |

mod canvas;
mod combining;
mod editing;
mod hero;
mod link;
mod one;
mod session;
mod several;

use std::fs;

use crate::shell::Done;
use session::Session;

/// Draws one sheet.
type Draw = fn(&Session) -> Result<canvas::Sheet, String>;

/// All sheets by name; each is written to `docs/sheets/<name>.png`.
const SHEETS: [(&str, Draw); 10] = [
    ("dog", |session| one::sheet(session, "dog")),
    ("robot", |session| one::sheet(session, "robot")),
    ("cat", |session| one::sheet(session, "cat")),
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

/// Draws all sheets, or only the named ones. Flags come first: `--booth PATH` uses a built `booth`,
/// `--keep` reuses the deltas of the previous call.
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
    let session = Session::new(booth, keep)?;
    fs::create_dir_all("docs/sheets").map_err(|error| format!("docs/sheets: {error}"))?;
    if named.is_empty() || named.iter().any(|wanted| wanted == HERO) {
        println!("{}", hero::draw(&session)?);
    }
    for (name, draw) in SHEETS {
        if named.is_empty() || named.iter().any(|wanted| wanted == name) {
            let path = format!("docs/sheets/{name}.png");
            draw(&session)?.save(&path)?;
            println!("{path}");
        }
    }
    Ok(())
}
