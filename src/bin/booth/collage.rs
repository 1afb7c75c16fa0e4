//! `booth collage`.

use std::path::PathBuf;

use deltabooth::picture::Picture;
use deltabooth::train::dataset::collage::compose;
use deltabooth::train::dataset::prepare;
use deltabooth::train::{TrainSettings, Words};
use deltabooth::{Error, Result};

use super::common::write;
use super::subjects::{SubjectArg, open};

/// Shows the collages that a training run of these subjects would see.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pictures, identifier and class of a subject; give two or more.
    #[arg(long, value_name = "DIR|WORD|CLASS", required = true)]
    subject: Vec<SubjectArg>,
    /// Collages.
    #[arg(long, value_name = "N", default_value_t = 12)]
    count: usize,
    /// Pixels a side; the base's size shows exactly what training sees.
    #[arg(long, value_name = "PIXELS", default_value_t = 64)]
    size: usize,
    /// The same seed gives the run's collages.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Folder for the pictures; made if it is not there. captions.txt names what each shows.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.subject.len() < 2 {
        return Err(Error::Settings(
            "A collage shows two subjects, but there is one. Give --subject twice or more.".into(),
        ));
    }
    if !(16..=2048).contains(&args.size) {
        return Err(Error::Settings(format!(
            "The collages are to have {} pixels a side, but 16 to 2048 are possible.",
            args.size
        )));
    }
    let settings = TrainSettings {
        subjects: args.subject.iter().map(|s| s.words.clone()).collect(),
        collages: args.count,
        seed: args.seed,
        ..TrainSettings::default()
    }
    .validated()?;
    let subjects = open(&args.subject, args.size)?;
    let counts: Vec<usize> = subjects.iter().map(|s| s.pictures.len()).collect();
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Error::Io(format!(
            "The folder {} could not be made ({error}). Choose another with --out.",
            args.out.display()
        ))
    })?;
    let mut captions = String::new();
    for (index, collage) in prepare::collages(&settings, &counts).iter().enumerate() {
        let of = collage
            .halves
            .map(|half| subjects[half.subject].pictures[half.picture].as_slice());
        let pixels = compose(collage, of, args.size)?;
        let unit: Vec<f32> = pixels.iter().map(|value| value / 2.0 + 0.5).collect();
        let side = args.size as u32;
        let name = format!("{index:03}.png");
        let png = Picture::from_unit(&unit, side, side)?.to_png()?;
        write(&args.out.join(&name), &png)?;
        let caption = prepare::caption(&settings, collage, index, Words::name);
        captions.push_str(&format!("{name}\t{}\n", caption.text));
    }
    write(&args.out.join("captions.txt"), captions.as_bytes())
}
