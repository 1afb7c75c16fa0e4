//! The fields of a settings struct as flags that replace a default only if they are given.
//!
//! clap's defaults are fixed, but those of training depend on the number of subjects. So the flags
//! have no defaults: [`Overrides::apply`] puts the given ones into settings that the command chose.

use std::marker::PhantomData;

use clap::{ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use deltabooth::config::{EditConfig, GenerateConfig, TrainConfig};
use deltabooth::{Error, Result};
use serde::Serialize;
use serde_json::Value;

/// A settings struct with flags.
pub(crate) trait Flags: Args + Default + Serialize {
    /// Flags without which the command cannot run, by their field names.
    const REQUIRED: &'static [&'static str] = &[];
}

impl Flags for TrainConfig {}

impl Flags for GenerateConfig {
    const REQUIRED: &'static [&'static str] = &["prompt"];
}

impl Flags for EditConfig {
    const REQUIRED: &'static [&'static str] = &["prompt", "target_prompt"];
}

/// The flags of a settings struct.
#[derive(Clone, Debug)]
pub(crate) struct Overrides<C> {
    matches: ArgMatches,
    settings: PhantomData<C>,
}

impl<C: Flags> Overrides<C> {
    /// Replaces the values of the flags that were given.
    pub(crate) fn apply(&self, mut settings: C) -> Result<C> {
        settings
            .update_from_arg_matches(&self.matches)
            .map_err(|error| Error::Settings(error.to_string()))?;
        Ok(settings)
    }

    /// The fields whose flags were given.
    pub(crate) fn given(&self) -> Vec<String> {
        let command = C::augment_args_for_update(Command::new("flags"));
        let ids = command.get_arguments().map(|arg| arg.get_id().as_str());
        ids.filter(|id| self.matches.value_source(id) == Some(ValueSource::CommandLine))
            .map(str::to_owned)
            .collect()
    }
}

impl<C: Flags> FromArgMatches for Overrides<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            matches: matches.clone(),
            settings: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.matches = matches.clone();
        Ok(())
    }
}

impl<C: Flags> Args for Overrides<C> {
    fn augment_args(command: Command) -> Command {
        let mut command = C::augment_args_for_update(command);
        for id in C::REQUIRED {
            command = command.mut_arg(id, |arg| arg.required(true));
        }
        let defaults = serde_json::to_value(C::default()).unwrap_or_default();
        command.mut_args(|arg| {
            let default = find(&defaults, arg.get_id().as_str()).and_then(shown);
            match (default, arg.get_help()) {
                (Some(default), Some(help)) => {
                    let help = format!("{help} [default: {default}]");
                    arg.help(help)
                }
                _ => arg,
            }
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The value of a field, also in nested structs.
fn find<'a>(settings: &'a Value, field: &str) -> Option<&'a Value> {
    let fields = settings.as_object()?;
    let nested = || fields.values().find_map(|inner| find(inner, field));
    fields.get(field).or_else(nested)
}

/// A default as text; none for what is off or empty.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().map(|item| match item {
                Value::String(text) => format!("'{text}'"),
                item => item.to_string(),
            });
            Some(items.collect::<Vec<String>>().join(","))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn parsed(args: &[&str]) -> Overrides<TrainConfig> {
        let command = Overrides::<TrainConfig>::augment_args(Command::new("test"));
        let matches = command.try_get_matches_from([&["test"], args].concat());
        Overrides::from_arg_matches(&matches.unwrap()).unwrap()
    }

    #[test]
    fn only_given_flags_replace_settings() {
        let flags = parsed(&["--seed", "7", "--random-flip", "--class-scenes", "at sea"]);
        let mut expected = TrainConfig::for_subjects(2);
        let changed = flags.apply(expected.clone()).unwrap();
        expected.seed = 7;
        expected.random_flip = true;
        expected.captions.class_scenes = vec!["at sea".into()];
        assert_eq!(changed, expected);
        let mut given = flags.given();
        given.sort();
        assert_eq!(given, ["class_scenes", "random_flip", "seed"]);
    }

    #[test]
    fn help_shows_the_default() {
        let mut command = Overrides::<TrainConfig>::augment_args(Command::new("test"));
        let help = command.render_long_help().to_string();
        assert!(help.contains("[default: 0.00002]"), "{help}");
        assert!(help.contains("'on grass'"), "{help}");
    }
}
