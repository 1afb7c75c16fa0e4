//! The words that name a subject.

use serde::{Deserialize, Serialize};

use super::captions::MAX_CHARACTERS;
use super::checks::text;
use crate::error::{Error, Result};

/// The words of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubjectWords {
    /// The identifier: one rare word, such as 'sks'.
    pub token: String,
    /// The class: one word or several, such as 'robot' or 'teddy bear'.
    pub class_word: String,
    /// A whole prompt in place of identifier and class, for the editing of one picture. Usually
    /// empty.
    pub prompt: String,
}

impl SubjectWords {
    /// A subject with an identifier and a class.
    pub fn new(token: impl Into<String>, class_word: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            class_word: class_word.into(),
            prompt: String::new(),
        }
    }

    /// The words that stand for the subject in a prompt: "sks robot".
    pub fn name(&self) -> String {
        if self.prompt.is_empty() {
            format!("{} {}", self.token, self.class_word)
        } else {
            self.prompt.clone()
        }
    }

    /// Trims and checks the words.
    ///
    /// # Errors
    /// `Settings` for an empty, long or unprintable text and for an identifier of several words.
    pub fn validated(mut self) -> Result<Self> {
        self.prompt = self.prompt.trim().to_owned();
        if !self.prompt.is_empty() {
            return Ok(Self {
                prompt: text("the prompt", &self.prompt, MAX_CHARACTERS)?,
                ..Self::default()
            });
        }
        self.token = text("the identifier", &self.token, 64)?;
        if self.token.contains(char::is_whitespace) {
            return Err(Error::Settings(format!(
                "The identifier '{}' is more than one word. Choose a single rare word such as 'sks'.",
                self.token
            )));
        }
        self.class_word = text("the class word", &self.class_word, 64)?;
        Ok(self)
    }
}
