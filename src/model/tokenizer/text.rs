//! Unicode text to pieces: the normaliser and the pre-tokenizer.

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// NFC, then every run of white space to one space, then lower case by character (a final Σ becomes
/// σ, not ς).
pub(super) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_space = false;
    for part in text.split_inclusive(is_young) {
        // A young character ends its part; it does not combine with its neighbours.
        let old = part.trim_end_matches(is_young);
        for c in old.nfc().chain(part[old.len()..].chars()) {
            let space = c.is_whitespace();
            if !space {
                out.extend(c.to_lowercase());
            } else if !after_space {
                out.push(' ');
            }
            after_space = space;
        }
    }
    out
}

/// Characters that current Unicode composes or reorders, but the tables of transformers' NFC (about
/// version 9) do not contain. Other characters in the ranges are unaffected by NFC in both versions.
/// Found by comparing all code points.
#[rustfmt::skip]
const YOUNG: [(char, char); 24] = [
    ('\u{5C8}', '\u{5C9}'), ('\u{7FD}', '\u{7FD}'), ('\u{897}', '\u{8D3}'), ('\u{9FE}', '\u{9FE}'),
    ('\u{C3C}', '\u{C3C}'), ('\u{D3B}', '\u{D3C}'), ('\u{EBA}', '\u{EBA}'), ('\u{1715}', '\u{1715}'),
    ('\u{1ABF}', '\u{1AF0}'), ('\u{1DF6}', '\u{1DFA}'), ('\u{A82C}', '\u{A82C}'), ('\u{105C9}', '\u{105E4}'),
    ('\u{10D24}', '\u{10F85}'), ('\u{11070}', '\u{11070}'), ('\u{1133B}', '\u{1133B}'), ('\u{11382}', '\u{113D0}'),
    ('\u{1145E}', '\u{1145E}'), ('\u{11839}', '\u{11A99}'), ('\u{11D42}', '\u{11F42}'), ('\u{1611E}', '\u{1612F}'),
    ('\u{16D63}', '\u{16FF1}'), ('\u{1D127}', '\u{1D128}'), ('\u{1D250}', '\u{1D281}'), ('\u{1E08F}', '\u{1E6F5}'),
];

fn is_young(c: char) -> bool {
    YOUNG
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&c))
}

/// The character classes of the pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Letter,
    Number,
    Other,
}

fn kind(c: char) -> Kind {
    if c.is_whitespace() {
        return Kind::Space;
    }
    match get_general_category(c) {
        Category::UppercaseLetter
        | Category::LowercaseLetter
        | Category::TitlecaseLetter
        | Category::ModifierLetter
        | Category::OtherLetter => Kind::Letter,
        Category::DecimalNumber | Category::LetterNumber | Category::OtherNumber => Kind::Number,
        _ => Kind::Other,
    }
}

/// The contractions that the pattern tries first, in its order.
const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/// The two literals of the pattern. The second pattern, that of byte-level BPE, cuts them into three.
const LITERALS: [[&str; 3]; 2] = [["<|", "startoftext", "|>"], ["<|", "endoftext", "|>"]];

/// Calls `each` with the matches of
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
/// in order, each cut again by the pattern of byte-level BPE.
pub(super) fn pieces<'a>(text: &'a str, mut each: impl FnMut(&'a str)) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(literal) = LITERALS
            .iter()
            .find(|parts| starts_with_all(rest, parts.as_slice()))
        {
            for part in literal {
                let (piece, after) = rest.split_at(part.len());
                each(piece);
                rest = after;
            }
            continue;
        }
        let kind_of_first = kind(first);
        let length = match kind_of_first {
            Kind::Number | Kind::Space => first.len_utf8(),
            Kind::Letter | Kind::Other => match CONTRACTIONS
                .iter()
                .find(|ending| rest.starts_with(**ending))
            {
                Some(ending) => ending.len(),
                None => rest
                    .find(|c| kind(c) != kind_of_first)
                    .unwrap_or(rest.len()),
            },
        };
        let (piece, after) = rest.split_at(length);
        if kind_of_first != Kind::Space {
            each(piece);
        }
        rest = after;
    }
}

/// Whether `text` begins with all `parts`, one after the other.
fn starts_with_all(text: &str, parts: &[&str]) -> bool {
    parts
        .iter()
        .try_fold(text, |rest, part| rest.strip_prefix(part))
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let text = normalise(text);
        let mut found = Vec::new();
        pieces(&text, |piece| found.push(piece.to_owned()));
        found
    }

    #[test]
    fn the_pattern_cuts_as_its_regular_expression() {
        assert_eq!(
            cut("It's 42!! we'll"),
            ["it", "'s", "4", "2", "!!", "we", "'ll"]
        );
        assert_eq!(
            cut("!'s ''d x<|ENDOFTEXT|>!!y"),
            [
                "!'",
                "s",
                "''",
                "d",
                "x",
                "<|",
                "endoftext",
                "|>",
                "!!",
                "y"
            ]
        );
        assert_eq!(cut("<|startoftext|"), ["<|", "startoftext", "|"]);
    }

    #[test]
    fn normalising_composes_collapses_and_lowers() {
        assert_eq!(
            normalise("E\u{301}\u{3000}\t\u{85}ΟΔΟΣ İ "),
            "é οδοσ i\u{307} "
        );
    }
}
