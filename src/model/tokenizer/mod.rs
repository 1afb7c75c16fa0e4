//! CLIP's tokenizer: text to token ids, exactly as transformers' `CLIPTokenizer`.
//!
//! Special tokens are split off (`special`), the rest is normalised and cut into pieces (`text`), and
//! the UTF-8 bytes of each piece are merged pair by pair into tokens of the vocabulary (`bpe`).

mod bpe;
mod special;
mod text;

use bpe::Bpe;
#[cfg(feature = "booth")]
pub(crate) use bpe::byte_alphabet;
use special::{Segment, SpecialTokens, split};

use serde_json::json;

use crate::error::Result;
use crate::model::config::reader::Reader;

/// A CLIP tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    bpe: Bpe,
    special: SpecialTokens,
    max_length: usize,
}

impl Tokenizer {
    /// Builds the tokenizer from the contents of `vocab.json`, `merges.txt`,
    /// `tokenizer_config.json` and, if there is one, `special_tokens_map.json`.
    ///
    /// `max_length` is the longest input of the text encoder, in tokens; the config's
    /// `model_max_length` may lower it.
    ///
    /// # Errors
    /// `Config` for a malformed file or an unsupported option.
    pub fn new(
        vocab_json: &[u8],
        merges_txt: &[u8],
        config_json: &[u8],
        special_tokens_map: Option<&[u8]>,
        max_length: usize,
    ) -> Result<Self> {
        let config = Reader::new(config_json, "tokenizer/tokenizer_config.json")?;
        let vocab = bpe::parse_vocab(vocab_json)?;
        let special = SpecialTokens::read(&config, special_tokens_map, &vocab)?;
        let model_max_length: Option<f64> = config.get("model_max_length", None)?;
        let max_length =
            model_max_length.map_or(max_length, |own| (own.max(0.0) as usize).min(max_length));
        if max_length < 2 {
            return Err(config.unsupported(
                "model_max_length",
                &json!(max_length),
                "start and end need two tokens",
            ));
        }
        let bpe = Bpe::new(vocab, merges_txt, special.unk)?;
        Ok(Self {
            bpe,
            special,
            max_length,
        })
    }

    /// `max_length` token ids of `text`: start, tokens (truncated if there are too many), end, padding.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = vec![self.special.bos];
        ids.extend(self.tokens(text).into_iter().take(self.max_length - 2));
        ids.push(self.special.eos);
        ids.resize(self.max_length, self.special.pad);
        ids
    }

    /// Token ids of `text`, without start, end, padding and truncation.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        for segment in split(text, &self.special.raw) {
            match segment {
                Segment::Token(id) => ids.push(id),
                Segment::Text(text) => self.tokens_of_plain(&text::normalise(text), &mut ids),
            }
        }
        ids
    }

    /// Positions in [`encode`](Self::encode) of the words at `range` of `text`, without those that are
    /// truncated. `range` is in bytes, from the start of a word to the end of one.
    pub fn positions(&self, text: &str, range: std::ops::Range<usize>) -> Vec<usize> {
        // Words never share a token, so the text before can be counted by itself, plus the start token.
        let before = 1 + self.tokens(&text[..range.start]).len();
        let count = self.tokens(&text[range]).len();
        // The last position is the end token's.
        (before..before + count)
            .filter(|position| position + 1 < self.max_length)
            .collect()
    }

    fn tokens_of_plain(&self, normalised: &str, ids: &mut Vec<u32>) {
        for segment in split(normalised, &self.special.normalised) {
            match segment {
                Segment::Token(id) => ids.push(id),
                Segment::Text(text) => text::pieces(text, |piece| self.bpe.encode(piece, ids)),
            }
        }
    }

    /// Whether `word` is a single token, and not a special one.
    pub fn is_whole_word(&self, word: &str) -> bool {
        matches!(self.tokens(word)[..], [id] if !self.special.contains(id))
    }

    /// Length of every encoded text.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The largest token id; the text encoder needs more embedding rows than this.
    pub fn max_id(&self) -> u32 {
        self.bpe.max_id().max(self.special.max_id())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::error::Error;

    const VOCAB: &str =
        r#"{"!":0,"a":1,"b":2,"ab":3,"a</w>":4,"b</w>":5,"ab</w>":6,"!</w>":7,"<s>":8,"<e>":9}"#;
    const MERGES: &str = "#version: 0.2\na b</w>\na b\n";
    const CONFIG: &str = r#"{"bos_token":"<s>","eos_token":{"content":"<e>","lstrip":false,"normalized":true,"rstrip":false,"single_word":false},
        "unk_token":"<e>","pad_token":"<e>","model_max_length":6}"#;

    fn tokenizer(map: Option<&str>) -> Tokenizer {
        Tokenizer::new(
            VOCAB.as_bytes(),
            MERGES.as_bytes(),
            CONFIG.as_bytes(),
            map.map(str::as_bytes),
            77,
        )
        .unwrap()
    }

    #[test]
    fn texts_are_framed_cut_and_padded() {
        let tokenizer = tokenizer(None);
        assert_eq!(tokenizer.encode("aB a"), [8, 6, 4, 9, 9, 9]);
        assert_eq!(tokenizer.encode("ab ab ab ab ab ab"), [8, 6, 6, 6, 6, 9]);
        assert_eq!(tokenizer.encode(""), [8, 9, 9, 9, 9, 9]);
        assert_eq!(tokenizer.encode("a<e>é"), [8, 4, 9, 9, 9, 9]);
    }

    #[test]
    fn the_special_tokens_map_overrules_the_config() {
        let tokenizer = tokenizer(Some(r#"{"pad_token":"!"}"#));
        assert_eq!(tokenizer.encode("ab!!"), [8, 6, 0, 0, 9, 0]);
    }

    #[test]
    fn a_whole_word_is_one_ordinary_token() {
        let tokenizer = tokenizer(None);
        assert!(tokenizer.is_whole_word("ab") && tokenizer.is_whole_word(" AB "));
        assert!(
            !tokenizer.is_whole_word("aba")
                && !tokenizer.is_whole_word("<e>")
                && !tokenizer.is_whole_word("")
        );
    }

    #[test]
    fn damaged_files_are_refused_with_a_reason() {
        let new = |vocab: &str, merges: &str, config: &str| match Tokenizer::new(
            vocab.as_bytes(),
            merges.as_bytes(),
            config.as_bytes(),
            None,
            77,
        ) {
            Err(Error::Config(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(new("{", MERGES, CONFIG).contains("vocab.json"));
        assert!(new(r#"{"a":-1}"#, MERGES, CONFIG).contains("vocab.json"));
        assert!(new(VOCAB, "a b c\n", CONFIG).contains("line 1"));
        assert!(new(VOCAB, "b a\n", CONFIG).contains("'ba'"));
        assert!(new(VOCAB, MERGES, r#"{"tokenizer_class":"T5Tokenizer"}"#).contains("T5Tokenizer"));
        assert!(new(VOCAB, MERGES, "{}").contains("<|startoftext|>"));
        assert!(new(VOCAB, MERGES, r#"{"bos_token":"<s>","eos_token":"<e>","unk_token":"<e>","pad_token":"<e>","model_max_length":1}"#).contains("model_max_length"));
    }
}
