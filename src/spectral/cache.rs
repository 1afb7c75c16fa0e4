//! A decomposition as bytes, so that a base is decomposed once per machine.
//!
//! A safetensors file, all F32: `{path}.u` `[c_out, r]`, `{path}.sigma` `[r]`, `{path}.vt`
//! `[r, fan_in]` for matrices, `{path}.norm` `[channels]` for norms; `order` in the metadata holds
//! the paths as the model's visit has them. `sha256` covers every tensor's name, shape and bytes.

use std::collections::BTreeMap;

use burn::tensor::Device;

use super::base::{LayerBase, SpectralBase, read};
use crate::error::{Error, Result};
use crate::model::matrix::Matrix;
use crate::weights::Stored;
use crate::weights::hash::BaseHash;
use crate::weights::safetensors::{Dtype, Header, from_f32, header_len, to_f32, write};

const FORMAT: &str = "deltabooth.decomposition";
/// Raised whenever the same weights would give other factors or other names.
const VERSION: &str = "1";

impl SpectralBase {
    /// The file.
    ///
    /// # Errors
    /// `Device` if the factors cannot be read.
    pub async fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut tensors = Vec::new();
        let mut hash = BaseHash::new();
        let mut add = |name: String, shape: Vec<usize>, values: &[f32]| -> Result<()> {
            let bytes = from_f32(Dtype::F32, values)?;
            hash.add("", &name, Dtype::F32, &shape, &bytes);
            tensors.push((name, Dtype::F32, shape, bytes));
            Ok(())
        };
        for (path, layer) in self.layers() {
            match layer {
                LayerBase::Norm(weight) => add(format!("{path}.norm"), vec![weight.len()], weight)?,
                LayerBase::Matrix { u, sigma, vt } => {
                    add(
                        format!("{path}.u"),
                        u.dims().to_vec(),
                        &read(u.f32()).await?,
                    )?;
                    add(format!("{path}.sigma"), vec![sigma.len()], sigma)?;
                    add(
                        format!("{path}.vt"),
                        vt.dims().to_vec(),
                        &read(vt.f32()).await?,
                    )?;
                }
            }
        }
        let order: Vec<&str> = self.layers().map(|(path, _)| path).collect();
        let order = serde_json::to_string(&order).map_err(|error| damaged(&error.to_string()))?;
        let metadata = [
            ("format", FORMAT.to_owned()),
            ("version", VERSION.to_owned()),
            ("base_hash", self.base_hash.clone()),
            ("order", order),
            ("sha256", hash.finish()),
        ];
        write(
            &tensors,
            &metadata.map(|(key, value)| (key.to_owned(), value)).into(),
        )
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, for the base of this hash.
    ///
    /// # Errors
    /// `Decomposition` if the file is damaged, of another version, or of another base.
    pub fn from_bytes(bytes: &[u8], base_hash: &str, device: &Device) -> Result<Self> {
        let (header, data) = split(bytes).map_err(|error| damaged(&error.to_string()))?;
        let meta = |key: &str| header.metadata.get(key).map_or("", String::as_str);
        if (meta("format"), meta("version")) != (FORMAT, VERSION) {
            return Err(damaged("it is of another format or version"));
        }
        if meta("base_hash") != base_hash {
            return Err(damaged("it belongs to another base"));
        }
        let order: Vec<String> =
            serde_json::from_str(meta("order")).map_err(|error| damaged(&error.to_string()))?;

        let mut hash = BaseHash::new();
        let mut values = BTreeMap::new();
        for (name, info) in &header.tensors {
            let range = usize::try_from(info.start)
                .ok()
                .zip(usize::try_from(info.end).ok());
            let raw = range
                .and_then(|(start, end)| data.get(start..end))
                .ok_or_else(|| damaged("it ends too early"))?;
            hash.add("", name, info.dtype, &info.shape, raw);
            values.insert(name.as_str(), (info.shape.as_slice(), info.dtype, raw));
        }
        if hash.finish() != meta("sha256") {
            return Err(damaged("its SHA-256 does not fit"));
        }
        let mut take = |name: String| -> Result<(Vec<usize>, Vec<f32>)> {
            let (shape, dtype, raw) = values
                .remove(name.as_str())
                .ok_or_else(|| damaged(&format!("'{name}' is missing")))?;
            Ok((shape.to_vec(), to_f32(dtype, raw)?))
        };
        let mut layers = Vec::with_capacity(order.len());
        for path in order {
            let layer = if header.tensors.contains_key(&format!("{path}.norm")) {
                LayerBase::Norm(take(format!("{path}.norm"))?.1)
            } else {
                let (u_shape, u) = take(format!("{path}.u"))?;
                let (_, sigma) = take(format!("{path}.sigma"))?;
                let (vt_shape, vt) = take(format!("{path}.vt"))?;
                let (&[rows, r], &[r_vt, cols]) = (u_shape.as_slice(), vt_shape.as_slice()) else {
                    return Err(damaged(&format!("'{path}' is no matrix")));
                };
                if r != r_vt || r != sigma.len() || r != rows.min(cols) {
                    return Err(damaged(&format!(
                        "the factors of '{path}' do not fit each other"
                    )));
                }
                LayerBase::Matrix {
                    u: Matrix::new(u, [rows, r], device, Stored::F32),
                    sigma,
                    vt: Matrix::new(vt, [r, cols], device, Stored::F32),
                }
            };
            layers.push((path, layer));
        }
        Ok(Self {
            base_hash: base_hash.to_owned(),
            layers,
        })
    }
}

/// The header and the bytes behind it.
fn split(bytes: &[u8]) -> Result<(Header, &[u8])> {
    let len = bytes.len() as u64;
    header_len(bytes, len)?;
    let header = Header::parse(bytes, len)?;
    let start = usize::try_from(header.data_start).unwrap_or(bytes.len());
    Ok((header, bytes.get(start..).unwrap_or_default()))
}

fn damaged(why: &str) -> Error {
    Error::Decomposition(format!(
        "the stored decomposition of this base cannot be used: {why}. Decompose the base again; that takes seconds for a small one."
    ))
}
