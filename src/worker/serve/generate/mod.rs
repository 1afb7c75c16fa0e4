//! Generated and edited pictures.

mod bake;
mod edit;
mod run;

pub(crate) use self::edit::edit;
pub(crate) use self::run::generate;
