//! Trainings, and pictures that the judge scores.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use deltabooth::Result;
use deltabooth::config::{GenerateConfig, TrainConfig};
use deltabooth::eval::judge::Judge;
use deltabooth::eval::prompts::{Asked, alone, together};
use deltabooth::eval::score::{Scores, score};
use deltabooth::generate::generate;
use deltabooth::model::base_model::BaseModel;
use deltabooth::spectral::DecomposedBaseModel;
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::link_payload;

use crate::args::overrides::Overrides;
use crate::args::subject::SubjectArg;
use crate::commands::train::{begin, config};
use crate::io::date::today;
use crate::io::status::Status;

/// The settings of an evaluation.
pub(super) struct Plan<'a> {
    pub(super) subjects: &'a [SubjectArg],
    pub(super) training: &'a Overrides<TrainConfig>,
    /// The pictures, without prompt and seed.
    pub(super) pictures: GenerateConfig,
    /// Characters of the link that each delta is packed into first.
    pub(super) packed: Option<usize>,
}

/// An evaluation and its results so far.
pub(super) struct Evaluation<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) base: &'a BaseModel,
    pub(super) judge: &'a Judge,
    pub(super) decomposed: &'a DecomposedBaseModel,
    pub(super) scores: Scores,
    /// Pictures by prompt, `[3, size, size]` in [0, 1].
    pub(super) rows: BTreeMap<String, Vec<Vec<f32>>>,
}

impl Evaluation<'_> {
    /// Trains a delta; the second result is the number of steps.
    pub(super) async fn train(&self, subjects: &[SubjectArg], seed: u64) -> Result<(Delta, usize)> {
        let mut config = config(self.plan.training, subjects)?;
        config.seed = seed;
        let mut trainer = begin(self.base, self.decomposed, config, subjects).await?;
        trainer.run(&mut Status::new("training")).await?;
        let delta = trainer.finish(&today()).await?;
        let delta = match self.plan.packed {
            Some(limit) => link_payload::decode(&link_payload::encode(&delta, limit)?.text)?,
            None => delta,
        };
        Ok((delta, trainer.step_count()))
    }

    /// Pictures of the first two subjects together, and one picture of each prompt for each alone.
    pub(super) async fn both(
        &mut self,
        deltas: &[(&Delta, f32)],
        sprites: &[usize],
        seed: u64,
    ) -> Result<()> {
        let subjects = self.plan.subjects.iter();
        let names: Vec<String> = subjects.map(|subject| subject.words.name()).collect();
        let asked = together([&names[0], &names[1]]);
        let count = self.plan.pictures.num_images_per_prompt;
        self.look(deltas, &asked, sprites, seed, count).await?;
        for (name, sprite) in names.iter().zip(sprites) {
            self.look(deltas, &alone(name), &[*sprite], seed, 1).await?;
        }
        Ok(())
    }

    /// Makes `count` pictures of each prompt and scores them.
    pub(super) async fn look(
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
            let config = GenerateConfig {
                prompt: asked.prompt.clone(),
                seed: 1_000 * (seed + 1) + 100 * index as u64,
                num_images_per_prompt: count,
                ..self.plan.pictures.clone()
            };
            let mut on_step = async |_: usize, _: usize| ControlFlow::Continue(());
            let made = generate(&tuned, &tuned.unet, &config, None, &mut on_step).await?;
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
