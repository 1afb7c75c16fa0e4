//! The factors of one layer as a file, so that a base model is decomposed once per machine.
//!
//! A safetensors file: `u` `[c_out, r]` and `vt` `[r, fan_in]` in F32 or F16, `sigma` `[r]` in F32.
//! In F16 the relative error of an element is 2⁻¹¹ (the absolute error 2⁻²⁵ below 2⁻¹⁴). It affects
//! only the change that a shift makes, because the base model's weight is kept beside the factors: at
//! δ = 0 the weight is exact, and the error of U diag(c) Vᵀ with c = relu(σ + δ) − σ is about
//! 2⁻¹⁰ ‖c‖.
//!
//! The metadata holds the base model's hash, the layer's name, the accuracy before rounding
//! (`residual`; the orthogonality error is called `skew`), and `sha256` over the accuracy and every
//! tensor's name, type, shape and bytes. All of it is checked on reading.

use half::f16;

use crate::error::{Error, Result};
use crate::spectral::svd::Accuracy;
use crate::spectral::svd::Decomposition;
use crate::weights::BaseHash;
use crate::weights::Stored;
use crate::weights::format::safetensors::{Dtype, Header, from_f32, header_len, to_f32, write};

const FORMAT: &str = "deltabooth.factors";
/// To be increased when the same weight gives different factors or names.
const VERSION: &str = "1";

/// The type of U and Vᵀ in the file.
fn dtype(stored: Stored) -> Dtype {
    match stored {
        Stored::F32 => Dtype::F32,
        Stored::F16 => Dtype::F16,
    }
}

impl Decomposition {
    /// The factors with U and Vᵀ rounded to the storage type.
    pub fn rounded(mut self, stored: Stored) -> Self {
        if stored == Stored::F16 {
            for value in self.u.iter_mut().chain(&mut self.vt) {
                *value = f16::from_f32(*value).to_f32();
            }
        }
        self
    }

    /// The factors as a file. `name` identifies the layer within the base model.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn to_bytes(&self, base_hash: &str, name: &str, stored: Stored) -> Result<Vec<u8>> {
        let r = self.rank();
        let dtype = dtype(stored);
        let encode = |values| from_f32(dtype, values);
        let tensors = [
            ("u", dtype, vec![self.rows, r], encode(&self.u)?),
            (
                "sigma",
                Dtype::F32,
                vec![r],
                from_f32(Dtype::F32, &self.sigma)?,
            ),
            ("vt", dtype, vec![r, self.cols], encode(&self.vt)?),
        ];
        let tensors =
            tensors.map(|(name, dtype, shape, bytes)| (name.to_owned(), dtype, shape, bytes));
        let accuracy = [self.accuracy.residual, self.accuracy.orthogonality_error];
        let [residual, orthogonality_error] = accuracy.map(|value| format!("{value:e}"));
        let mut hash = begin_hash(&residual, &orthogonality_error);
        for (name, dtype, shape, bytes) in &tensors {
            hash.add("", name, *dtype, shape, bytes);
        }
        let metadata = [
            ("format", FORMAT.to_owned()),
            ("version", VERSION.to_owned()),
            ("base_hash", base_hash.to_owned()),
            ("layer", name.to_owned()),
            ("residual", residual),
            ("skew", orthogonality_error),
            ("sha256", hash.finish()),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
        write(&tensors, &metadata.into())
    }

    /// Reads a file of [`to_bytes`](Self::to_bytes) for a layer whose weight has the shape
    /// `[c_out, fan_in]`. With `stored` F16, factors stored as F32 are accepted and rounded.
    ///
    /// # Errors
    /// `Decomposition` if the file is damaged, of another version, base model or layer, or has
    /// F16 factors while `stored` is F32.
    pub fn from_bytes(
        bytes: &[u8],
        base_hash: &str,
        name: &str,
        shape: [usize; 2],
        stored: Stored,
    ) -> Result<Self> {
        let (header, data) = split(bytes).map_err(|error| damaged(name, &error.to_string()))?;
        let meta = |key: &str| header.metadata.get(key).map_or("", String::as_str);
        if (meta("format"), meta("version")) != (FORMAT, VERSION) {
            return Err(damaged(name, "it is of another format or version"));
        }
        if (meta("base_hash"), meta("layer")) != (base_hash, name) {
            return Err(damaged(name, "it belongs to another base or layer"));
        }
        let mut hash = begin_hash(meta("residual"), meta("skew"));
        let mut take = |tensor: &str, dtypes: &[Dtype], shape: &[usize]| -> Result<Vec<f32>> {
            let info = header.tensors.get(tensor);
            let info = info.filter(|info| info.shape == shape && dtypes.contains(&info.dtype));
            let info = info.ok_or_else(|| damaged(name, "it is not what is asked for"))?;
            let (start, end) = (info.start as usize, info.end as usize);
            let raw = data.get(start..end);
            let raw = raw.ok_or_else(|| damaged(name, "it ends too early"))?;
            hash.add("", tensor, info.dtype, &info.shape, raw);
            to_f32(info.dtype, raw)
        };
        let [rows, cols] = shape;
        let r = rows.min(cols);
        let dtypes: &[Dtype] = match stored {
            Stored::F32 => &[Dtype::F32],
            Stored::F16 => &[Dtype::F16, Dtype::F32],
        };
        let factors = Self {
            u: take("u", dtypes, &[rows, r])?,
            sigma: take("sigma", &[Dtype::F32], &[r])?,
            vt: take("vt", dtypes, &[r, cols])?,
            rows,
            cols,
            accuracy: Accuracy {
                residual: meta("residual").parse().unwrap_or(f64::NAN),
                orthogonality_error: meta("skew").parse().unwrap_or(f64::NAN),
            },
        };
        if hash.finish() != meta("sha256") {
            return Err(damaged(name, "its SHA-256 does not fit"));
        }
        Ok(factors.rounded(stored))
    }
}

/// The hash of a file, to which the tensors are added.
fn begin_hash(residual: &str, orthogonality_error: &str) -> BaseHash {
    let mut hash = BaseHash::new();
    hash.add(
        "exactness",
        &format!("{residual} {orthogonality_error}"),
        Dtype::F32,
        &[],
        &[],
    );
    hash
}

/// The header, and the bytes after it.
fn split(bytes: &[u8]) -> Result<(Header, &[u8])> {
    let len = bytes.len() as u64;
    header_len(bytes, len)?;
    let header = Header::parse(bytes, len)?;
    let start = usize::try_from(header.data_start).unwrap_or(bytes.len());
    Ok((header, bytes.get(start..).unwrap_or_default()))
}

fn damaged(name: &str, why: &str) -> Error {
    Error::Decomposition(format!(
        "the stored factors of '{name}' cannot be used: {why}. They have to be made again."
    ))
}
