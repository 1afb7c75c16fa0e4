//! A delta as text for the fragment of a link: shifts rounded as coarsely as the length asks for.
//!
//! The shift of a layer enters W_δ through orthonormal singular vectors, so rounding δ by ε moves
//! the weight by ε in the Frobenius norm, whatever the layer. One step for all layers therefore
//! spends the text where it moves the weights most. A norm's shift stands before inputs of variance
//! 1, as a singular value does, so it has nearly the same step; where norms were trained at a small
//! rate, as by default, they take no room.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version |
//! | 8 | the first bytes of the SHA-256 of all that follows |
//! | 4 | length of the next part, little-endian |
//! | … | deflate: JSON with metadata, layers and the step of every kind |
//! | … | deflate: δ / step, rounded, as zigzag LEB128, layer by layer |
//!
//! All of it stands in base64url without padding, so that a link needs no escapes. Training
//! settings, prompts and the thumbnail stay behind.

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

/// Characters that a link's delta may have by default.
pub const TEXT_LIMIT: usize = 16_000;
/// Texts longer than this are not even looked at.
pub const MAX_TEXT: usize = 1 << 20;

const VERSION: u8 = 1;
const CHECK: usize = 8;
const LEVEL: u8 = 10;
/// Most bytes that either part may unpack to.
const MAX_PART: usize = 16 << 20;
/// Steps as a part of δ's root mean square: finer than F16, and coarser than any use.
const STEPS: [f64; 2] = [1e-3, 4.0];
/// The step of norms as a part of the others': they also stand before several layers at once.
const NORMS: f64 = 0.25;
/// Halvings of the logarithm between the two.
const HALVINGS: usize = 16;
/// What is lost at most, ‖difference‖ / ‖δ‖, for a link to be worth sending.
const WORST: f64 = 0.3;

/// A delta as text.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkPayload {
    /// For the fragment of a link.
    pub text: String,
    /// ‖rounded δ − δ‖ / ‖δ‖.
    pub error: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    metadata: BTreeMap<String, String>,
    /// The step of each kind of shift.
    steps: BTreeMap<String, f32>,
    /// Layer by layer: model and path, kind, numbers.
    layers: Vec<(String, char, usize)>,
}

/// The delta in at most `limit` characters, rounded as finely as they allow.
///
/// # Errors
/// `Delta` if that many characters cannot hold it usefully.
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
    if !fits(&best) || best.error > WORST {
        return Err(Error::Delta(format!(
            "This delta is too large for a link of {limit} characters: it has {} numbers. Send the file instead, or put it on a site and link to it there.",
            delta.unet.len() + delta.text_encoder.len()
        )));
    }
    Ok(best)
}

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
    // A delta that is all zeros stays so with any step.
    let step = if rms > 0.0 { rms * step } else { 1.0 };
    let step_of = |kind: char| match kind_of(kind) {
        Some(ShiftKind::NormFull | ShiftKind::NormScalar) => step * NORMS,
        _ => step,
    };
    let steps: BTreeMap<String, f32> = kinds
        .into_iter()
        .map(|kind| (kind.to_string(), step_of(kind) as f32))
        .collect();
    let mut head = Head {
        metadata: short(&delta.metadata).to_entries()?,
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

/// Reads what [`encode`] wrote; it never panics, whatever the text.
///
/// # Errors
/// `Delta` if the text was cut or changed, or breaks a rule of deltas.
pub fn decode(text: &str) -> Result<Delta> {
    let text = text.trim();
    if text.len() > MAX_TEXT {
        return Err(broken("it is longer than any link that this program makes"));
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|why| match why {
        DecodeError::InvalidByte(..) => broken("it has characters that no such link has"),
        _ => cut(),
    })?;
    let (version, rest) = bytes.split_first().ok_or_else(|| broken("it is empty"))?;
    if *version != VERSION {
        return Err(Error::Delta(format!(
            "This link's delta has version {version}; this program reads version {VERSION}. Reload the page to get the newest, and open the link again."
        )));
    }
    let (check, body) = rest.split_at_checked(CHECK).ok_or_else(cut)?;
    if Sha256::digest(body)[..CHECK] != *check {
        return Err(cut());
    }
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (head, values) = rest.split_at_checked(length).ok_or_else(cut)?;
    let inflate = |part: &[u8]| {
        decompress_to_vec_with_limit(part, MAX_PART).map_err(|_| broken("it does not unpack"))
    };
    read(&inflate(head)?, &inflate(values)?)
}

/// Both parts, unpacked: [`decode`] without the check, so that tests and fuzzers reach what lies
/// behind it.
#[doc(hidden)]
pub fn read(head: &[u8], values: &[u8]) -> Result<Delta> {
    let head: Head =
        serde_json::from_slice(head).map_err(|_| broken("its description cannot be read"))?;
    let mut delta = Delta {
        metadata: DeltaMetadata::from_entries(&head.metadata)?,
        ..Delta::default()
    };
    if head.layers.len() > MAX_LAYERS {
        return Err(broken("it has too many layers"));
    }
    let mut values = values;
    for (name, kind, length) in head.layers {
        let step = head.steps.get(&kind.to_string()).copied();
        let (Some(step), Some(kind)) = (step.filter(|s| s.is_finite()), kind_of(kind)) else {
            return Err(broken("a layer is of no known kind"));
        };
        // Every number takes a byte, so a length beyond the bytes is found before it is reserved.
        if length > values.len() {
            return Err(broken("numbers are missing"));
        }
        let mut numbers = Vec::with_capacity(length);
        for _ in 0..length {
            let (value, rest) =
                read_integer(values).ok_or_else(|| broken("numbers are missing"))?;
            values = rest;
            numbers.push(value as f32 * step);
        }
        let (set, path) = match name.split_once('.') {
            Some(("unet", path)) => (&mut delta.unet, path),
            Some(("text_encoder", path)) => (&mut delta.text_encoder, path),
            _ => return Err(broken("a layer belongs to no part of the model")),
        };
        if set.insert(path, kind, numbers).is_some() {
            return Err(broken("a layer has two shifts"));
        }
    }
    if !values.is_empty() {
        return Err(broken("it has more numbers than layers"));
    }
    // The file's own rules on names, lengths and numbers.
    Delta::from_bytes(&delta.to_bytes()?)
}

/// What a link has room for.
fn short(metadata: &DeltaMetadata) -> DeltaMetadata {
    DeltaMetadata {
        training: String::new(),
        thumbnail: String::new(),
        prompts: Vec::new(),
        ..metadata.clone()
    }
}

fn layers(delta: &Delta) -> impl Iterator<Item = (&'static str, &str, &Shift)> {
    fn of<'a>(
        model: &'static str,
        set: &'a ShiftSet,
    ) -> impl Iterator<Item = (&'static str, &'a str, &'a Shift)> {
        set.iter().map(move |(path, shift)| (model, path, shift))
    }
    of("unet", &delta.unet).chain(of("text_encoder", &delta.text_encoder))
}

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
    kinds
        .into_iter()
        .find(|kind| crate::spectral::delta::link_payload::letter(*kind) == letter)
}

/// Zigzag, then seven bits a byte, lowest first.
fn write_integer(bytes: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

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

fn broken(what: &str) -> Error {
    Error::Delta(format!(
        "This link's delta cannot be read: {what}. Ask for the link again, or for the file."
    ))
}

fn cut() -> Error {
    broken("a part of it was lost on the way, as some messengers do with long links")
}

#[cfg(test)]
#[path = "link_payload_tests.rs"]
mod tests;
