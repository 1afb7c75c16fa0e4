//! A hash of the weights of a base model, independent of the files they are in.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::sha256::hex;
use crate::weights::format::safetensors::Dtype;

/// One SHA-256 of all tensors of a base model.
///
/// For each tensor, sorted by `component/name`: the name, the type's name, the dimensions and the
/// SHA-256 of the raw bytes, each text and list preceded by its length as a 64-bit little-endian
/// number. The order of tensors, the metadata and the names of files do not matter, nor which of its
/// names a tensor has ([`canonical`]). The type does, because rounding the weights changes their
/// singular vectors. Position tables (`position_ids`) are not weights and are ignored.
#[derive(Clone, Debug, Default)]
pub struct BaseHash {
    tensors: BTreeMap<String, Vec<u8>>,
}

impl BaseHash {
    /// The hash of no tensor.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tensor by its raw bytes, as they are in the file.
    pub fn add(
        &mut self,
        component: &str,
        name: &str,
        dtype: Dtype,
        shape: &[usize],
        bytes: &[u8],
    ) {
        self.add_digest(component, name, dtype, shape, Sha256::digest(bytes).into());
    }

    /// Adds a tensor by the SHA-256 of its raw bytes, as they are in the file.
    pub(crate) fn add_digest(
        &mut self,
        component: &str,
        name: &str,
        dtype: Dtype,
        shape: &[usize],
        digest: [u8; 32],
    ) {
        if name.rsplit('.').next() == Some("position_ids") {
            return;
        }
        let mut entry = Vec::new();
        let name = format!("{component}/{}", canonical(component, name));
        for text in [&name, dtype.name()] {
            entry.extend((text.len() as u64).to_le_bytes());
            entry.extend(text.as_bytes());
        }
        entry.extend((shape.len() as u64).to_le_bytes());
        for &n in shape {
            entry.extend((n as u64).to_le_bytes());
        }
        entry.extend(digest);
        self.tensors.insert(name, entry);
    }

    /// 64 lower-case hexadecimal digits.
    pub fn finish(self) -> String {
        let mut hash = Sha256::new();
        for entry in self.tensors.values() {
            hash.update(entry);
        }
        hex(&hash.finalize())
    }
}

/// The name that counts for a tensor with several: CLIP's with and without `text_model.`, and the
/// attention of the autoencoder by its deprecated and its current names.
fn canonical(component: &str, name: &str) -> String {
    match component {
        "text_encoder" => name.strip_prefix("text_model.").unwrap_or(name).to_owned(),
        "vae" => {
            let Some((path, leaf)) = name.split_once(".attentions.0.") else {
                return name.to_owned();
            };
            let leaf = match leaf.split_once('.') {
                Some(("query", end)) => format!("to_q.{end}"),
                Some(("key", end)) => format!("to_k.{end}"),
                Some(("value", end)) => format!("to_v.{end}"),
                Some(("proj_attn", end)) => format!("to_out.0.{end}"),
                _ => leaf.to_owned(),
            };
            format!("{path}.attentions.0.{leaf}")
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::type_complexity, reason = "a test's table")]
    fn of(tensors: &[(&str, &str, Dtype, &[usize], &[u8])]) -> String {
        let mut hash = BaseHash::new();
        for (component, name, dtype, shape, bytes) in tensors {
            hash.add(component, name, *dtype, shape, bytes);
        }
        hash.finish()
    }

    #[test]
    fn the_order_of_tensors_does_not_count() {
        let a: (&str, &str, Dtype, &[usize], &[u8]) =
            ("unet", "a", Dtype::F32, &[1], &[0, 0, 0, 0]);
        let b: (&str, &str, Dtype, &[usize], &[u8]) = ("vae", "b", Dtype::F16, &[2], &[1, 2, 3, 4]);
        assert_eq!(of(&[a, b]), of(&[b, a]));
        assert_eq!(of(&[a, b]).len(), 64);
    }

    #[test]
    fn everything_else_counts() {
        let base = of(&[("unet", "a", Dtype::F16, &[2], &[1, 2, 3, 4])]);
        assert_ne!(base, of(&[("vae", "a", Dtype::F16, &[2], &[1, 2, 3, 4])]));
        assert_ne!(base, of(&[("unet", "b", Dtype::F16, &[2], &[1, 2, 3, 4])]));
        assert_ne!(base, of(&[("unet", "a", Dtype::BF16, &[2], &[1, 2, 3, 4])]));
        assert_ne!(
            base,
            of(&[("unet", "a", Dtype::F16, &[1, 2], &[1, 2, 3, 4])])
        );
        assert_ne!(base, of(&[("unet", "a", Dtype::F16, &[2], &[1, 2, 3, 5])]));
        assert_ne!(base, of(&[]));
    }

    #[test]
    fn one_tensor_has_one_name() {
        let hash = |component, name| of(&[(component, name, Dtype::F16, &[1], &[1, 2])]);
        for (component, one, other) in [
            ("text_encoder", "text_model.encoder.x", "encoder.x"),
            (
                "vae",
                "encoder.mid_block.attentions.0.query.bias",
                "encoder.mid_block.attentions.0.to_q.bias",
            ),
            (
                "vae",
                "decoder.mid_block.attentions.0.proj_attn.weight",
                "decoder.mid_block.attentions.0.to_out.0.weight",
            ),
        ] {
            assert_eq!(hash(component, one), hash(component, other));
        }
        assert_ne!(hash("vae", "text_model.x"), hash("vae", "x"));
        let ids = "text_model.embeddings.position_ids";
        assert_eq!(hash("text_encoder", ids), of(&[]));
    }
}
