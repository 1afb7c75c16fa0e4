//! The base that a delta file says it belongs to, read from its safetensors header.
//!
//! The engine refuses a damaged delta and one for another base with the same kind of error; the
//! page looks into the header itself to know when 'apply anyway' can help.

/// Larger headers are not looked into: a delta has a few hundred names.
const HEADER_LIMIT: u64 = 1 << 20;

/// True when the metadata names a base hash and it is not `hash`.
pub fn is_for_another_base(file: &[u8], hash: &str) -> bool {
    base_hash(file).is_some_and(|found| !found.eq_ignore_ascii_case(hash))
}

/// The SHA-256 under the first metadata key that speaks of the base and holds one.
fn base_hash(file: &[u8]) -> Option<String> {
    let length = u64::from_le_bytes(file.get(..8)?.try_into().ok()?);
    if length > HEADER_LIMIT {
        return None;
    }
    let end = 8 + usize::try_from(length).ok()?;
    let header: serde_json::Value = serde_json::from_slice(file.get(8..end)?).ok()?;
    let metadata = header.get("__metadata__")?.as_object()?;
    metadata
        .iter()
        .filter(|(key, _)| key.contains("base"))
        .filter_map(|(_, value)| value.as_str())
        .map(|value| value.trim_start_matches("0x"))
        .find(|value| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::is_for_another_base;

    fn file(json: &str) -> Vec<u8> {
        [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat()
    }

    #[test]
    fn another_base_is_told_from_a_damaged_file() {
        let (ours, theirs) = ("ab".repeat(32), "cd".repeat(32));
        let delta = file(&format!(
            r#"{{"__metadata__":{{"base_id":"emoji","base_sha256":"{theirs}"}}}}"#
        ));
        assert!(is_for_another_base(&delta, &ours));
        assert!(!is_for_another_base(&delta, &theirs));
        assert!(!is_for_another_base(&delta[..40], &ours));
        assert!(!is_for_another_base(b"", &ours));
        assert!(!is_for_another_base(&[0xff; 64], &ours));
    }
}
