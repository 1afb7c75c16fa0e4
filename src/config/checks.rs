//! Range checks, with the setting's name in the error.

use crate::error::{Error, Result};

/// An error of kind `Settings`.
pub(super) fn refuse<T>(message: String) -> Result<T> {
    Err(Error::Settings(message))
}

/// Checks a count.
pub(super) fn within(name: &str, value: usize, low: usize, high: usize) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    refuse(format!(
        "{name} is {value}, but it must lie between {low} and {high}."
    ))
}

/// Checks a real number and rounds it to the digits of an F32. Every JSON reader restores these
/// exactly, so a resumed run computes with the same numbers.
pub(super) fn number(name: &str, value: &mut f64, low: f64, high: f64) -> Result<()> {
    if !(low..=high).contains(value) {
        return refuse(format!(
            "{name} is {value}, but it must lie between {low} and {high}."
        ));
    }
    *value = (*value as f32).to_string().parse().map_err(|_| {
        Error::Settings(format!(
            "{name} is {value}, which is not a number that can be used."
        ))
    })?;
    Ok(())
}

/// Trims a text and checks that it is printable and not too long.
pub(super) fn text(what: &str, text: &str, longest: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest || text.contains(char::is_control) {
        return Err(Error::Settings(format!(
            "{what} must be 1 to {longest} printable characters, but it has {}. Write what the \
             pictures show, for example identifier 'sks' and class 'robot'.",
            text.chars().count()
        )));
    }
    Ok(text.to_owned())
}
