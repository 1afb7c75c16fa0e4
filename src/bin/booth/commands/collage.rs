//! `booth collage`.

use std::path::PathBuf;

use deltabooth::config::{SubjectWords, TrainConfig};
use deltabooth::picture::Picture;
use deltabooth::train::dataset::collage::compose;
use deltabooth::train::dataset::prepare;
use deltabooth::{Error, Result};

use crate::args::subject::{SubjectArg, open};
use crate::io::files::{create_folder, write};

/// Writes the collages that a training run of these subjects would use.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A subject: folder of pictures, identifier and class. Give two or more.
    #[arg(long, value_name = "DIR|WORD|CLASS", required = true)]
    subject: Vec<SubjectArg>,
    /// Number of collages.
    #[arg(long, value_name = "N", default_value_t = 12)]
    num_collages: usize,
    /// Pixels a side, 16 to 2048; with the model's own, the collages are exactly those of training.
    #[arg(long, value_name = "PIXELS", default_value_t = 64)]
    resolution: usize,
    /// Seed of the run.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Folder for the pictures and their captions, captions.txt; made if it does not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.subject.len() < 2 {
        return Err(Error::Settings(
            "A collage shows two subjects, but there is one. Give --subject twice or more.".into(),
        ));
    }
    if !(16..=2048).contains(&args.resolution) {
        return Err(Error::Settings(format!(
            "The collages are to have {} pixels a side, but 16 to 2048 are possible.",
            args.resolution
        )));
    }
    let config = TrainConfig {
        subjects: args.subject.iter().map(|s| s.words.clone()).collect(),
        num_collages: args.num_collages,
        seed: args.seed,
        ..TrainConfig::default()
    }
    .validated()?;
    let subjects = open(&args.subject, args.resolution)?;
    let counts: Vec<usize> = subjects.iter().map(|s| s.pictures.len()).collect();
    create_folder(&args.out, "Choose another with --out.")?;
    let mut captions = String::new();
    for (index, collage) in prepare::collages(&config, &counts).iter().enumerate() {
        let of = collage
            .halves
            .map(|half| subjects[half.subject].pictures[half.picture].as_slice());
        let pixels = compose(collage, of, args.resolution)?;
        let unit: Vec<f32> = pixels.iter().map(|value| value / 2.0 + 0.5).collect();
        let side = args.resolution as u32;
        let name = format!("{index:03}.png");
        let png = Picture::from_unit(&unit, side, side)?.to_png()?;
        write(&args.out.join(&name), &png)?;
        let caption = prepare::caption(&config, collage, index, SubjectWords::name);
        captions.push_str(&format!("{name}\t{}\n", caption.text));
    }
    write(&args.out.join("captions.txt"), captions.as_bytes())
}
