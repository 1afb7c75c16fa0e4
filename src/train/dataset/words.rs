//! Words of subjects and captions, as the tokenizer sees them.

use crate::config::SubjectWords;
use crate::config::captions::Caption;
use crate::model::tokenizer::Tokenizer;

/// CLIP's vocabulary is ordered by frequency. A whole word with a lower id is in common use; the last
/// fifth of the 49,408 tokens are rare names.
const RARE_FROM: u32 = 40_000;
/// Common identifiers without a meaning to Stable Diffusion.
const IDENTIFIERS: [&str; 8] = ["sks", "olis", "ohwx", "zwx", "hta", "pll", "v1", "v2"];

/// The positions of each subject's words among the caption's tokens (the start token has position 0).
/// Words beyond the token limit are left out.
pub fn token_positions(caption: &Caption, tokenizer: &Tokenizer) -> [Vec<usize>; 2] {
    caption
        .places
        .clone()
        .map(|place| tokenizer.positions(&caption.text, place))
}

/// Warnings about words that the model may learn badly.
pub fn warnings(subjects: &[SubjectWords], tokenizer: &Tokenizer) -> Vec<String> {
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
