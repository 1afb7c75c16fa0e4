//! What can be done with deltas once they are there: strengths, ranks, a style mix.

use super::paper::Sheet;
use super::studio::{Studio, Subject};

const DOG: Subject = Subject {
    folder: "dog",
    token: "sks",
};
const ROBOT: Subject = Subject {
    folder: "robot",
    token: "sks",
};
const STRENGTHS: [&str; 8] = ["-1", "-0.5", "0", "0.25", "0.5", "1", "1.5", "2"];
/// The shifts that are kept of each layer; the last one keeps all.
const RANKS: [&str; 7] = ["1", "4", "16", "32", "64", "128", ALL];
/// The largest rank of a layer of the embedded base.
const ALL: &str = "256";

/// One delta, less and more of it.
pub fn strength(studio: &Studio) -> Result<Sheet, String> {
    let delta = studio.train("dog", &[DOG], &[])?;
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
            pictures.extend(studio.make(
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

/// The shifts that change a layer most, and LoRAs of that rank.
pub fn rank(studio: &Studio) -> Result<Sheet, String> {
    let delta = studio.train("dog", &[DOG], &[])?;
    let mut files = Vec::new();
    for rank in RANKS {
        let shifts = studio.file(&format!("rank-{rank}.safetensors"));
        let lora = studio.file(&format!("lora-{rank}.safetensors"));
        studio.call(&[
            "combine",
            "--base",
            "static/base",
            "--rank",
            rank,
            "--out",
            &shifts,
            &delta,
        ])?;
        studio.call(&[
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
            shifts.extend(studio.make(&prompt, &["--delta", delta], 1)?);
            loras.extend(studio.make(&prompt, &["--lora", lora], 1)?);
        }
        sheet.line(format!("{prompt}: the largest shifts of each layer"));
        sheet.pictures(shifts);
        sheet.line(format!("{prompt}: as a LoRA (kohya's file)"));
        sheet.pictures(loras);
    }
    Ok(sheet)
}

/// The shapes of one subject with the look of another.
pub fn style(studio: &Studio) -> Result<Sheet, String> {
    let dog = studio.train("dog", &[DOG], &[])?;
    let robot = studio.train("robot", &[ROBOT], &[])?;
    let mix = |name: &str, geometry: &str, appearance: &str| {
        let out = studio.file(name);
        let args = [
            "combine",
            "--style-mix",
            "--out",
            &out,
            geometry,
            appearance,
        ];
        studio.call(&args).map(|()| out.clone())
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
                pictures.extend(studio.make(&prompt, &["--delta", delta], 2)?);
            }
            sheet.line(prompt);
            sheet.pictures(pictures);
        }
    }
    Ok(sheet)
}
