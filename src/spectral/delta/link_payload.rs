//! A delta as the text of a link's fragment, with quantised shifts.
//!
//! The singular vectors are orthonormal, so an error of ε in a shift changes the weight by ε in the
//! Frobenius norm, in every layer. One step size for all layers therefore minimises the error of the
//! weights for a given length. Norms scale inputs of variance 1 like singular values do and have a
//! similar step; norms that were trained with a small learning rate, as by default, round to 0 and
//! take almost no space.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version |
//! | 8 | the first bytes of the SHA-256 of everything that follows |
//! | 4 | length of the next part, little-endian |
//! | … | deflate: JSON with metadata, layers and the step of every kind of shift |
//! | … | deflate: round(δ / step) as zigzag LEB128, layer by layer |
//!
//! The bytes are encoded as base64url without padding, which needs no escapes in a link. Training
//! settings, prompts and the thumbnail are omitted.

use std::collections::{BTreeMap, BTreeSet};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, Engine as _};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::spectral::delta::metadata::DeltaMetadata;
use crate::spectral::delta::{Delta, MAX_LAYERS};
use crate::spectral::shift::{Shift, ShiftKind, ShiftSet};

/// Default maximum length of the text, in characters.
pub const TEXT_LIMIT: usize = 16_000;
/// Maximum length of a text that is decoded.
pub const MAX_TEXT: usize = 1 << 20;

const VERSION: u8 = 1;
/// Bytes of the SHA-256.
const CHECK: usize = 8;
/// Compression level of deflate.
const LEVEL: u8 = 10;
/// Maximum size of each part when decompressed, in bytes.
const MAX_PART: usize = 16 << 20;
/// Smallest and largest step, relative to the root mean square of δ: finer than F16, and too
/// coarse to be useful.
const STEPS: [f64; 2] = [1e-3, 4.0];
/// The step of norms relative to the other steps; smaller, because a norm precedes several layers.
const NORMS: f64 = 0.25;
/// Bisections of the logarithm of the step.
const HALVINGS: usize = 16;
/// Maximum error ‖rounded δ − δ‖ / ‖δ‖ of a useful link.
const MAX_ERROR: f64 = 0.3;

/// An encoded delta.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkPayload {
    /// The text, base64url.
    pub text: String,
    /// The quantisation error ‖rounded δ − δ‖ / ‖δ‖.
    pub error: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    metadata: BTreeMap<String, String>,
    /// The step of each kind of shift.
    steps: BTreeMap<String, f32>,
    /// For each layer: model and path, kind, number of shifts.
    layers: Vec<(String, char, usize)>,
}

/// Encodes a delta in at most `limit` characters, with the finest step that fits.
///
/// # Errors
/// `Delta` if the error would be too large.
pub fn encode(delta: &Delta, limit: usize) -> Result<LinkPayload> {
    let [finest, coarsest] = STEPS.map(f64::ln);
    let fits = |payload: &LinkPayload| payload.text.len() <= limit;
    let finest_payload = encode_with_step(delta, finest.exp())?;
    if fits(&finest_payload) {
        return Ok(finest_payload);
    }
    let (mut low, mut high) = (finest, coarsest);
    let mut best = encode_with_step(delta, high.exp())?;
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let payload = encode_with_step(delta, middle.exp())?;
        if fits(&payload) {
            (high, best) = (middle, payload);
        } else {
            low = middle;
        }
    }
    if !fits(&best) || best.error > MAX_ERROR {
        return Err(Error::Delta(format!(
            "This delta is too large for a link of {limit} characters: it has {} numbers. Send the file instead, or put it on a site and link to it there.",
            delta.unet.len() + delta.text_encoder.len()
        )));
    }
    Ok(best)
}

/// Encodes with steps of `step` times the root mean square of δ.
fn encode_with_step(delta: &Delta, step: f64) -> Result<LinkPayload> {
    let (mut squares, mut count, mut kinds) = (0.0, 0, BTreeSet::new());
    for (_, _, shift) in layers(delta) {
        squares += shift
            .delta
            .iter()
            .map(|d| f64::from(*d).powi(2))
            .sum::<f64>();
        count += shift.delta.len();
        kinds.insert(letter(shift.kind));
    }
    let rms = (squares / count.max(1) as f64).sqrt();
    // Zeros are exact with any step.
    let step = if rms > 0.0 { rms * step } else { 1.0 };
    let step_of = |kind: char| match kind_of(kind) {
        Some(ShiftKind::NormFull | ShiftKind::NormScalar) => step * NORMS,
        _ => step,
    };
    let steps: BTreeMap<String, f32> = kinds
        .into_iter()
        .map(|kind| (kind.to_string(), step_of(kind) as f32))
        .collect();
    let mut head = Description {
        metadata: link_metadata(&delta.metadata).to_entries()?,
        steps,
        layers: Vec::new(),
    };
    let (mut values, mut lost, mut all) = (Vec::new(), 0.0, 0.0);
    for (model, path, shift) in layers(delta) {
        let kind = letter(shift.kind);
        let step = head.steps.get(&kind.to_string()).copied().unwrap_or(1.0);
        for &d in &shift.delta {
            let rounded = (d / step).round();
            write_integer(&mut values, rounded as i64);
            lost += f64::from(rounded * step - d).powi(2);
            all += f64::from(d).powi(2);
        }
        head.layers
            .push((format!("{model}.{path}"), kind, shift.delta.len()));
    }
    let head = serde_json::to_vec(&head).map_err(|why| {
        Error::Delta(format!(
            "The delta's metadata could not be encoded ({why})."
        ))
    })?;
    let head = compress_to_vec(&head, LEVEL);
    let mut body = (head.len() as u32).to_le_bytes().to_vec();
    body.extend(head);
    body.extend(compress_to_vec(&values, LEVEL));
    let mut bytes = vec![VERSION];
    bytes.extend(&Sha256::digest(&body)[..CHECK]);
    bytes.extend(body);
    Ok(LinkPayload {
        text: URL_SAFE_NO_PAD.encode(bytes),
        error: if all > 0.0 { (lost / all).sqrt() } else { 0.0 },
    })
}

/// Decodes the text of [`encode`]. Does not panic on any input.
///
/// # Errors
/// `Delta` if the text was truncated or changed, or the delta is invalid.
pub fn decode(text: &str) -> Result<Delta> {
    let text = text.trim();
    if text.len() > MAX_TEXT {
        return Err(invalid(
            "it is longer than any link that this program makes",
        ));
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|why| match why {
        DecodeError::InvalidByte(..) => invalid("it has characters that no such link has"),
        _ => truncated(),
    })?;
    let (version, rest) = bytes.split_first().ok_or_else(|| invalid("it is empty"))?;
    if *version != VERSION {
        return Err(Error::Delta(format!(
            "This link's delta has version {version}; this program reads version {VERSION}. Reload the page to get the newest, and open the link again."
        )));
    }
    let (check, body) = rest.split_at_checked(CHECK).ok_or_else(truncated)?;
    if Sha256::digest(body)[..CHECK] != *check {
        return Err(truncated());
    }
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(truncated)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (head, values) = rest.split_at_checked(length).ok_or_else(truncated)?;
    let inflate = |part: &[u8]| {
        decompress_to_vec_with_limit(part, MAX_PART).map_err(|_| invalid("it does not unpack"))
    };
    read(&inflate(head)?, &inflate(values)?)
}

/// [`decode`] for both decompressed parts, without the check of the hash, for tests and fuzzers.
#[doc(hidden)]
pub fn read(head: &[u8], values: &[u8]) -> Result<Delta> {
    let head: Description =
        serde_json::from_slice(head).map_err(|_| invalid("its description cannot be read"))?;
    let mut delta = Delta {
        metadata: DeltaMetadata::from_entries(&head.metadata)?,
        ..Delta::default()
    };
    if head.layers.len() > MAX_LAYERS {
        return Err(invalid("it has too many layers"));
    }
    let mut values = values;
    for (name, kind, length) in head.layers {
        let step = head.steps.get(&kind.to_string()).copied();
        let (Some(step), Some(kind)) = (step.filter(|s| s.is_finite()), kind_of(kind)) else {
            return Err(invalid("a layer is of no known kind"));
        };
        // Every number takes at least a byte: check the length before allocating for it.
        if length > values.len() {
            return Err(invalid("numbers are missing"));
        }
        let mut numbers = Vec::with_capacity(length);
        for _ in 0..length {
            let (value, rest) =
                read_integer(values).ok_or_else(|| invalid("numbers are missing"))?;
            values = rest;
            numbers.push(value as f32 * step);
        }
        let (set, path) = match name.split_once('.') {
            Some(("unet", path)) => (&mut delta.unet, path),
            Some(("text_encoder", path)) => (&mut delta.text_encoder, path),
            _ => return Err(invalid("a layer belongs to no part of the model")),
        };
        if set.insert(path, kind, numbers).is_some() {
            return Err(invalid("a layer has two shifts"));
        }
    }
    if !values.is_empty() {
        return Err(invalid("it has more numbers than layers"));
    }
    // Apply the rules of the delta file to names, lengths and numbers.
    Delta::from_bytes(&delta.to_bytes()?)
}

/// The metadata that a link contains.
fn link_metadata(metadata: &DeltaMetadata) -> DeltaMetadata {
    DeltaMetadata {
        training: String::new(),
        thumbnail: String::new(),
        prompts: Vec::new(),
        ..metadata.clone()
    }
}

/// Model, path and shift of all layers.
fn layers(delta: &Delta) -> impl Iterator<Item = (&'static str, &str, &Shift)> {
    fn of<'a>(
        model: &'static str,
        set: &'a ShiftSet,
    ) -> impl Iterator<Item = (&'static str, &'a str, &'a Shift)> {
        set.iter().map(move |(path, shift)| (model, path, shift))
    }
    of("unet", &delta.unet).chain(of("text_encoder", &delta.text_encoder))
}

/// The letter of a kind in the JSON.
fn letter(kind: ShiftKind) -> char {
    match kind {
        ShiftKind::Spectral => 's',
        ShiftKind::NormFull => 'n',
        ShiftKind::NormScalar => 'v',
    }
}

fn kind_of(letter: char) -> Option<ShiftKind> {
    let kinds = [
        ShiftKind::Spectral,
        ShiftKind::NormFull,
        ShiftKind::NormScalar,
    ];
    kinds.into_iter().find(|kind| self::letter(*kind) == letter)
}

/// Writes zigzag LEB128: seven bits per byte, lowest first.
fn write_integer(bytes: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// Reads an integer; returns the remaining bytes. `None` if it is incomplete or too long.
fn read_integer(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let signed = (value >> 1) as i64 ^ -((value & 1) as i64);
            return Some((signed, &bytes[index + 1..]));
        }
    }
    None
}

fn invalid(what: &str) -> Error {
    Error::Delta(format!(
        "This link's delta cannot be read: {what}. Ask for the link again, or for the file."
    ))
}

fn truncated() -> Error {
    invalid("a part of it was lost on the way, as some messengers do with long links")
}

#[cfg(test)]
#[path = "link_payload_tests.rs"]
mod tests;
