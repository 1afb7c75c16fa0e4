//! `booth eval`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use deltabooth::eval::judge::Judge;
use deltabooth::eval::prompts::{Asked, alone, class, together};
use deltabooth::eval::score::{Scores, Share, majority, score};
use deltabooth::generate::{GenerateSettings, generate};
use deltabooth::model::base_model::BaseModel;
use deltabooth::picture::Picture;
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::link_payload;
use deltabooth::spectral::{DecomposedBaseModel, LayerSelection};
use deltabooth::{Error, Result};

use super::common::{BaseArgs, Status, today, write};
use super::generate::grid;
use super::subjects::{SubjectArg, open};
use super::train::{Recipe, begin};

/// Trains on subjects, makes pictures and lets the judge say what they show.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    base: BaseArgs,
    /// Side of the pictures in pixels [default: the base's own].
    #[arg(long, value_name = "PX")]
    size: Option<usize>,
    /// Folder of the judge that tools/base/judge.py trains.
    #[arg(long, value_name = "DIR", default_value = "tools/base/judge")]
    judge: PathBuf,
    /// Pictures, identifier and class of a subject; again for each further one.
    #[arg(long, value_name = "DIR|WORD|CLASS", required = true)]
    subject: Vec<SubjectArg>,
    /// Train on all subjects at once and ask for the first two together.
    #[arg(long)]
    together: bool,
    /// Train on the first two apart, add their deltas and ask for both together.
    #[arg(long, conflicts_with = "together")]
    summed: bool,
    #[command(flatten)]
    recipe: Recipe,
    /// Trainings of each, with the seeds from --seed on.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// Pictures of each prompt.
    #[arg(long, value_name = "N", default_value_t = 4)]
    count: usize,
    /// Sampling steps.
    #[arg(long = "sampling-steps", value_name = "N", default_value_t = 25)]
    sampling_steps: usize,
    /// Classifier-free guidance.
    #[arg(long, value_name = "X", default_value_t = 4.0)]
    guidance: f64,
    /// Strength of the deltas; 0 shows what the base does without them.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    strength: f32,
    /// Send every delta through a link of so many characters first.
    #[arg(long, value_name = "N")]
    packed: Option<usize>,
    /// What this row of the table is called.
    #[arg(long, value_name = "TEXT", default_value = "recipe")]
    label: String,
    /// Every picture, a row for each prompt.
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    if (args.together || args.summed) && args.subject.len() < 2 {
        return Err(Error::Settings(
            "Two subjects are to be seen together, but one was given. Give --subject twice.".into(),
        ));
    }
    let base = args.base.load_at(args.size).await?;
    let judge = Judge::load(&args.judge).await?;
    let layers = args.recipe.layers.unwrap_or_default();
    let selection = LayerSelection::for_training(layers, args.recipe.text_encoder);
    let decomposed = args.base.cache.factors(&base, &selection).await?;
    let mut sprites = Vec::new();
    for subject in &args.subject {
        sprites.push(own_sprite(&judge, subject).await?);
    }
    let mut evaluation = Evaluation {
        args: &args,
        base: &base,
        judge: &judge,
        decomposed: &decomposed,
        scores: Scores::default(),
        rows: BTreeMap::new(),
    };
    let began = Instant::now();
    let mut steps = 0;
    for seed in 0..args.seeds {
        let seed = args.recipe.seed.unwrap_or(0) + seed;
        if args.together {
            let (delta, made) = evaluation.train(&args.subject, seed).await?;
            steps += made;
            evaluation
                .both(&[(&delta, args.strength)], &sprites, seed)
                .await?;
        } else if args.summed {
            let (a, first) = evaluation.train(&args.subject[..1], seed).await?;
            let (b, second) = evaluation.train(&args.subject[1..2], seed).await?;
            steps += first + second;
            let deltas = [(&a, args.strength), (&b, args.strength)];
            evaluation.both(&deltas, &sprites, seed).await?;
        } else {
            for (subject, sprite) in args.subject.iter().zip(&sprites) {
                let (delta, made) = evaluation
                    .train(std::slice::from_ref(subject), seed)
                    .await?;
                steps += made;
                let mut asked = alone(&subject.words.name());
                asked.extend(class(&subject.words.class_word));
                let deltas = [(&delta, args.strength)];
                evaluation
                    .look(&deltas, &asked, &[*sprite], seed, args.count)
                    .await?;
            }
        }
    }
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    print(&args, &evaluation.scores, steps, minutes);
    match &args.sheet {
        Some(path) => write(path, &sheet(&evaluation.rows, base.picture_size())?),
        None => Ok(()),
    }
}

struct Evaluation<'a> {
    args: &'a Args,
    base: &'a BaseModel,
    judge: &'a Judge,
    decomposed: &'a DecomposedBaseModel,
    scores: Scores,
    /// Prompt to pictures, `[3, size, size]` in [0, 1].
    rows: BTreeMap<String, Vec<Vec<f32>>>,
}

impl Evaluation<'_> {
    /// A delta, and the steps that it took.
    async fn train(&self, subjects: &[SubjectArg], seed: u64) -> Result<(Delta, usize)> {
        let words = subjects.iter().map(|s| s.words.clone()).collect();
        let mut settings = self.args.recipe.settings(words);
        settings.seed = seed;
        let mut trainer = begin(self.base, self.decomposed, settings, subjects).await?;
        let mut status = Status::new("training");
        while !trainer.is_done() {
            let report = trainer.step().await?;
            status.progress(report.step, report.total);
        }
        let delta = trainer.finish(&today()).await?;
        let delta = match self.args.packed {
            Some(limit) => link_payload::decode(&link_payload::encode(&delta, limit)?.text)?,
            None => delta,
        };
        Ok((delta, trainer.step_count()))
    }

    /// The first two subjects in one picture, and one picture of each prompt for each of them alone.
    async fn both(&mut self, deltas: &[(&Delta, f32)], sprites: &[usize], seed: u64) -> Result<()> {
        let names: Vec<String> = self.args.subject.iter().map(|s| s.words.name()).collect();
        let asked = together([&names[0], &names[1]]);
        self.look(deltas, &asked, sprites, seed, self.args.count)
            .await?;
        for (name, sprite) in names.iter().zip(sprites) {
            self.look(deltas, &alone(name), &[*sprite], seed, 1).await?;
        }
        Ok(())
    }

    async fn look(
        &mut self,
        deltas: &[(&Delta, f32)],
        asked: &[Asked],
        sprites: &[usize],
        seed: u64,
        count: usize,
    ) -> Result<()> {
        let tuned = self.decomposed.bake(self.base, deltas)?;
        let mut status = Status::new("making pictures");
        for (index, asked) in asked.iter().enumerate() {
            status.progress(index, 0);
            let settings = GenerateSettings {
                prompt: asked.prompt.clone(),
                seed: 1_000 * (seed + 1) + 100 * index as u64,
                steps: self.args.sampling_steps,
                guidance_scale: self.args.guidance,
                count,
                ..GenerateSettings::default()
            };
            let mut on_step = async |_: usize, _: usize| ControlFlow::Continue(());
            let made = generate(&tuned, &tuned.unet, &settings, None, &mut on_step).await?;
            let size = made.images.len() / count;
            let pictures: Vec<Vec<f32>> = made
                .images
                .chunks_exact(size)
                .map(|picture| picture.iter().map(|value| value * 2.0 - 1.0).collect())
                .collect();
            for verdict in self.judge.look(&pictures).await? {
                self.scores += score(self.judge, asked, &verdict, sprites);
            }
            let row = self.rows.entry(asked.prompt.clone()).or_default();
            row.extend(made.images.chunks_exact(size).map(<[f32]>::to_vec));
        }
        Ok(())
    }
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

/// A row of a Markdown table, with its heads.
fn print(args: &Args, scores: &Scores, steps: usize, minutes: f64) {
    let cell = |share: Share| match share.of {
        0 => "".to_owned(),
        of => format!("{:.1} % of {of}", 100.0 * share.rate()),
    };
    println!(
        "| recipe | steps | identity | class | class kept | scene | companion | both | doubled | minutes |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    println!(
        "| {} | {steps} | {} | {} | {} | {} | {} | {} | {} | {minutes:.1} |",
        args.label,
        cell(scores.identity),
        cell(scores.class),
        cell(scores.kept),
        cell(scores.scene),
        cell(scores.companion),
        cell(scores.both),
        cell(scores.doubled),
    );
}

/// All pictures, a row for each prompt, in the order of the prompts' letters.
fn sheet(rows: &BTreeMap<String, Vec<Vec<f32>>>, size: usize) -> Result<Vec<u8>> {
    let columns = rows.values().map(Vec::len).max().unwrap_or(1);
    let white = vec![1.0; 3 * size * size];
    let pictures = rows
        .values()
        .flat_map(|row| {
            let filled = row.iter().chain(std::iter::repeat(&white));
            filled.take(columns)
        })
        .map(|picture| Picture::from_unit(picture, size as u32, size as u32))
        .collect::<Result<Vec<_>>>()?;
    grid(&pictures, columns)
}
