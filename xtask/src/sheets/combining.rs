//! Trained deltas at several strengths and ranks, and a style mix of two.

use super::canvas::Sheet;
use super::session::{DOG, ROBOT, Session};

const STRENGTHS: [&str; 8] = ["-1", "-0.5", "0", "0.25", "0.5", "1", "1.5", "2"];
/// How many shifts of each layer are kept; the last one keeps all.
const RANKS: [&str; 7] = ["1", "4", "16", "32", "64", "128", ALL];
/// The largest rank of a layer of the embedded base.
const ALL: &str = "256";

/// One delta at several strengths.
pub fn strength(session: &Session) -> Result<Sheet, String> {
    let delta = session.train("dog", &[DOG], &[])?;
    let mut sheet = Sheet::default();
    sheet.heads(
        (0..).zip(
            STRENGTHS
                .iter()
                .map(|strength| format!("strength {strength}")),
        ),
    );
    for scene in ["", " in the snow", " in space"] {
        let prompt = format!("photo of a {}{scene}", DOG.name());
        let mut pictures = Vec::new();
        for strength in STRENGTHS {
            pictures.extend(session.generate(
                &prompt,
                &["--delta", &format!("{delta}:{strength}")],
                1,
            )?);
        }
        sheet.line(prompt);
        sheet.pictures(pictures);
    }
    Ok(sheet)
}

/// The largest shifts of each layer, and LoRAs of the same rank.
pub fn rank(session: &Session) -> Result<Sheet, String> {
    let delta = session.train("dog", &[DOG], &[])?;
    let mut files = Vec::new();
    for rank in RANKS {
        let shifts = session.file(&format!("rank-{rank}.safetensors"));
        let lora = session.file(&format!("lora-{rank}.safetensors"));
        session.booth(&[
            "combine",
            "--base",
            "static/base",
            "--rank",
            rank,
            "--out",
            &shifts,
            &delta,
        ])?;
        session.booth(&[
            "export",
            "--base",
            "static/base",
            "--format",
            "lora-kohya",
            "--rank",
            rank,
            "--out",
            &lora,
            &delta,
        ])?;
        files.push((shifts, lora));
    }
    let mut sheet = Sheet::default();
    sheet.heads((0..).zip(RANKS.iter().map(|rank| match *rank {
        ALL => "all".to_owned(),
        rank => format!("rank {rank}"),
    })));
    for scene in ["", " in space"] {
        let prompt = format!("photo of a {}{scene}", DOG.name());
        let (mut shifts, mut loras) = (Vec::new(), Vec::new());
        for (delta, lora) in &files {
            shifts.extend(session.generate(&prompt, &["--delta", delta], 1)?);
            loras.extend(session.generate(&prompt, &["--lora", lora], 1)?);
        }
        sheet.line(format!("{prompt}: the largest shifts of each layer"));
        sheet.pictures(shifts);
        sheet.line(format!("{prompt}: as a LoRA (kohya's file)"));
        sheet.pictures(loras);
    }
    Ok(sheet)
}

/// The shape of one subject with the look of another.
pub fn style(session: &Session) -> Result<Sheet, String> {
    let dog = session.train("dog", &[DOG], &[])?;
    let robot = session.train("robot", &[ROBOT], &[])?;
    let mix = |name: &str, geometry: &str, appearance: &str| {
        let out = session.file(name);
        let args = [
            "combine",
            "--style-mix",
            "--out",
            &out,
            geometry,
            appearance,
        ];
        session.booth(&args).map(|()| out.clone())
    };
    let deltas = [
        ("the dog's delta", dog.clone()),
        ("the robot's delta", robot.clone()),
        (
            "dog's shape, robot's look",
            mix("dog-robot.safetensors", &dog, &robot)?,
        ),
        (
            "robot's shape, dog's look",
            mix("robot-dog.safetensors", &robot, &dog)?,
        ),
    ];
    let mut sheet = Sheet::default();
    sheet.heads(
        (0..)
            .step_by(2)
            .zip(deltas.iter().map(|(what, _)| (*what).to_owned())),
    );
    for subject in [DOG, ROBOT] {
        for scene in ["", " on a beach"] {
            let prompt = format!("photo of a {}{scene}", subject.name());
            let mut pictures = Vec::new();
            for (_, delta) in &deltas {
                pictures.extend(session.generate(&prompt, &["--delta", delta], 2)?);
            }
            sheet.line(prompt);
            sheet.pictures(pictures);
        }
    }
    Ok(sheet)
}
