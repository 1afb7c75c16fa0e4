//! Byte-pair encoding of one piece (Sennrich et al., arXiv 1508.07909), with CLIP's `</w>`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::error::{Error, Result};

/// The vocabulary and the merges, by rank.
#[derive(Debug)]
pub(super) struct Bpe {
    /// Token ids of each byte, inside a word and at its end.
    bytes: [[u32; 2]; 256],
    /// (left, right) to (rank, merged).
    merges: HashMap<(u32, u32), (u32, u32)>,
    max_id: u32,
}

/// Parses `vocab.json`.
pub(super) fn parse_vocab(json: &[u8]) -> Result<HashMap<String, u32>> {
    serde_json::from_slice(json).map_err(|error| {
        Error::Config(format!("tokenizer/vocab.json is not a table of tokens and their ids ({error}). It may have been cut short; fetch it again."))
    })
}

impl Bpe {
    /// Builds it from the vocabulary and the contents of `merges.txt`. A byte without a token becomes
    /// `unk`.
    ///
    /// # Errors
    /// `Config` if `merges.txt` is malformed or does not match the vocabulary.
    pub(super) fn new(vocab: HashMap<String, u32>, merges_txt: &[u8], unk: u32) -> Result<Self> {
        let text = std::str::from_utf8(merges_txt)
            .map_err(|error| damaged(&format!("it is not UTF-8 ({error})")))?;
        let mut merges = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with("#version") {
                continue;
            }
            let Some((left, right)) = line
                .split_once(' ')
                .filter(|(_, right)| !right.contains(' '))
            else {
                return Err(damaged(&format!(
                    "line {} is not a pair of tokens",
                    number + 1
                )));
            };
            let id = |token: &str| {
                vocab.get(token).copied().ok_or_else(|| {
                    damaged(&format!(
                        "line {} needs the token '{token}', which vocab.json does not have",
                        number + 1
                    ))
                })
            };
            merges.insert(
                (id(left)?, id(right)?),
                (number as u32, id(&format!("{left}{right}"))?),
            );
        }
        let bytes = byte_alphabet().map(|c| {
            [c.to_string(), format!("{c}</w>")]
                .map(|token| vocab.get(&token).copied().unwrap_or(unk))
        });
        Ok(Self {
            bytes,
            merges,
            max_id: vocab.values().copied().max().unwrap_or(0),
        })
    }

    /// The vocabulary's largest id.
    pub(super) fn max_id(&self) -> u32 {
        self.max_id
    }

    /// Appends the tokens of `piece`. The adjacent pair with the lowest rank is merged, leftmost first,
    /// until no pair can be merged.
    pub(super) fn encode(&self, piece: &str, ids: &mut Vec<u32>) {
        let mut tokens: Vec<Option<u32>> = piece
            .bytes()
            .map(|byte| Some(self.bytes[usize::from(byte)][0]))
            .collect();
        let (Some(last), Some(byte)) = (tokens.last_mut(), piece.bytes().last()) else {
            return;
        };
        *last = Some(self.bytes[usize::from(byte)][1]);

        // A doubly linked list by position, so that a merge takes constant time. A token that was merged
        // into another is None; `tokens.len()` stands for both ends.
        let end = tokens.len();
        let mut next: Vec<usize> = (1..=end).collect();
        let mut previous: Vec<usize> = (0..end).map(|i| i.checked_sub(1).unwrap_or(end)).collect();
        let pair = |tokens: &[Option<u32>], left: usize, right: usize| {
            let (left, right) = (
                tokens.get(left).copied().flatten()?,
                tokens.get(right).copied().flatten()?,
            );
            self.merges.get(&(left, right)).copied()
        };
        let mut queue: BinaryHeap<Reverse<(u32, usize, u32)>> = BinaryHeap::new();
        for left in 0..end - 1 {
            queue.extend(
                pair(&tokens, left, left + 1).map(|(rank, merged)| Reverse((rank, left, merged))),
            );
        }
        while let Some(Reverse((_, left, merged))) = queue.pop() {
            let right = next[left];
            // The pair may have changed since it was queued.
            if pair(&tokens, left, right).is_none_or(|(_, now)| now != merged) {
                continue;
            }
            tokens[left] = Some(merged);
            tokens[right] = None;
            next[left] = next[right];
            if next[left] < end {
                previous[next[left]] = left;
            }
            for (a, b) in [(previous[left], left), (left, next[left])] {
                queue.extend(pair(&tokens, a, b).map(|(rank, merged)| Reverse((rank, a, merged))));
            }
        }
        ids.extend(tokens.into_iter().flatten());
    }
}

fn damaged(what: &str) -> Error {
    Error::Config(format!(
        "tokenizer/merges.txt: {what}. Check that the tokenizer's files come from the same model."
    ))
}

/// The character that stands for each byte in a vocabulary: printable Latin-1 bytes are themselves,
/// the others follow from U+0100 on (GPT-2's `bytes_to_unicode`).
pub(crate) fn byte_alphabet() -> [char; 256] {
    let mut others = '\u{100}'..;
    core::array::from_fn(|byte| match byte as u8 {
        byte @ (b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF) => char::from(byte),
        _ => others.next().unwrap_or('\u{143}'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_gpt_2s() {
        let alphabet = byte_alphabet();
        assert_eq!(
            (
                alphabet[0x00],
                alphabet[b' ' as usize],
                alphabet[b'a' as usize]
            ),
            ('\u{100}', '\u{120}', 'a')
        );
        assert_eq!(
            (alphabet[0x7F], alphabet[0xAD], alphabet[0xFF]),
            ('\u{121}', '\u{143}', '\u{FF}')
        );
    }
}
