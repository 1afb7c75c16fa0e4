//! What subjects are called, and the prompts that training is given for them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::tokenizer::Tokenizer;
use crate::recipe;
use crate::train::dataset::collage::Layout;

/// Below this place in the vocabulary a whole word is in common use: CLIP's vocabulary is ordered
/// by frequency and the last fifth of its 49,408 tokens are rare names.
const RARE_FROM: u32 = 40_000;
/// Identifiers in common use that mean nothing to the usual bases.
const IDENTIFIERS: [&str; 8] = ["sks", "olis", "ohwx", "zwx", "hta", "pll", "v1", "v2"];
/// Where a template has its subjects.
const PLACES: [&str; 2] = ["{a}", "{b}"];
/// Class scenes at most.
const MAX_SCENES: usize = 64;
/// The longest template or prompt, in characters.
const MAX_TEMPLATE: usize = 500;

/// What one subject is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Words {
    /// The identifier word ('sks').
    pub token: String,
    /// The class word ('robot'); may be several words ('teddy bear').
    pub class_word: String,
    /// A prompt to use as it is, without an identifier: single-image editing. Usually empty.
    pub prompt: String,
}

impl Words {
    /// A subject of that identifier and class.
    pub fn new(token: impl Into<String>, class_word: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            class_word: class_word.into(),
            prompt: String::new(),
        }
    }

    /// "sks robot": what calls the subject; for a prompt of its own, that prompt.
    pub fn name(&self) -> String {
        if self.prompt.is_empty() {
            format!("{} {}", self.token, self.class_word)
        } else {
            self.prompt.clone()
        }
    }

    /// Trims and checks the words.
    pub(crate) fn validated(mut self) -> Result<Self> {
        self.prompt = self.prompt.trim().to_owned();
        if !self.prompt.is_empty() {
            return Ok(Self {
                prompt: text("the prompt", &self.prompt, MAX_TEMPLATE)?,
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

/// Captions of training pictures; `{a}` and `{b}` stand for a subject with its article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Templates {
    /// One subject.
    pub single: String,
    /// Two, in a collage of left and right.
    pub left_right: String,
    /// Two, in a collage of top and bottom.
    pub top_bottom: String,
    /// Two, in any collage: half of them are captioned so.
    pub together: String,
    /// Ends of the class pictures' prompts, in turn ("in the snow"; an empty one ends nothing). A
    /// subject's pictures have few grounds; a class that is seen in many scenes keeps the words for
    /// them.
    pub class_scenes: Vec<String>,
}

impl Default for Templates {
    fn default() -> Self {
        Self {
            single: recipe::CAPTION.into(),
            left_right: recipe::CAPTION_LEFT_RIGHT.into(),
            top_bottom: recipe::CAPTION_TOP_BOTTOM.into(),
            together: recipe::CAPTION_TOGETHER.into(),
            class_scenes: recipe::CLASS_SCENES.map(str::to_owned).into(),
        }
    }
}

impl Templates {
    pub(crate) fn validated(mut self) -> Result<Self> {
        for (name, template, places) in [
            ("single", &mut self.single, 1),
            ("left_right", &mut self.left_right, 2),
            ("top_bottom", &mut self.top_bottom, 2),
            ("together", &mut self.together, 2),
        ] {
            *template = text(&format!("the template '{name}'"), template, MAX_TEMPLATE)?;
            for place in &PLACES[..places] {
                if template.matches(place).count() != 1 {
                    return Err(Error::Settings(format!(
                        "The template '{template}' must hold {place} once, where the subject's words go. Write it as 'photo of {{a}} and {{b}}' does."
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
                some => text("a scene of the class pictures", some, MAX_TEMPLATE)?,
            };
        }
        Ok(self)
    }

    /// "photo of a sks robot": what a subject's own pictures are called.
    pub fn instance(&self, words: &Words) -> String {
        if words.prompt.is_empty() {
            self.single.replace(PLACES[0], &with_article(&words.name()))
        } else {
            words.prompt.clone()
        }
    }

    /// "photo of a robot", "photo of a robot in the snow": what its class's pictures are called, in
    /// turn; at least one.
    pub fn classes(&self, words: &Words) -> Vec<String> {
        let class = self
            .single
            .replace(PLACES[0], &with_article(&words.class_word));
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

    /// The caption of a collage, with the place of each subject's words in it; `named` is the
    /// caption for `together`, otherwise the layout's.
    pub fn collage(&self, layout: Layout, together: bool, subjects: [&str; 2]) -> Caption {
        let template = match (together, layout) {
            (true, _) => &self.together,
            (false, Layout::LeftRight) => &self.left_right,
            (false, Layout::TopBottom) => &self.top_bottom,
        };
        Caption::new(template, subjects)
    }
}

/// A caption and where in it each of two subjects is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// The whole text.
    pub text: String,
    /// The bytes of each subject's words, without the article.
    pub places: [std::ops::Range<usize>; 2],
}

impl Caption {
    fn new(template: &str, subjects: [&str; 2]) -> Self {
        let mut text = String::new();
        let mut places = [0..0, 0..0];
        let mut rest = template;
        while let Some((start, which)) = PLACES
            .iter()
            .enumerate()
            .filter_map(|(which, place)| Some((rest.find(place)?, which)))
            .min()
        {
            text.push_str(&rest[..start]);
            let named = with_article(subjects[which]);
            let words = text.len() + named.len() - subjects[which].len();
            text.push_str(&named);
            places[which] = words..text.len();
            rest = &rest[start + PLACES[which].len()..];
        }
        text.push_str(rest);
        Self { text, places }
    }

    /// The positions of each subject's words among the tokens of the caption (the start token is
    /// position 0); words beyond the longest text are left out.
    pub fn tokens(&self, tokenizer: &Tokenizer) -> [Vec<usize>; 2] {
        self.places
            .clone()
            .map(|place| tokenizer.positions(&self.text, place))
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

fn text(what: &str, text: &str, longest: usize) -> Result<String> {
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

/// What a person should know about the chosen words; none of it stops a run.
pub fn warnings(subjects: &[Words], tokenizer: &Tokenizer) -> Vec<String> {
    let mut warnings = Vec::new();
    for words in subjects.iter().filter(|words| words.prompt.is_empty()) {
        let token = words.token.as_str();
        let pieces = tokenizer.tokens(token);
        let known = matches!(pieces[..], [piece] if piece < RARE_FROM);
        if known && !IDENTIFIERS.contains(&token.to_lowercase().as_str()) {
            let free: Vec<&str> = IDENTIFIERS
                .into_iter()
                .filter(|word| subjects.iter().all(|other| other.token != *word))
                .take(3)
                .collect();
            warnings.push(format!(
                "The base knows the word '{token}' already, so the subject may mix with what it \
                 means. A rare word is learned more cleanly: {}.",
                free.join(", ")
            ));
        }
        for word in words.class_word.split_whitespace() {
            if tokenizer.tokens(word).len() > 1 {
                warnings.push(format!(
                    "The base does not know '{word}' as a word, so it cannot build on what it knows \
                     of the class. A more general word such as 'dog' or 'toy' may work better."
                ));
            }
        }
        let class = tokenizer.tokens(&words.class_word);
        if pieces.len() == 1 && class.contains(&pieces[0]) {
            warnings.push(format!(
                "The identifier '{token}' is part of the class word, so the two cannot be told \
                 apart. Choose a rare word such as 'sks'."
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_prompts_are_dreambooths_and_the_papers() {
        let templates = Templates::default();
        let words = Words::new("sks", "robot");
        assert_eq!(templates.instance(&words), "photo of a sks robot");
        assert_eq!(
            templates.classes(&words)[..2],
            ["photo of a robot", "photo of a robot on grass"]
        );
        let bare = Templates {
            class_scenes: Vec::new(),
            ..Templates::default()
        };
        assert_eq!(bare.classes(&Words::new("sks", "owl")), ["photo of an owl"]);
        let caption = templates.collage(Layout::LeftRight, false, ["sks dog", "olis owl"]);
        assert_eq!(
            caption.text,
            "photo of a sks dog on the left and an olis owl on the right"
        );
        assert_eq!(&caption.text[caption.places[0].clone()], "sks dog");
        assert_eq!(&caption.text[caption.places[1].clone()], "olis owl");
    }

    #[test]
    fn a_template_may_name_the_second_subject_first() {
        let templates = Templates {
            together: "{b} next to {a}".into(),
            ..Templates::default()
        };
        let caption = templates.validated().unwrap().collage(
            Layout::TopBottom,
            true,
            ["sks dog", "olis cat"],
        );
        assert_eq!(caption.text, "an olis cat next to a sks dog");
        assert_eq!(&caption.text[caption.places[0].clone()], "sks dog");
        assert_eq!(&caption.text[caption.places[1].clone()], "olis cat");
    }

    #[test]
    fn a_prompt_of_its_own_needs_no_identifier() {
        let words = Words {
            prompt: " a dog on grass ".into(),
            ..Words::default()
        };
        let words = words.validated().unwrap();
        assert_eq!(Templates::default().instance(&words), "a dog on grass");
    }

    #[test]
    fn templates_without_their_subjects_are_refused() {
        for together in ["photo of {a}", "{a} {a} {b}", " "] {
            let templates = Templates {
                together: together.into(),
                ..Templates::default()
            };
            assert!(templates.validated().is_err(), "{together}");
        }
    }
}
