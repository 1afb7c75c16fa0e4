//! `booth eval`.

mod evaluation;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use deltabooth::config::{GenerateConfig, TrainConfig};
use deltabooth::eval::judge::Judge;
use deltabooth::eval::prompts::{alone, class};
use deltabooth::eval::score::{Scores, majority};
use deltabooth::spectral::LayerSelection;
use deltabooth::{Error, Result};

use super::train;
use crate::args::base::BaseArgs;
use crate::args::overrides::Overrides;
use crate::args::subject::{SubjectArg, open};
use crate::io::files::write;
use evaluation::{Evaluation, Plan};

/// Trains on subjects, makes pictures and scores them with the judge.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// Folder of the judge that tools/base/judge.py trains.
    #[arg(long, value_name = "DIR", default_value = "tools/base/judge")]
    judge: PathBuf,
    /// A subject: folder of pictures, identifier and class. Repeat for further subjects.
    #[arg(long, value_name = "DIR|WORD|CLASS", required = true)]
    subject: Vec<SubjectArg>,
    /// Trains on all subjects at once and asks for the first two together.
    #[arg(long)]
    together: bool,
    /// Trains on the first two separately, adds their deltas and asks for both together.
    #[arg(long, conflicts_with = "together")]
    summed: bool,
    #[command(flatten)]
    config: Overrides<TrainConfig>,
    /// Trainings of each subject, with the seeds from --seed on.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// Pictures of each prompt.
    #[arg(long, value_name = "N", default_value_t = 4)]
    num_images_per_prompt: usize,
    /// Sampling steps.
    #[arg(long, value_name = "N", default_value_t = GenerateConfig::default().num_inference_steps)]
    num_inference_steps: usize,
    /// Scale of classifier-free guidance.
    #[arg(long, value_name = "X", default_value_t = GenerateConfig::default().guidance_scale)]
    guidance_scale: f64,
    /// Strength of the deltas; 0 evaluates the base model.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    strength: f32,
    /// Packs every delta into a link of at most N characters first.
    #[arg(long, value_name = "N")]
    packed: Option<usize>,
    /// Name of the table's row.
    #[arg(long, value_name = "TEXT", default_value = "recipe")]
    label: String,
    /// Writes every picture, one row per prompt.
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    if (args.together || args.summed) && args.subject.len() < 2 {
        return Err(Error::Settings(
            "Two subjects are to be seen together, but one was given. Give --subject twice.".into(),
        ));
    }
    let config = train::config(&args.config, &args.subject)?;
    let base = args.base.load_at(config.resolution).await?;
    let judge = Judge::load(&args.judge).await?;
    let selection = LayerSelection::for_training(config.layers, config.train_text_encoder);
    let decomposed = args.base.cache.factors(&base, &selection).await?;
    let mut sprites = Vec::new();
    for subject in &args.subject {
        sprites.push(own_sprite(&judge, subject).await?);
    }
    let mut evaluation = Evaluation {
        plan: Plan {
            subjects: &args.subject,
            training: &args.config,
            pictures: GenerateConfig {
                num_inference_steps: args.num_inference_steps,
                guidance_scale: args.guidance_scale,
                num_images_per_prompt: args.num_images_per_prompt,
                ..GenerateConfig::default()
            },
            packed: args.packed,
        },
        base: &base,
        judge: &judge,
        decomposed: &decomposed,
        scores: Scores::default(),
        rows: BTreeMap::new(),
    };
    let began = Instant::now();
    let mut steps = 0;
    for seed in 0..args.seeds {
        steps += evaluate(&args, &mut evaluation, &sprites, config.seed + seed).await?;
    }
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    report::print(&args.label, &evaluation.scores, steps, minutes);
    match &args.sheet {
        Some(path) => write(path, &report::sheet(&evaluation.rows, base.picture_size())?),
        None => Ok(()),
    }
}

/// Trains and makes pictures with one seed; the result is the number of training steps.
async fn evaluate(
    args: &Args,
    evaluation: &mut Evaluation<'_>,
    sprites: &[usize],
    seed: u64,
) -> Result<usize> {
    let mut steps = 0;
    if args.together {
        let (delta, made) = evaluation.train(&args.subject, seed).await?;
        steps += made;
        evaluation
            .both(&[(&delta, args.strength)], sprites, seed)
            .await?;
    } else if args.summed {
        let (a, first) = evaluation.train(&args.subject[..1], seed).await?;
        let (b, second) = evaluation.train(&args.subject[1..2], seed).await?;
        steps += first + second;
        let deltas = [(&a, args.strength), (&b, args.strength)];
        evaluation.both(&deltas, sprites, seed).await?;
    } else {
        for (subject, sprite) in args.subject.iter().zip(sprites) {
            let (delta, made) = evaluation
                .train(std::slice::from_ref(subject), seed)
                .await?;
            steps += made;
            let mut asked = alone(&subject.words.name());
            asked.extend(class(&subject.words.class_word));
            let deltas = [(&delta, args.strength)];
            let count = args.num_images_per_prompt;
            evaluation
                .look(&deltas, &asked, &[*sprite], seed, count)
                .await?;
        }
    }
    Ok(steps)
}

/// The sprite that the judge sees in most of a subject's own pictures.
async fn own_sprite(judge: &Judge, subject: &SubjectArg) -> Result<usize> {
    let pictures = open(std::slice::from_ref(subject), judge.size())?;
    let verdicts = judge.look(&pictures[0].pictures).await?;
    let (sprite, count) = majority(&verdicts);
    let [thing, style] = &judge.sprites()[sprite];
    eprintln!(
        "{}: the judge sees {thing} ({style}) in {count} of {} pictures",
        subject.folder.display(),
        verdicts.len()
    );
    Ok(sprite)
}
