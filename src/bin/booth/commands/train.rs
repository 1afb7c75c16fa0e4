//! `booth train`.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use deltabooth::config::{SubjectWords, TrainConfig};
use deltabooth::model::base_model::BaseModel;
use deltabooth::spectral::{DecomposedBaseModel, LayerSelection};
use deltabooth::train::checkpoint::CheckpointFile;
use deltabooth::train::dataset::prepare::warnings;
use deltabooth::train::{Checkpoint, StepReport, TrainHooks, Trainer};
use deltabooth::{Error, Result};

use crate::args::base::BaseArgs;
use crate::args::overrides::Overrides;
use crate::args::subject::{SubjectArg, open};
use crate::io::date::today;
use crate::io::files::{check_out, write};
use crate::io::status::Status;

/// Steps between two readings of the losses.
const LOSS_READS: usize = 5;
/// Steps between two lines of progress.
const LINES: usize = 10;

/// Trains on one subject or several.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// A subject: folder of pictures (PNG, JPEG, WebP; three to five are best), identifier (a rare
    /// word) and class (what it is). Repeat for further subjects.
    #[arg(long, value_name = "DIR|WORD|CLASS", conflicts_with_all = ["images", "token", "class_word"])]
    subject: Vec<SubjectArg>,
    /// The folder of pictures of one subject, with --token and --class.
    #[arg(long, value_name = "DIR", requires_all = ["token", "class_word"], required_unless_present_any = ["resume", "subject"])]
    images: Option<PathBuf>,
    /// Its identifier: a rare word such as 'sks'.
    #[arg(long, value_name = "WORD")]
    token: Option<String>,
    /// Its class: what it is, such as 'robot'.
    #[arg(long = "class", value_name = "WORD")]
    class_word: Option<String>,
    #[command(flatten)]
    config: Overrides<TrainConfig>,
    /// Resumes FILE.checkpoint, with its pictures and settings; only --max-train-steps may differ.
    #[arg(long, conflicts_with_all = ["subject", "images"])]
    resume: bool,
    /// The delta. During training, FILE.checkpoint is written beside it.
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

impl Args {
    fn subjects(&self) -> Vec<SubjectArg> {
        match (&self.images, &self.token, &self.class_word) {
            (Some(folder), Some(token), Some(class)) => vec![SubjectArg {
                folder: folder.clone(),
                words: SubjectWords::new(token, class),
            }],
            _ => self.subject.clone(),
        }
    }
}

pub(crate) async fn run(args: Args) -> Result<()> {
    check_out(&args.out, "safetensors")?;
    let store = CheckpointFile::new(args.out.with_extension("checkpoint"))?;
    let mut trainer = if args.resume {
        resume(&args, &store).await?
    } else {
        let subjects = args.subjects();
        let config = config(&args.config, &subjects)?.validated()?;
        let base = args.base.load_at(config.resolution).await?;
        let selection = LayerSelection::for_training(config.layers, config.train_text_encoder);
        let decomposed = args.base.cache.factors(&base, &selection).await?;
        begin(&base, &decomposed, config, &subjects).await?
    };
    trainer.read_losses_every(LOSS_READS);
    let mut run = Run {
        store: &store,
        began: Instant::now(),
        first: trainer.step_count(),
    };
    trainer.run(&mut run).await?;
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

/// The recommended settings for these subjects, with the flags that were given.
pub(crate) fn config(
    flags: &Overrides<TrainConfig>,
    subjects: &[SubjectArg],
) -> Result<TrainConfig> {
    flags.apply(TrainConfig {
        subjects: subjects.iter().map(|s| s.words.clone()).collect(),
        ..TrainConfig::for_subjects(subjects.len())
    })
}

async fn resume(args: &Args, store: &CheckpointFile) -> Result<Trainer> {
    let given = args.config.given();
    if let Some(other) = given.iter().find(|flag| *flag != "max_train_steps") {
        return Err(Error::Settings(format!(
            "A resumed run keeps its settings, but {other} was given. Only --max-train-steps may differ; leave the others out."
        )));
    }
    let bytes = store.load().await?.ok_or_else(|| {
        Error::Checkpoint(format!(
            "There is no checkpoint {} to go on from. Start the training without --resume.",
            store.path().display()
        ))
    })?;
    let mut checkpoint = Checkpoint::from_bytes(&bytes)?;
    if !given.is_empty() {
        let flags = args.config.apply(TrainConfig::default())?;
        checkpoint.settings.max_train_steps = flags.max_train_steps;
        checkpoint.settings = checkpoint.settings.validated()?;
    }
    let settings = &checkpoint.settings;
    let selection = LayerSelection::for_training(settings.layers, settings.train_text_encoder);
    let base = args.base.load().await?;
    let decomposed = args.base.cache.factors(&base, &selection).await?;
    Trainer::resume(&base, &decomposed, checkpoint)
}

/// Reads the pictures, prints warnings and prepares the run.
pub(crate) async fn begin(
    base: &BaseModel,
    decomposed: &DecomposedBaseModel,
    config: TrainConfig,
    subjects: &[SubjectArg],
) -> Result<Trainer> {
    let subjects = open(subjects, base.picture_size())?;
    let counts: Vec<usize> = subjects.iter().map(|s| s.pictures.len()).collect();
    for warning in warnings(&config, &counts, &base.tokenizer) {
        eprintln!("{warning}");
    }
    let mut status = Status::new("preparing pictures and collages");
    let mut on_step = async |done: usize, total: usize| {
        status.progress(done, total);
        ControlFlow::Continue(())
    };
    Trainer::new(base, decomposed, &subjects, config, &mut on_step).await
}

/// Prints the losses and saves the checkpoints of a run.
struct Run<'a> {
    store: &'a CheckpointFile,
    began: Instant,
    /// Steps that were done before.
    first: usize,
}

impl TrainHooks for Run<'_> {
    async fn on_step(&mut self, trainer: &Trainer, report: &StepReport) -> Result<()> {
        if let Some(loss) = report.losses.last()
            && (loss.step.is_multiple_of(LINES) || trainer.is_done())
        {
            let rate = (report.step - self.first) as f64 / self.began.elapsed().as_secs_f64();
            eprintln!(
                "step {}/{}  loss {:.4}  {rate:.2} steps/s",
                loss.step, report.total, loss.total
            );
        }
        Ok(())
    }

    async fn on_checkpoint(&mut self, trainer: &mut Trainer) -> Result<()> {
        let checkpoint = trainer.checkpoint().await?;
        self.store.save(&checkpoint.to_bytes()?).await
    }
}
