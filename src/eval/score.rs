//! Verdicts to shares: identity (is it this very subject?) and prompt following (is what was asked
//! for there?).

use super::judge::{Judge, Verdict};
use super::prompts::{Asked, Who};

/// The numbers of the regions in a verdict.
const WHOLE: usize = 0;
const LEFT: usize = 1;
const RIGHT: usize = 2;

/// Shares of pictures, 0 to 1, with how many of them there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// The subject is this very sprite (where it should stand alone).
    pub identity: Share,
    /// The subject is a thing of its class, of any style.
    pub class: Share,
    /// Without the identifier: a thing of the class that is not this very sprite.
    pub kept: Share,
    /// The scene is the one that was asked for.
    pub scene: Share,
    /// Subject and companion stand where they should: the very sprite, the thing in any style.
    pub companion: Share,
    /// Both subjects are there, each its very sprite, side by side.
    pub both: Share,
    /// Side by side, but one of them stands on both sides.
    pub doubled: Share,
}

/// How often something was so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// So often.
    pub yes: usize,
    /// Of so many.
    pub of: usize,
}

impl Share {
    fn add(&mut self, yes: bool) {
        self.yes += usize::from(yes);
        self.of += 1;
    }

    /// As a part of 1; 0 of none.
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

/// The sprite that most of `verdicts` (of a subject's own pictures) see, and how many do.
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

/// What one picture adds: `asked` for, judged so, the subjects being the sprites `subjects`.
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
