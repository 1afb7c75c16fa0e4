//! `booth edit`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use deltabooth::edit::{EditSettings, edit};
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture::{Picture, decode};
use deltabooth::recipe::PICTURE_STEPS;
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::{DecomposedBaseModel, LayerSelection};
use deltabooth::train::{Subject, TrainSettings, Trainer};
use deltabooth::{Error, Result};

use super::common::{BaseArgs, Status, named, read, today, write};
use super::generate::{bake, grid, open_delta};

/// Edits one picture by its prompt.
///
/// Shifts are trained on the picture first, with its prompt as it is: no identifier, no class
/// pictures. The folder gets before.png, reconstruction.png (what the inversion has kept), after.png, and
/// the three beside each other in comparison.png, and the
/// shifts in delta.safetensors, so that further edits can begin with them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// Side of the pictures in pixels [default: the base's own].
    #[arg(long, value_name = "PX")]
    size: Option<usize>,
    /// The picture; its middle square is taken.
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// What the picture shows, in the words that the delta was trained with.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// What it should show.
    #[arg(long, value_name = "TEXT")]
    target: String,
    /// A delta that was trained on the picture before, with a strength (1 is as trained).
    #[arg(long, value_name = "FILE[:STRENGTH]", conflicts_with_all = ["train_steps", "lr"])]
    delta: Option<String>,
    /// Training steps; 0 edits with the base as it is.
    #[arg(long, value_name = "N", default_value_t = PICTURE_STEPS)]
    train_steps: usize,
    /// Learning rate of the shifts of linear and convolution weights.
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
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
    let given = args.delta.as_deref().map(open_delta).transpose()?;
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Error::Io(format!(
            "The folder {} could not be made ({error}). Give another with --out.",
            args.out.display()
        ))
    })?;
    let base = args.base.load_at(args.size).await?;
    let before = picture.square(0.5, base.picture_size() as u32);
    let base = match given {
        Some(delta) => {
            if !args.apply_anyway {
                delta.0.check_base(&base.hash)?;
            }
            bake(&base, &[delta], &args.base.cache)
                .await?
                .unwrap_or(base)
        }
        None if args.train_steps == 0 => base,
        None => {
            let mut settings =
                TrainSettings::one_picture(&settings.prompt, args.train_steps, args.seed);
            if let Some(rate) = args.lr {
                settings.learning_rate = rate;
            }
            let settings = settings.validated()?;
            let selection = LayerSelection::for_training(settings.layers, settings.text_encoder);
            let decomposed = args.base.cache.factors(&base, &selection).await?;
            let delta = train(&base, &decomposed, &before, settings).await?;
            write(&args.out.join("delta.safetensors"), &delta.to_bytes()?)?;
            decomposed.bake(&base, &[(&delta, 1.0)])?
        }
    };

    let mut status = Status::new("editing");
    let mut on_step = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    let edited = edit(
        &base,
        &base.unet,
        &before.to_model(),
        &settings,
        &mut on_step,
    )
    .await?;
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

async fn train(
    base: &BaseModel,
    decomposed: &DecomposedBaseModel,
    picture: &Picture,
    settings: TrainSettings,
) -> Result<Delta> {
    let subject = Subject::new(vec![picture.to_model()], base.picture_size())?;
    let mut on_step = async |_: usize, _: usize| ControlFlow::Continue(());
    let mut trainer = Trainer::new(base, decomposed, &[subject], settings, &mut on_step).await?;
    let mut status = Status::new("training on the picture");
    while !trainer.is_done() {
        let report = trainer.step().await?;
        status.progress(report.step, report.total);
    }
    trainer.finish(&today()).await
}
