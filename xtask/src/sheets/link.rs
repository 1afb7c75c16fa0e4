//! A delta before and after it was packed into a link.

use super::canvas::Sheet;
use super::session::{DOG, ROBOT, Session};

/// Lengths of the links in characters; the page uses the first.
const LIMITS: [&str; 3] = ["15400", "12000", "10000"];

/// Pictures by the delta file and by links of several lengths, with the same prompts and seeds.
pub fn sheet(session: &Session) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let links = LIMITS.map(|limit| format!("{limit} characters"));
    sheet.heads(
        (0..)
            .step_by(2)
            .zip(std::iter::once("the file".to_owned()).chain(links)),
    );
    for subject in [DOG, ROBOT] {
        let file = session.train(subject.folder, &[subject], &[])?;
        let mut deltas = vec![file.clone()];
        for limit in LIMITS {
            let out = session.file(&format!("{}-link-{limit}.safetensors", subject.folder));
            session.booth(&["link", "--delta", &file, "--limit", limit, "--out", &out])?;
            deltas.push(out);
        }
        for scene in ["", " in space", " on a beach"] {
            let prompt = format!("photo of a {}{scene}", subject.name());
            let mut pictures = Vec::new();
            for delta in &deltas {
                pictures.extend(session.generate(&prompt, &["--delta", delta], 2)?);
            }
            sheet.line(prompt);
            sheet.pictures(pictures);
        }
    }
    Ok(sheet)
}
