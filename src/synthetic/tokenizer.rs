//! A tokenizer in CLIP's format and size, with a different vocabulary.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::model::tokenizer::byte_alphabet;
use crate::synthetic::files::Writer;

/// Size of CLIP's vocabulary.
const SIZE: usize = 49_408;
/// The suffix of tokens that end a word.
const END: &str = "</w>";
/// Words that are single tokens, beside all words of three letters.
const WORDS: [&str; 24] = [
    "photo", "picture", "drawing", "robot", "castle", "house", "mountain", "forest", "beach",
    "person", "woman", "child", "horse", "bear", "bird", "fish", "flower", "table", "chair",
    "street", "snow", "garden", "wearing", "with",
];

/// Writes the folder `tokenizer/`.
pub(crate) fn write(writer: &mut Writer, open_clip: bool) -> Result<()> {
    let (vocab, merges) = vocabulary();
    let mut map = Map::new();
    for (id, token) in vocab.into_iter().enumerate() {
        map.insert(token, json!(id));
    }
    let token = |content: &str| {
        json!({
            "content": content, "lstrip": false, "normalized": true, "rstrip": false,
            "single_word": false,
        })
    };
    let (start, end) = (token("<|startoftext|>"), token("<|endoftext|>"));
    let pad = if open_clip { "!" } else { "<|endoftext|>" };
    writer.bytes(
        "tokenizer/vocab.json",
        Value::Object(map).to_string().as_bytes(),
    )?;
    writer.bytes("tokenizer/merges.txt", merges.as_bytes())?;
    let special = json!({"bos_token": start, "eos_token": end, "pad_token": pad, "unk_token": end});
    writer.json("tokenizer/special_tokens_map.json", &special)?;
    let mut config = json!({
        "add_prefix_space": false, "do_lower_case": true, "errors": "replace",
        "model_max_length": 77, "tokenizer_class": "CLIPTokenizer",
    });
    for (key, value) in special.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    writer.json("tokenizer/tokenizer_config.json", &config)
}

/// Tokens by id, and the merges: the bytes, the bytes at the end of a word, one token per merge, and
/// two special tokens. The merges produce the words above, all sequences of two and three letters,
/// and sequences of four letters up to CLIP's size.
fn vocabulary() -> (Vec<String>, String) {
    // CLIP begins with the printable bytes in ascending order, followed by the others.
    let mut bytes = byte_alphabet();
    bytes.sort_unstable();
    let mut vocab: Vec<String> = bytes.iter().map(char::to_string).collect();
    vocab.extend(bytes.iter().map(|byte| format!("{byte}{END}")));
    let mut known: HashSet<String> = vocab.iter().cloned().collect();
    let mut merges = String::from("#version: 0.2\n");
    let mut merge = |left: &str, right: &str| {
        let token = format!("{left}{right}");
        if vocab.len() < SIZE - 2 && known.insert(token.clone()) {
            merges.push_str(&format!("{left} {right}\n"));
            vocab.push(token);
        }
    };
    for word in WORDS {
        for cut in 1..word.len() {
            let end = if cut + 1 == word.len() { END } else { "" };
            merge(&word[..cut], &format!("{}{end}", &word[cut..=cut]));
        }
    }
    let letters: Vec<String> = ('a'..='z').map(String::from).collect();
    let mut runs = letters.clone();
    for _ in 0..3 {
        let mut longer = Vec::new();
        for end in ["", END] {
            for run in &runs {
                for letter in &letters {
                    merge(run, &format!("{letter}{end}"));
                    if end.is_empty() {
                        longer.push(format!("{run}{letter}"));
                    }
                }
            }
        }
        runs = longer;
    }
    vocab.extend(["<|startoftext|>", "<|endoftext|>"].map(str::to_owned));
    (vocab, merges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_has_clips_size_and_no_token_twice() {
        let (vocab, merges) = vocabulary();
        assert_eq!(vocab.len(), SIZE);
        assert_eq!(vocab.iter().collect::<HashSet<_>>().len(), SIZE);
        assert_eq!(merges.lines().count(), SIZE - 2 - 512 + 1);
        assert_eq!((vocab[0].as_str(), vocab[256].as_str()), ("!", "!</w>"));
    }
}
