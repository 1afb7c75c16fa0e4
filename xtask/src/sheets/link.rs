//! A delta before and after its way through a link.

use super::paper::Sheet;
use super::studio::{Studio, Subject};

/// Two sample subjects.
const SUBJECTS: [Subject; 2] = [
    Subject {
        folder: "dog",
        token: "sks",
    },
    Subject {
        folder: "robot",
        token: "sks",
    },
];
/// Characters of the links; the page makes the first.
const LIMITS: [&str; 3] = ["15400", "12000", "10000"];

/// The same prompts and seeds with the file and with links of several lengths.
pub fn sheet(studio: &Studio) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let links = LIMITS.map(|limit| format!("{limit} characters"));
    sheet.heads(
        (0..)
            .step_by(2)
            .zip(std::iter::once("the file".to_owned()).chain(links)),
    );
    for subject in SUBJECTS {
        let file = studio.train(subject.folder, &[subject], &[])?;
        let mut deltas = vec![file.clone()];
        for limit in LIMITS {
            let out = studio.file(&format!("{}-link-{limit}.safetensors", subject.folder));
            studio.call(&["link", "--delta", &file, "--limit", limit, "--out", &out])?;
            deltas.push(out);
        }
        for scene in ["", " in space", " on a beach"] {
            let prompt = format!("photo of a {}{scene}", subject.name());
            let mut pictures = Vec::new();
            for delta in &deltas {
                pictures.extend(studio.make(&prompt, &["--delta", delta], 2)?);
            }
            sheet.line(prompt);
            sheet.pictures(pictures);
        }
    }
    Ok(sheet)
}
