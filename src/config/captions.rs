//! Captions of training pictures, from templates.

use serde::{Deserialize, Serialize};

use super::SubjectWords;
use super::checks::text;
use super::collage::Layout;
use crate::error::{Error, Result};

/// The placeholders of the first and the second subject.
const PLACEHOLDERS: [&str; 2] = ["{a}", "{b}"];
/// Class scenes at most.
const MAX_SCENES: usize = 64;
/// Characters of a template or a prompt at most.
pub(super) const MAX_CHARACTERS: usize = 500;

/// Templates of captions; `{a}` and `{b}` stand for a subject with its article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "booth", derive(clap::Args))]
#[cfg_attr(feature = "page", derive(reactive_stores::Store))]
#[serde(default, deny_unknown_fields)]
pub struct Captions {
    /// Caption of a picture of one subject; '{a}' stands for the subject.
    #[cfg_attr(feature = "booth", arg(long = "caption", value_name = "TEXT"))]
    pub single: String,
    /// Caption of a left-right collage; '{b}' stands for the second subject.
    #[cfg_attr(
        feature = "booth",
        arg(long = "caption-left-right", value_name = "TEXT")
    )]
    pub left_right: String,
    /// Caption of a top-bottom collage.
    #[cfg_attr(
        feature = "booth",
        arg(long = "caption-top-bottom", value_name = "TEXT")
    )]
    pub top_bottom: String,
    /// Caption of half of all collages.
    #[cfg_attr(feature = "booth", arg(long = "caption-together", value_name = "TEXT"))]
    pub together: String,
    /// Scenes of class pictures ('in the snow'), used in turn; '' is the class alone. Various scenes
    /// keep the class from taking over the backgrounds of the subject's pictures.
    #[cfg_attr(feature = "booth", arg(long, value_name = "TEXT"))]
    pub class_scenes: Vec<String>,
}

impl Default for Captions {
    fn default() -> Self {
        let scenes = ["", "on grass", "in the snow", "on a beach", "in space"];
        Self {
            single: "photo of {a}".into(),
            left_right: "photo of {a} on the left and {b} on the right".into(),
            top_bottom: "photo of {a} on the top and {b} on the bottom".into(),
            together: "photo of {a} and {b}".into(),
            class_scenes: scenes.map(str::to_owned).into(),
        }
    }
}

impl Captions {
    /// Trims and checks the templates.
    ///
    /// # Errors
    /// `Settings` for a template without its placeholders, for too many scenes and for text that is
    /// empty, long or unprintable.
    pub fn validated(mut self) -> Result<Self> {
        for (name, template, subjects) in [
            ("single", &mut self.single, 1),
            ("left_right", &mut self.left_right, 2),
            ("top_bottom", &mut self.top_bottom, 2),
            ("together", &mut self.together, 2),
        ] {
            *template = text(&format!("the template '{name}'"), template, MAX_CHARACTERS)?;
            for placeholder in &PLACEHOLDERS[..subjects] {
                if template.matches(placeholder).count() != 1 {
                    return Err(Error::Settings(format!(
                        "The template '{template}' must hold {placeholder} once, where the subject's words go. Write it as 'photo of {{a}} and {{b}}' does."
                    )));
                }
            }
        }
        if self.class_scenes.len() > MAX_SCENES {
            return Err(Error::Settings(format!(
                "There are {} scenes for the class pictures, but no more than {MAX_SCENES} are used. Leave some out.",
                self.class_scenes.len()
            )));
        }
        for scene in &mut self.class_scenes {
            *scene = match scene.trim() {
                "" => String::new(),
                some => text("a scene of the class pictures", some, MAX_CHARACTERS)?,
            };
        }
        Ok(self)
    }

    /// The caption of a subject's own pictures: "photo of a sks robot".
    pub fn instance(&self, words: &SubjectWords) -> String {
        if words.prompt.is_empty() {
            self.single
                .replace(PLACEHOLDERS[0], &with_article(&words.name()))
        } else {
            words.prompt.clone()
        }
    }

    /// The prompts of the class pictures: "photo of a robot", "photo of a robot in the snow". At
    /// least one.
    pub fn classes(&self, words: &SubjectWords) -> Vec<String> {
        let class = self
            .single
            .replace(PLACEHOLDERS[0], &with_article(&words.class_word));
        let mut captions: Vec<String> = self
            .class_scenes
            .iter()
            .map(|scene| format!("{class} {scene}").trim_end().to_owned())
            .collect();
        if captions.is_empty() {
            captions.push(class);
        }
        captions
    }

    /// The caption of a collage of two subjects: the template `together`, or that of the layout.
    pub fn collage(&self, layout: Layout, together: bool, subjects: [&str; 2]) -> Caption {
        let template = match (together, layout) {
            (true, _) => &self.together,
            (false, Layout::LeftRight) => &self.left_right,
            (false, Layout::TopBottom) => &self.top_bottom,
        };
        Caption::new(template, subjects)
    }
}

/// A caption of two subjects, with the position of each subject's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// The whole text.
    pub text: String,
    /// The byte range of each subject's words, without the article.
    pub places: [std::ops::Range<usize>; 2],
}

impl Caption {
    fn new(template: &str, subjects: [&str; 2]) -> Self {
        let mut text = String::new();
        let mut places = [0..0, 0..0];
        let mut rest = template;
        while let Some((start, which)) = PLACEHOLDERS
            .iter()
            .enumerate()
            .filter_map(|(which, placeholder)| Some((rest.find(placeholder)?, which)))
            .min()
        {
            text.push_str(&rest[..start]);
            let named = with_article(subjects[which]);
            let words = text.len() + named.len() - subjects[which].len();
            text.push_str(&named);
            places[which] = words..text.len();
            rest = &rest[start + PLACEHOLDERS[which].len()..];
        }
        text.push_str(rest);
        Self { text, places }
    }
}

/// "a dog", "an owl".
fn with_article(words: &str) -> String {
    let vowel = words
        .chars()
        .next()
        .is_some_and(|first| "aeiouAEIOU".contains(first));
    format!("{} {words}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_prompts_are_dreambooths_and_the_papers() {
        let captions = Captions::default();
        let words = SubjectWords::new("sks", "robot");
        assert_eq!(captions.instance(&words), "photo of a sks robot");
        assert_eq!(
            captions.classes(&words)[..2],
            ["photo of a robot", "photo of a robot on grass"]
        );
        let bare = Captions {
            class_scenes: Vec::new(),
            ..Captions::default()
        };
        assert_eq!(
            bare.classes(&SubjectWords::new("sks", "owl")),
            ["photo of an owl"]
        );
        let caption = captions.collage(Layout::LeftRight, false, ["sks dog", "olis owl"]);
        assert_eq!(
            caption.text,
            "photo of a sks dog on the left and an olis owl on the right"
        );
        assert_eq!(&caption.text[caption.places[0].clone()], "sks dog");
        assert_eq!(&caption.text[caption.places[1].clone()], "olis owl");
    }

    #[test]
    fn a_template_may_name_the_second_subject_first() {
        let captions = Captions {
            together: "{b} next to {a}".into(),
            ..Captions::default()
        };
        let caption =
            captions
                .validated()
                .unwrap()
                .collage(Layout::TopBottom, true, ["sks dog", "olis cat"]);
        assert_eq!(caption.text, "an olis cat next to a sks dog");
        assert_eq!(&caption.text[caption.places[0].clone()], "sks dog");
        assert_eq!(&caption.text[caption.places[1].clone()], "olis cat");
    }

    #[test]
    fn a_prompt_of_its_own_needs_no_identifier() {
        let words = SubjectWords {
            prompt: " a dog on grass ".into(),
            ..SubjectWords::default()
        };
        let words = words.validated().unwrap();
        assert_eq!(Captions::default().instance(&words), "a dog on grass");
    }

    #[test]
    fn templates_without_their_subjects_are_refused() {
        for together in ["photo of {a}", "{a} {a} {b}", " "] {
            let captions = Captions {
                together: together.into(),
                ..Captions::default()
            };
            assert!(captions.validated().is_err(), "{together}");
        }
    }
}
