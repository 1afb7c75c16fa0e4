//! `booth train`.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use deltabooth::model::base_model::BaseModel;
use deltabooth::recipe::effort;
use deltabooth::spectral::{DecomposedBaseModel, LayerPreset, LayerSelection};
use deltabooth::train::checkpoint::CheckpointFile;
use deltabooth::train::dataset::prepare::warnings;
use deltabooth::train::settings::{RateSchedule, TimestepSampling};
use deltabooth::train::{Checkpoint, TrainSettings, Trainer, Words};
use deltabooth::{Error, Result};
use serde::de::DeserializeOwned;

use super::common::{BaseArgs, Status, check_out, today, write};
use super::subjects::{SubjectArg, open};

/// Learns one subject or several.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// Folder with pictures (PNG, JPEG, WebP; three to five are best), identifier (a rare word that
    /// will call the subject) and class (what it is); again for each further subject.
    #[arg(long, value_name = "DIR|WORD|CLASS", conflicts_with_all = ["images", "token", "class_word"])]
    subject: Vec<SubjectArg>,
    /// One subject's folder, with --token and --class.
    #[arg(long, value_name = "DIR", requires_all = ["token", "class_word"], required_unless_present_any = ["resume", "subject"])]
    images: Option<PathBuf>,
    /// Its identifier: a rare word that will call it ('sks').
    #[arg(long, value_name = "WORD")]
    token: Option<String>,
    /// What it is ('robot').
    #[arg(long = "class", value_name = "WORD")]
    class_word: Option<String>,
    /// Side of the pictures in pixels that it learns from [default: the base's own].
    #[arg(long, value_name = "PX")]
    size: Option<usize>,
    #[command(flatten)]
    recipe: Recipe,
    /// Goes on from FILE.checkpoint, with its pictures and settings; --steps may move the end.
    #[arg(long, conflicts_with_all = ["subject", "images", "lr", "lr_1d", "prior_weight", "prior_images", "seed", "size"])]
    resume: bool,
    /// The delta. While training, FILE.checkpoint stands beside it.
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

/// How to train; what is not given is the default recipe's.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Recipe {
    /// Training steps.
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<usize>,
    /// Learning rate of the shifts of linear and convolution weights.
    #[arg(long, value_name = "X")]
    lr: Option<f64>,
    /// Learning rate of the shifts of norms.
    #[arg(long, value_name = "X")]
    lr_1d: Option<f64>,
    /// How the learning rates change over the run: constant, cosine, linear.
    #[arg(long, value_name = "NAME", value_parser = name::<RateSchedule>)]
    schedule: Option<RateSchedule>,
    /// How much keeping the class counts beside learning the subject; 0 turns it off.
    #[arg(long, value_name = "X")]
    prior_weight: Option<f64>,
    /// Pictures of each class that the base makes of itself.
    #[arg(long, value_name = "N")]
    prior_images: Option<usize>,
    /// Where class pictures are made ('in the snow'), in turn; again for each; '' for the class alone.
    #[arg(long, value_name = "WORDS")]
    class_scene: Vec<String>,
    /// Which layers of the UNet: all, cross_attention, key_value, one_d, two_d, four_d, up, down,
    /// mid, up_cross_attention, down_cross_attention, mid_cross_attention.
    #[arg(long, value_name = "PRESET", value_parser = name::<LayerPreset>)]
    pub(crate) layers: Option<LayerPreset>,
    /// Train the text encoder too.
    #[arg(long)]
    pub(crate) text_encoder: bool,
    /// With several subjects: how often a step sees a collage of two.
    #[arg(long, value_name = "P")]
    mix_probability: Option<f64>,
    /// Collages that are drawn before the run; 0 for none.
    #[arg(long, value_name = "N")]
    collages: Option<usize>,
    /// Weight of the unmix loss.
    #[arg(long, value_name = "X")]
    unmix_weight: Option<f64>,
    /// How timesteps are drawn: uniform, stratified, antithetic.
    #[arg(long, value_name = "NAME", value_parser = name::<TimestepSampling>)]
    timesteps: Option<TimestepSampling>,
    /// The part of the schedule that they are drawn from, 0 the cleanest, 1 the noisiest: 'FROM,TO'.
    #[arg(long, value_name = "FROM,TO", value_parser = two_numbers)]
    timestep_range: Option<[f64; 2]>,
    /// min-SNR's gamma; 0 weighs all timesteps alike.
    #[arg(long, value_name = "X")]
    min_snr: Option<f64>,
    /// Decay of the average of the shifts that is kept; 0 keeps the last ones.
    #[arg(long, value_name = "X")]
    ema: Option<f64>,
    /// Samples of the subject in one step.
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Samples of the class in one step, at most as many.
    #[arg(long, value_name = "N")]
    prior_batch: Option<usize>,
    /// Show each picture mirrored too.
    #[arg(long)]
    flip: bool,
    /// Everything random follows from it.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

impl Recipe {
    pub(crate) fn settings(&self, subjects: Vec<Words>) -> TrainSettings {
        let mut default = TrainSettings::default();
        let effort = effort(subjects.len());
        if !self.class_scene.is_empty() {
            default.templates.class_scenes.clone_from(&self.class_scene);
        }
        TrainSettings {
            steps: self.steps.unwrap_or(effort.steps),
            subjects,
            learning_rate: self.lr.unwrap_or(effort.learning_rate),
            learning_rate_1d: self.lr_1d.unwrap_or(default.learning_rate_1d),
            schedule: self.schedule.unwrap_or(default.schedule),
            prior_weight: self.prior_weight.unwrap_or(default.prior_weight),
            prior_images: self.prior_images.unwrap_or(default.prior_images),
            layers: self.layers.unwrap_or(default.layers),
            text_encoder: self.text_encoder || default.text_encoder,
            mix_probability: self.mix_probability.unwrap_or(default.mix_probability),
            collages: self.collages.unwrap_or(default.collages),
            unmix_weight: self.unmix_weight.unwrap_or(default.unmix_weight),
            timesteps: self.timesteps.unwrap_or(default.timesteps),
            timestep_range: self.timestep_range.unwrap_or(default.timestep_range),
            min_snr_gamma: self.min_snr.unwrap_or(default.min_snr_gamma),
            ema_decay: self.ema.unwrap_or(default.ema_decay),
            batch: self.batch.unwrap_or(effort.batch),
            prior_batch: self.prior_batch.unwrap_or(effort.prior_batch),
            flip: self.flip || default.flip,
            seed: self.seed.unwrap_or(default.seed),
            ..default
        }
    }
}

/// A choice by the name that it has in files.
pub(crate) fn name<T: DeserializeOwned>(text: &str) -> std::result::Result<T, String> {
    let name = serde_json::Value::String(text.replace('-', "_"));
    serde_json::from_value(name).map_err(|error| error.to_string())
}

/// "0,0.8".
fn two_numbers(text: &str) -> std::result::Result<[f64; 2], String> {
    let wrong = || format!("'{text}' is not two numbers; write them as in 0,0.8");
    let (from, to) = text.split_once(',').ok_or_else(wrong)?;
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(from), Ok(to)) => Ok([from, to]),
        _ => Err(wrong()),
    }
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "safetensors")?;
    let store = CheckpointFile::new(args.out.with_extension("checkpoint"))?;
    let checkpoint = if args.resume {
        Some(load_checkpoint(&store, args.recipe.steps).await?)
    } else {
        None
    };
    let subjects = subjects(&args);
    let settings = match &checkpoint {
        Some(checkpoint) => checkpoint.settings.clone(),
        None => {
            let words = subjects.iter().map(|s| s.words.clone()).collect();
            let mut settings = args.recipe.settings(words).validated()?;
            settings.picture_size = args.size;
            settings
        }
    };
    let base = args.base.load_at(args.size).await?;
    let selection = LayerSelection::for_training(settings.layers, settings.text_encoder);
    let decomposed = args.base.cache.factors(&base, &selection).await?;
    let mut trainer = match checkpoint {
        Some(checkpoint) => Trainer::resume(&base, &decomposed, checkpoint)?,
        None => begin(&base, &decomposed, settings, &subjects).await?,
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

fn subjects(args: &Args) -> Vec<SubjectArg> {
    match (&args.images, &args.token, &args.class_word) {
        (Some(folder), Some(token), Some(class)) => vec![SubjectArg {
            folder: folder.clone(),
            words: Words::new(token, class),
        }],
        _ => args.subject.clone(),
    }
}

async fn load_checkpoint(store: &CheckpointFile, steps: Option<usize>) -> Result<Checkpoint> {
    let bytes = store.load().await?.ok_or_else(|| {
        Error::Checkpoint(format!(
            "There is no checkpoint {} to go on from. Start the training without --resume.",
            store.path().display()
        ))
    })?;
    let mut checkpoint = Checkpoint::from_bytes(&bytes)?;
    if let Some(steps) = steps {
        checkpoint.settings.steps = steps;
        checkpoint.settings = checkpoint.settings.validated()?;
    }
    Ok(checkpoint)
}

pub(crate) async fn begin(
    base: &BaseModel,
    decomposed: &DecomposedBaseModel,
    settings: TrainSettings,
    subjects: &[SubjectArg],
) -> Result<Trainer> {
    let subjects = open(subjects, base.picture_size())?;
    let counts: Vec<usize> = subjects.iter().map(|s| s.pictures.len()).collect();
    for warning in warnings(&settings, &counts, &base.tokenizer) {
        eprintln!("{warning}");
    }
    let mut status = Status::new("preparing pictures and collages");
    let mut on_step = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    Trainer::new(base, decomposed, &subjects, settings, &mut on_step).await
}
