//! One subject: pictures by the base model on the left, with the delta on the right.

use super::canvas::Sheet;
use super::session::{Session, Subject};

/// Ends of the prompts. The training pictures show plain backgrounds and a meadow, so every scene but
/// the first is new.
const SCENES: [&str; 5] = ["", " in the snow", " in space", " at night", " under water"];
/// Pictures per prompt.
const SEEDS: usize = 2;

/// The sheet of the subject in this folder of static/subjects.
pub fn sheet(session: &Session, folder: &'static str) -> Result<Sheet, String> {
    let subject = Subject::new(folder, "sks");
    let delta = session.train(folder, &[subject], &[])?;
    let mut sheet = Sheet::default();
    sheet.line("learned from these pictures");
    sheet.pictures(subject.pictures()?);
    sheet.heads([
        (0, "the base alone, seeds 0 and 1".into()),
        (SEEDS, "with the delta, seeds 0 and 1".into()),
    ]);
    for scene in SCENES {
        let prompt = format!("photo of a {}{scene}", subject.name());
        let mut pictures = session.generate(&prompt, &[], SEEDS)?;
        pictures.extend(session.generate(&prompt, &["--delta", &delta], SEEDS)?);
        sheet.line(prompt);
        sheet.pictures(pictures);
    }
    sheet.credit();
    Ok(sheet)
}
