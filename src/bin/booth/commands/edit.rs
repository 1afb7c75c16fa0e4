//! `booth edit`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use deltabooth::Result;
use deltabooth::config::EditConfig;
use deltabooth::edit::{Edited, edit};
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture::{Picture, decode};
use deltabooth::spectral::LayerSelection;
use deltabooth::train::{Subject, Trainer};

use crate::args::base::BaseArgs;
use crate::args::overrides::Overrides;
use crate::args::strength::{bake, open_delta};
use crate::io::date::today;
use crate::io::files::{create_folder, named, read, write};
use crate::io::grid::grid;
use crate::io::status::Status;

/// Edits one picture by its prompt.
///
/// First, shifts are trained on the picture, with its prompt as it is: no identifier, no class
/// pictures. The folder gets before.png, reconstruction.png (from the inverted noise), after.png, all
/// three in comparison.png, and the shifts in delta.safetensors, for further edits.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// Pixels a side [default: those of the model].
    #[arg(long, value_name = "PIXELS")]
    resolution: Option<usize>,
    /// The picture; its middle square is used.
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    #[command(flatten)]
    config: Overrides<EditConfig>,
    /// A delta that was trained on the picture, and its strength (1 is as trained).
    #[arg(long, value_name = "FILE[:STRENGTH]", conflicts_with_all = ["max_train_steps", "learning_rate"])]
    delta: Option<String>,
    /// Applies a delta that was trained on another base model; results may be meaningless.
    #[arg(long)]
    apply_anyway: bool,
    /// The folder of the results; made if it does not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let config = args.config.apply(EditConfig::default())?;
    config.check()?;
    let picture = decode(&read(&args.image)?).map_err(|error| named(&args.image, error))?;
    // Before anything is loaded, because it may not be a delta.
    let delta = args.delta.as_deref().map(open_delta).transpose()?;
    create_folder(&args.out, "Give another with --out.")?;
    let base = args.base.load_at(args.resolution).await?;
    let before = picture.square(0.5, base.picture_size() as u32);
    let base = match delta {
        Some(delta) => {
            if !args.apply_anyway {
                delta.0.check_base(&base.hash)?;
            }
            bake(&base, &[delta], &args.base.cache)
                .await?
                .unwrap_or(base)
        }
        None if config.max_train_steps == 0 => base,
        None => train(&args, &config, &base, &before).await?,
    };
    let mut status = Status::new("editing");
    let mut on_step = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    let pixels = before.to_model();
    let edited = edit(&base, &base.unet, &pixels, &config, &mut on_step).await?;
    drop(status);
    save(&args, before, &edited)
}

/// Trains on the picture and writes the delta; the result is the model with the delta.
async fn train(
    args: &Args,
    config: &EditConfig,
    base: &BaseModel,
    picture: &Picture,
) -> Result<BaseModel> {
    let config = config.training().validated()?;
    let selection = LayerSelection::for_training(config.layers, config.train_text_encoder);
    let decomposed = args.base.cache.factors(base, &selection).await?;
    let subject = Subject::new(vec![picture.to_model()], base.picture_size())?;
    let mut on_step = async |_: usize, _: usize| ControlFlow::Continue(());
    let mut trainer = Trainer::new(base, &decomposed, &[subject], config, &mut on_step).await?;
    trainer
        .run(&mut Status::new("training on the picture"))
        .await?;
    let delta = trainer.finish(&today()).await?;
    write(&args.out.join("delta.safetensors"), &delta.to_bytes()?)?;
    decomposed.bake(base, &[(&delta, 1.0)])
}

/// Writes the pictures and prints the loss of the inversion.
fn save(args: &Args, before: Picture, edited: &Edited) -> Result<()> {
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
