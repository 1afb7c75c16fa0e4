//! Evaluation of a trained delta: a classifier (the judge) labels generated pictures.
//!
//! | file | what it does |
//! |---|---|
//! | [`judge`] | the classifier, trained by tools/base/judge.py on the sprites of the built-in base model |
//! | [`score`] | identity and prompt following over many pictures |
//! | [`prompts`] | the prompts, and what the pictures should show |

pub mod judge;
pub mod prompts;
pub mod score;
