//! The tokenizer against transformers' `CLIPTokenizer` (fixtures of tokenizer.py).

use std::path::Path;

use deltabooth::model::tokenizer::Tokenizer;

/// Longest text that the fixtures' text encoder takes; their configs say the same.
const MAX_LENGTH: usize = 77;

fn load(folder: &Path) -> Tokenizer {
    let read = |name: &str| std::fs::read(folder.join(name));
    Tokenizer::new(
        &read("vocab.json").unwrap(),
        &read("merges.txt").unwrap(),
        &read("tokenizer_config.json").unwrap(),
        read("special_tokens_map.json").ok().as_deref(),
        MAX_LENGTH,
    )
    .unwrap()
}

#[test]
fn ten_thousand_strings_become_the_same_tokens() {
    let (mut equal, mut total) = (0, 0);
    for name in ["tokenizer_sd1", "tokenizer_sd2"] {
        let Some(folder) = crate::fixture(name) else {
            return;
        };
        let tokenizer = load(&folder);
        // An empty text is framed and padded alike by any tokenizer of the family.
        let pad = *tokenizer.encode("").last().unwrap();
        let strings = std::fs::read_to_string(folder.join("strings.jsonl")).unwrap();
        for line in strings.lines() {
            let (text, mut ids): (String, Vec<u32>) = serde_json::from_str(line).unwrap();
            ids.resize(MAX_LENGTH, pad);
            let ours = tokenizer.encode(&text);
            total += 1;
            if ours == ids {
                equal += 1;
            } else if total - equal <= 10 {
                println!("{name}: {text:?}\n  ours   {ours:?}\n  theirs {ids:?}");
            }
        }
    }
    println!("{equal} of {total} equal");
    assert!(total >= 10_000);
    assert_eq!(equal, total);
}
