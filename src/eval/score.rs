//! Scores from verdicts: identity (is it the subject?) and prompt following (is the expected scene
//! there?).

use super::judge::{Judge, Verdict};
use super::prompts::{Asked, Who};

/// Indices of regions in a verdict.
const WHOLE: usize = 0;
const LEFT: usize = 1;
const RIGHT: usize = 2;

/// Shares of the pictures that passed each test.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// The picture shows the subject's sprite, alone.
    pub identity: Share,
    /// The picture shows an object of the subject's class, in any style.
    pub class: Share,
    /// Without the identifier: an object of the class that is not the subject's sprite.
    pub kept: Share,
    /// The expected scene.
    pub scene: Share,
    /// The subject's sprite on the left, the other object, in any style, on the right.
    pub companion: Share,
    /// The sprites of both subjects, side by side.
    pub both: Share,
    /// The sprite of one subject on both sides.
    pub doubled: Share,
}

/// A number of passed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Passed.
    pub yes: usize,
    /// Total.
    pub of: usize,
}

impl Share {
    fn add(&mut self, yes: bool) {
        self.yes += usize::from(yes);
        self.of += 1;
    }

    /// yes / of, 0 to 1; 0 if there are none.
    pub fn rate(self) -> f64 {
        self.yes as f64 / self.of.max(1) as f64
    }
}

impl std::ops::AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.yes += other.yes;
        self.of += other.of;
    }
}

impl std::ops::AddAssign for Scores {
    fn add_assign(&mut self, other: Self) {
        self.identity += other.identity;
        self.class += other.class;
        self.kept += other.kept;
        self.scene += other.scene;
        self.companion += other.companion;
        self.both += other.both;
        self.doubled += other.doubled;
    }
}

/// The most frequent sprite in `verdicts`, and its count. With the verdicts of a subject's own pictures
/// this is the subject's sprite.
pub fn majority(verdicts: &[Verdict]) -> (usize, usize) {
    let mut counts = std::collections::BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict.regions[WHOLE].sprite).or_insert(0) += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .unwrap_or((0, 0))
}

/// The score of one picture with verdict `verdict` for the prompt `asked`; `subjects` are the sprites of
/// the subjects.
pub fn score(judge: &Judge, asked: &Asked, verdict: &Verdict, subjects: &[usize]) -> Scores {
    let mut scores = Scores::default();
    let thing = |sprite: usize| judge.sprites()[sprite][0].as_str();
    let at = |region: usize| verdict.regions[region].sprite;
    if let Some(scene) = asked.scene {
        scores.scene.add(judge.grounds()[verdict.ground] == scene);
    }
    match (&asked.who, subjects) {
        (Who::Alone, [subject, ..]) => {
            scores.identity.add(at(WHOLE) == *subject);
            scores.class.add(thing(at(WHOLE)) == thing(*subject));
        }
        (Who::Class, [subject, ..]) => {
            let seen = at(WHOLE);
            scores
                .kept
                .add(thing(seen) == thing(*subject) && seen != *subject);
        }
        (Who::WithThing(other), [subject, ..]) => {
            scores
                .companion
                .add(at(LEFT) == *subject && thing(at(RIGHT)) == *other);
        }
        (Who::Both, [a, b, ..]) => {
            let seen = [at(LEFT), at(RIGHT)];
            scores.both.add(seen == [*a, *b] || seen == [*b, *a]);
            scores.doubled.add(seen == [*a, *a] || seen == [*b, *b]);
        }
        _ => {}
    }
    scores
}
