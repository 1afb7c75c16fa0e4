//! One subject: the base on the left, the delta on the right.

use super::paper::Sheet;
use super::studio::{Studio, Subject};

/// Ends of the prompts. The subjects' pictures have plain grounds and a meadow; what follows the
/// first is in none of them.
const SCENES: [&str; 5] = ["", " in the snow", " in space", " at night", " under water"];
/// Pictures of a prompt.
const SEEDS: usize = 2;

/// The subject of that folder.
pub fn sheet(studio: &Studio, folder: &'static str) -> Result<Sheet, String> {
    let subject = Subject {
        folder,
        token: "sks",
    };
    let delta = studio.train(folder, &[subject], &[])?;
    let mut sheet = Sheet::default();
    sheet.line("learned from these pictures");
    sheet.pictures(subject.pictures()?);
    sheet.heads([
        (0, "the base alone, seeds 0 and 1".into()),
        (SEEDS, "with the delta, seeds 0 and 1".into()),
    ]);
    for scene in SCENES {
        let prompt = format!("photo of a {}{scene}", subject.name());
        let mut pictures = studio.make(&prompt, &[], SEEDS)?;
        pictures.extend(studio.make(&prompt, &["--delta", &delta], SEEDS)?);
        sheet.line(prompt);
        sheet.pictures(pictures);
    }
    sheet.credit();
    Ok(sheet)
}
