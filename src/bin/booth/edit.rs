//! `booth edit`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use deltabooth::edit::{EditSettings, edit};
use deltabooth::picture::{Picture, decode};
use deltabooth::{Error, Result};

use super::common::{BaseArgs, Status, named, read, write};
use super::generate::{bake, grid, open_delta};

/// Edits one picture by its prompt, with a delta that was trained on it.
///
/// The folder gets before.png, reconstruction.png (what the inversion has kept), after.png, and
/// the three beside each other in comparison.png.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// The picture; its middle square is taken.
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// What the picture shows, in the words that the delta was trained with.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// What it should show.
    #[arg(long, value_name = "TEXT")]
    target: String,
    /// The delta that was trained on the picture, with a strength (1 is as trained).
    #[arg(long, value_name = "FILE[:STRENGTH]")]
    delta: String,
    /// Applies a delta that was made for another base; the result is anyone's guess.
    #[arg(long)]
    apply_anyway: bool,
    /// Steps of the inversion and of the sampling.
    #[arg(long, value_name = "N", default_value_t = EditSettings::default().steps)]
    steps: usize,
    /// Fixed-point iterations in each step of the inversion.
    #[arg(long, value_name = "N", default_value_t = EditSettings::default().refinements)]
    refinements: usize,
    /// Classifier-free guidance towards the target; 1 is none.
    #[arg(long, value_name = "X", default_value_t = EditSettings::default().guidance_scale)]
    guidance: f64,
    /// Noise added on the way, 0 to 1: more lets the picture leave its layout.
    #[arg(long, value_name = "X", default_value_t = EditSettings::default().eta)]
    eta: f64,
    /// Where to begin, 0 to 1: with the picture's own noise, or on the way to a fresh one.
    #[arg(long, value_name = "ALPHA", default_value_t = EditSettings::default().slerp)]
    slerp: f64,
    /// The noise of --eta and --slerp follows from it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The folder of the pictures; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let settings = EditSettings {
        prompt: args.prompt,
        target: args.target,
        steps: args.steps,
        refinements: args.refinements,
        guidance_scale: args.guidance,
        eta: args.eta,
        slerp: args.slerp,
        seed: args.seed,
    };
    settings.check()?;
    let picture = decode(&read(&args.image)?).map_err(|error| named(&args.image, error))?;
    let delta = open_delta(&args.delta)?;
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Error::Io(format!(
            "The folder {} could not be made ({error}). Give another with --out.",
            args.out.display()
        ))
    })?;
    let base = args.base.load().await?;
    if !args.apply_anyway {
        delta.0.check_base(&base.hash)?;
    }
    let tuned = bake(&base, &[delta]).await?;
    let unet = tuned.as_ref().unwrap_or(&base.unet);
    let before = picture.square(0.5, base.picture_size() as u32);

    let mut status = Status::new("editing");
    let mut on_step = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    let edited = edit(&base, unet, &before.to_model(), &settings, &mut on_step).await?;
    drop(status);
    let pictures: [Picture; 3] = [
        before,
        edited.reconstruction.picture(0)?,
        edited.edited.picture(0)?,
    ];
    for (name, picture) in ["before", "reconstruction", "after"].iter().zip(&pictures) {
        write(&args.out.join(format!("{name}.png")), &picture.to_png()?)?;
    }
    write(&args.out.join("comparison.png"), &grid(&pictures, 3)?)?;
    println!(
        "The inversion lost {:.1} % of the picture.",
        100.0 * edited.lost
    );
    Ok(())
}
