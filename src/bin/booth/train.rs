//! `booth train`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use deltabooth::model::base::Base;
use deltabooth::picture;
use deltabooth::spectral::SpectralBase;
use deltabooth::train::checkpoint::FolderStore;
use deltabooth::train::{Checkpoint, CheckpointStore, Subject, TrainSettings, Trainer};
use deltabooth::{Error, Result};

use super::common::{BaseArgs, Status, check_out, named, read, today, write};

/// Learns a subject.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// Folder with the subject's pictures (PNG, JPEG, WebP); three to five are best.
    #[arg(long, value_name = "DIR", required_unless_present = "resume")]
    images: Option<PathBuf>,
    /// The identifier: a rare word that will call the subject ('sks').
    #[arg(long, value_name = "WORD", required_unless_present = "resume")]
    token: Option<String>,
    /// What the subject is ('robot').
    #[arg(
        long = "class",
        value_name = "WORD",
        required_unless_present = "resume"
    )]
    class_word: Option<String>,
    /// Training steps.
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Learning rate of the shifts of linear and convolution weights.
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// Learning rate of the shifts of norms.
    #[arg(long, value_name = "X")]
    lr_1d: Option<f64>,
    /// How much keeping the class counts beside learning the subject; 0 turns it off.
    #[arg(long, value_name = "X")]
    prior_weight: Option<f64>,
    /// Pictures of the class that the base makes of itself.
    #[arg(long, value_name = "N")]
    prior_images: Option<usize>,
    /// Everything random follows from it.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Goes on from FILE.checkpoint, with its pictures and settings; --steps may move the end.
    #[arg(long, conflicts_with_all = ["lr", "lr_1d", "prior_weight", "prior_images", "seed"])]
    resume: bool,
    /// The delta. While training, FILE.checkpoint stands beside it.
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "safetensors")?;
    let store = FolderStore {
        path: args.out.with_extension("checkpoint"),
    };
    let checkpoint = if args.resume {
        Some(load_checkpoint(&store, args.steps).await?)
    } else {
        None
    };
    let settings = settings(&args);
    if checkpoint.is_none() {
        settings.clone().validated()?;
    }
    let base = args.base.load().await?;
    let spectral = decompose(&base).await?;
    let mut trainer = match checkpoint {
        Some(checkpoint) => Trainer::resume(&base, &spectral, checkpoint)?,
        None => begin(&base, &spectral, settings, args.images.as_deref()).await?,
    };
    trainer.read_losses_every(5);

    let (began, first) = (Instant::now(), trainer.step_count());
    let every = trainer.settings().checkpoint_every;
    while !trainer.is_done() {
        let report = trainer.step().await?;
        if let Some(loss) = report.losses.last()
            && (loss.step.is_multiple_of(10) || trainer.is_done())
        {
            let rate = (report.step - first) as f64 / began.elapsed().as_secs_f64();
            eprintln!(
                "step {}/{}  loss {:.4}  {rate:.2} steps/s",
                loss.step, report.total, loss.total
            );
        }
        if every > 0 && report.step.is_multiple_of(every) && !trainer.is_done() {
            store.save(&trainer.checkpoint().await?.to_bytes()?).await?;
        }
    }
    let bytes = trainer.finish(&today()).await?.to_bytes()?;
    write(&args.out, &bytes)?;
    store.discard().await?;
    eprintln!(
        "{}: {} bytes after {} steps",
        args.out.display(),
        bytes.len(),
        trainer.step_count()
    );
    Ok(())
}

fn settings(args: &Args) -> TrainSettings {
    let default = TrainSettings::default();
    TrainSettings {
        token: args.token.clone().unwrap_or_default(),
        class_word: args.class_word.clone().unwrap_or_default(),
        steps: args.steps.unwrap_or(default.steps),
        learning_rate: args.lr.unwrap_or(default.learning_rate),
        learning_rate_1d: args.lr_1d.unwrap_or(default.learning_rate_1d),
        prior_weight: args.prior_weight.unwrap_or(default.prior_weight),
        prior_images: args.prior_images.unwrap_or(default.prior_images),
        seed: args.seed.unwrap_or(default.seed),
        ..default
    }
}

async fn load_checkpoint(store: &FolderStore, steps: Option<usize>) -> Result<Checkpoint> {
    let bytes = store.load().await?.ok_or_else(|| {
        Error::Checkpoint(format!(
            "There is no checkpoint {} to go on from. Start the training without --resume.",
            store.path.display()
        ))
    })?;
    let mut checkpoint = Checkpoint::from_bytes(&bytes)?;
    if let Some(steps) = steps {
        checkpoint.settings.steps = steps;
        checkpoint.settings = checkpoint.settings.validated()?;
    }
    Ok(checkpoint)
}

async fn decompose(base: &Base) -> Result<SpectralBase> {
    let mut status = Status::new("decomposing the base");
    let on_layer = async |done: usize, total: usize| {
        status.progress(done, total);
        Ok(())
    };
    SpectralBase::decompose(&base.unet, base.hash.as_str(), on_layer).await
}

async fn begin(
    base: &Base,
    spectral: &SpectralBase,
    settings: TrainSettings,
    images: Option<&Path>,
) -> Result<Trainer> {
    let size = base.picture_size();
    let pictures = pictures(images.unwrap_or(Path::new(".")), size)?;
    let subject = Subject::new(pictures, size)?;
    let mut status = Status::new("making class pictures");
    let mut on_prior = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    Trainer::new(base, spectral, &subject, settings, &mut on_prior).await
}

/// Every picture of the folder, in the order of the names, its middle cropped square.
fn pictures(folder: &Path, size: usize) -> Result<Vec<Vec<f32>>> {
    let unreadable = |error: std::io::Error| {
        Error::Io(format!(
            "The folder {} could not be read ({error}). Give the folder of the pictures with --images.",
            folder.display()
        ))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if path.is_file() && matches!(extension.as_str(), "png" | "jpg" | "jpeg" | "webp") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::Settings(format!(
            "{} holds no picture (.png, .jpg, .jpeg, .webp), so there is nothing to learn from.",
            folder.display()
        )));
    }
    let open = |path: &PathBuf| {
        let picture = picture::decode(&read(path)?).map_err(|error| named(path, error))?;
        Ok(picture.square(0.5, size as u32).to_model())
    };
    files.iter().map(open).collect()
}
