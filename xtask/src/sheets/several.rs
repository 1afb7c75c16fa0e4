//! Several subjects in one picture.

use super::canvas::Sheet;
use super::session::{DOG, Session, Subject, open};

const CAT: Subject = Subject::new("cat", "olis");
/// Has its own identifier, as all three are trained together.
const ROBOT: Subject = Subject::new("robot", "zwx");
/// How many collages the sheet shows.
const COLLAGES: usize = 8;
/// Pictures per prompt and way of training.
const SEEDS: usize = 2;

/// Two subjects trained in four ways. No collage has the caption "sitting beside".
pub fn two(session: &Session) -> Result<Sheet, String> {
    let both = [DOG, CAT];
    let plain = session.train("two-plain", &both, &["--num-collages", "0"])?;
    let mixed = session.train("two-mixed", &both, &["--unmix-loss-weight", "0"])?;
    let unmixed = session.train("two-unmixed", &both, &["--unmix-loss-weight", "0.01"])?;
    let alone = [
        session.train("dog", &[DOG], &[])?,
        session.train("olis-cat", &[CAT], &[])?,
    ];
    let ways: [(&str, Vec<&str>); 4] = [
        ("no collages", vec!["--delta", &plain]),
        ("collages (Cut-Mix)", vec!["--delta", &mixed]),
        ("collages and unmix loss", vec!["--delta", &unmixed]),
        (
            "two deltas, added",
            vec!["--delta", &alone[0], "--delta", &alone[1]],
        ),
    ];

    let mut sheet = Sheet::default();
    sheet.line("learned from these pictures");
    let mut pictures = DOG.pictures()?;
    pictures.extend(CAT.pictures()?);
    sheet.pictures(pictures);
    sheet.line("the first collages");
    sheet.pictures(collages(session)?);
    sheet.heads(
        (0..)
            .step_by(SEEDS)
            .zip(ways.iter().map(|(way, _)| (*way).to_owned())),
    );
    let [dog, cat] = [DOG.name(), CAT.name()];
    for prompt in [
        format!("photo of a {dog} sitting beside an {cat}"),
        format!("photo of an {cat} sitting beside a {dog} on grass"),
        format!("photo of a {dog} sitting beside an {cat} in the snow"),
        format!("photo of an {cat} sitting beside a {dog} in space"),
        format!("photo of a {dog} on the top and an {cat} on the bottom"),
        format!("photo of a {dog} at night"),
        format!("photo of an {cat} at night"),
    ] {
        let mut pictures = Vec::new();
        for (_, deltas) in &ways {
            pictures.extend(session.generate(&prompt, deltas, SEEDS)?);
        }
        sheet.line(prompt);
        sheet.pictures(pictures);
    }
    sheet.credit();
    Ok(sheet)
}

fn collages(session: &Session) -> Result<Vec<image::RgbImage>, String> {
    let (out, count) = (session.file("collages"), COLLAGES.to_string());
    session.booth(&[
        "collage",
        "--subject",
        "static/subjects/dog|sks|dog",
        "--subject",
        "static/subjects/cat|olis|cat",
        "--num-collages",
        &count,
        "--out",
        &out,
    ])?;
    (0..COLLAGES)
        .map(|number| open(format!("{out}/{number:03}.png").as_ref()))
        .collect()
}

/// Three subjects trained together, shown in pairs and alone.
pub fn three(session: &Session) -> Result<Sheet, String> {
    let subjects = [DOG, CAT, ROBOT];
    let delta = session.train("three", &subjects, &[])?;
    let mut sheet = Sheet::default();
    sheet.line("learned from these pictures");
    for subject in subjects {
        sheet.pictures(subject.pictures()?);
    }
    let [dog, cat, robot] = subjects.map(Subject::name);
    for prompt in [
        format!("photo of a {dog} sitting beside an {cat}"),
        format!("photo of an {cat} sitting beside a {robot}"),
        format!("photo of a {robot} sitting beside a {dog}"),
        format!("photo of a {dog} beside a {robot} in the snow"),
        format!("photo of a {robot} beside an {cat} in space"),
        format!("photo of a {dog} in space"),
        format!("photo of an {cat} in the desert"),
        format!("photo of a {robot} at night"),
    ] {
        let pictures = session.generate(&prompt, &["--delta", &delta], 4)?;
        sheet.line(prompt);
        sheet.pictures(pictures);
    }
    sheet.credit();
    Ok(sheet)
}
