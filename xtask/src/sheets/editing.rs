//! One picture, trained with its prompt and edited with another.

use super::canvas::Sheet;
use super::session::{Session, open};

/// Picture, its prompt, the target prompt.
const EDITS: [[&str; 3]; 4] = [
    [
        "static/subjects/dog/3.png",
        "photo of a dog",
        "photo of a dog in the snow",
    ],
    [
        "static/subjects/castle/0.png",
        "photo of a castle",
        "photo of a castle at night",
    ],
    [
        "static/subjects/car/0.png",
        "photo of a car",
        "photo of a car under water",
    ],
    [
        "static/subjects/cat/1.png",
        "photo of a cat",
        "photo of a dog",
    ],
];
/// Pairs of η and slerp.
const WAYS: [[&str; 2]; 3] = [["0", "0"], ["0.5", "0"], ["0.5", "0.3"]];

/// Four edits, each with three noise settings.
pub fn sheet(session: &Session) -> Result<Sheet, String> {
    let mut sheet = Sheet::default();
    let mut heads = vec!["the picture".to_owned(), "inverted back".to_owned()];
    heads.extend(WAYS.map(|[eta, slerp]| format!("eta {eta}, slerp {slerp}")));
    sheet.heads((0..).zip(heads));
    for (number, [image, prompt, target]) in EDITS.into_iter().enumerate() {
        let mut pictures = Vec::new();
        let mut learned: Option<String> = None;
        for (way, [eta, slerp]) in WAYS.into_iter().enumerate() {
            let out = session.file(&format!("edit-{number}-{way}"));
            let mut args = vec![
                "edit",
                "--base",
                "static/base",
                "--image",
                image,
                "--prompt",
                prompt,
                "--target-prompt",
                target,
                "--eta",
                eta,
                "--slerp",
                slerp,
                "--out",
                &out,
            ];
            if let Some(delta) = &learned {
                args.extend(["--delta", delta]);
            }
            session.booth(&args)?;
            let read = |name: &str| open(format!("{out}/{name}.png").as_ref());
            if learned.is_none() {
                pictures.extend([read("before")?, read("reconstruction")?]);
                learned = Some(format!("{out}/delta.safetensors"));
            }
            pictures.push(read("after")?);
        }
        sheet.line(format!("\"{prompt}\" to \"{target}\""));
        sheet.pictures(pictures);
    }
    sheet.credit();
    Ok(sheet)
}
