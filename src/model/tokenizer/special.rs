//! Special tokens: reading them from the config and finding them in a text.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::text::normalise;
use crate::error::{Error, Result};
use crate::model::config::reader::Reader;

/// Tokens with a role, and tokens that a text can contain.
#[derive(Debug)]
pub(super) struct SpecialTokens {
    pub(super) bos: u32,
    pub(super) eos: u32,
    pub(super) unk: u32,
    pub(super) pad: u32,
    /// Searched for in the raw text.
    pub(super) raw: Vec<(String, u32)>,
    /// Searched for in the normalised text.
    pub(super) normalised: Vec<(String, u32)>,
}

/// A special token as a config writes it: a string, or an object with flags.
#[derive(Clone, Debug)]
struct Written {
    content: String,
    normalized: bool,
}

/// Roles in transformers' order. Of tokens with the same content, the flags of the last apply.
const ROLES: [(&str, &str); 4] = [
    ("bos_token", "<|startoftext|>"),
    ("eos_token", "<|endoftext|>"),
    ("unk_token", "<|endoftext|>"),
    ("pad_token", "<|endoftext|>"),
];

impl SpecialTokens {
    /// Reads the special tokens as transformers does: from the config's `added_tokens_decoder`, if
    /// present; else from `special_tokens_map.json`, then the config.
    pub(super) fn read(
        config: &Reader,
        map: Option<&[u8]>,
        vocab: &HashMap<String, u32>,
    ) -> Result<Self> {
        check_fixed(config)?;
        let decoder: Option<BTreeMap<String, Value>> = config.get("added_tokens_decoder", None)?;
        let map = match map {
            Some(bytes) if decoder.is_none() => {
                Some(Reader::new(bytes, "tokenizer/special_tokens_map.json")?)
            }
            _ => None,
        };
        let (mut ids, mut flags) = added_tokens(config, decoder.iter().flatten())?;
        let mut roles = [0; 4];
        for (slot, (role, default)) in roles.iter_mut().zip(ROLES) {
            let token = role_token(config, map.as_ref(), role, default)?;
            let id = vocab
                .get(&token.content)
                .or_else(|| ids.get(&token.content))
                .copied();
            *slot = id.ok_or_else(|| Error::Config(format!("tokenizer: the {role} '{}' is not in vocab.json. Check that the tokenizer's files come from the same model.", token.content)))?;
            ids.insert(token.content.clone(), *slot);
            if decoder.is_none() {
                flags.insert(token.content, token.normalized);
            } else {
                flags.entry(token.content).or_insert(token.normalized);
            }
        }
        let [bos, eos, unk, pad] = roles;
        let mut special = Self {
            bos,
            eos,
            unk,
            pad,
            raw: Vec::new(),
            normalised: Vec::new(),
        };
        for (content, normalized) in flags {
            let id = vocab.get(&content).copied().unwrap_or(ids[&content]);
            if normalized {
                special.normalised.push((normalise(&content), id));
            } else {
                special.raw.push((content, id));
            }
        }
        special.raw.retain(|(content, _)| !content.is_empty());
        special
            .normalised
            .retain(|(content, _)| !content.is_empty());
        Ok(special)
    }

    /// Whether `id` is a special token's.
    pub(super) fn contains(&self, id: u32) -> bool {
        [self.bos, self.eos, self.unk, self.pad].contains(&id)
            || self
                .raw
                .iter()
                .chain(&self.normalised)
                .any(|(_, known)| *known == id)
    }

    /// The largest id of a special token.
    pub(super) fn max_id(&self) -> u32 {
        let listed = self.raw.iter().chain(&self.normalised).map(|(_, id)| *id);
        listed
            .chain([self.bos, self.eos, self.unk, self.pad])
            .max()
            .unwrap_or(0)
    }
}

/// Ids and `normalized` flags of the tokens in `added_tokens_decoder`, by content.
fn added_tokens<'a>(
    config: &Reader,
    decoder: impl Iterator<Item = (&'a String, &'a Value)>,
) -> Result<(HashMap<String, u32>, BTreeMap<String, bool>)> {
    let (mut ids, mut flags) = (HashMap::new(), BTreeMap::new());
    for (id, value) in decoder {
        let token = written(config, "added_tokens_decoder", value)?;
        let id: u32 = id.parse().map_err(|_| {
            config.unsupported("added_tokens_decoder", &json!(id), "a token id is needed")
        })?;
        ids.insert(token.content.clone(), id);
        flags.insert(token.content, token.normalized);
    }
    Ok((ids, flags))
}

/// Options that would change the result and that no published CLIP tokenizer uses.
fn check_fixed(config: &Reader) -> Result<()> {
    let empty = [Value::Null, json!([]), json!({})];
    config.only(
        "tokenizer_class",
        &[
            json!("CLIPTokenizer"),
            json!("CLIPTokenizerFast"),
            Value::Null,
        ],
    )?;
    config.only("additional_special_tokens", &empty)?;
    config.only("extra_special_tokens", &empty)?;
    for (key, value) in [
        ("padding_side", json!("right")),
        ("truncation_side", json!("right")),
        ("add_bos_token", json!(true)),
        ("add_eos_token", json!(true)),
        ("split_special_tokens", json!(false)),
    ] {
        config.only(key, &[value, Value::Null])?;
    }
    Ok(())
}

/// The token of `role`: from the map, else from the config, else CLIP's default.
fn role_token(config: &Reader, map: Option<&Reader>, role: &str, default: &str) -> Result<Written> {
    for file in [map, Some(config)].into_iter().flatten() {
        let value = file.get(role, Value::Null)?;
        if !value.is_null() {
            return written(file, role, &value);
        }
    }
    Ok(Written {
        content: default.to_owned(),
        normalized: false,
    })
}

/// Parses a token in a config.
fn written(file: &Reader, key: &str, value: &Value) -> Result<Written> {
    if let Value::String(content) = value {
        return Ok(Written {
            content: content.clone(),
            normalized: false,
        });
    }
    let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    if let Some(name) = ["lstrip", "rstrip", "single_word"]
        .into_iter()
        .find(|name| flag(name))
    {
        return Err(file.unsupported(key, value, &format!("'{name}' must be false")));
    }
    match value.get("content").and_then(Value::as_str) {
        Some(content) => Ok(Written {
            content: content.to_owned(),
            normalized: flag("normalized"),
        }),
        None => Err(file.unsupported(
            key,
            value,
            "a token is a string, or an object with 'content'",
        )),
    }
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// Ordinary text, not empty.
    Text(&'a str),
    /// A special token.
    Token(u32),
}

/// Splits `text` at special tokens: the leftmost first, of those the longest.
pub(super) fn split<'a>(text: &'a str, tokens: &[(String, u32)]) -> Vec<Segment<'a>> {
    let mut segments = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let found = tokens
            .iter()
            .filter(|(content, _)| rest.starts_with(content.as_str()))
            .max_by_key(|(content, _)| content.len());
        if let Some((content, id)) = found {
            if start < at {
                segments.push(Segment::Text(&text[start..at]));
            }
            segments.push(Segment::Token(*id));
            at += content.len();
            start = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    if start < text.len() {
        segments.push(Segment::Text(&text[start..]));
    }
    segments
}
