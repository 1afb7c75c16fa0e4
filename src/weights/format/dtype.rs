//! Types of values in a safetensors file, and their conversion.

use half::{bf16, f16};

use crate::error::{Error, Result};
use crate::weights::format::f16::widen;

macro_rules! dtypes {
    ($($variant:ident $name:literal $bits:literal,)*) => {
        /// The types that the format names; F32, F16 and BF16 can be converted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(non_camel_case_types, reason = "the format's own names")]
        #[expect(missing_docs, reason = "the format's own names")]
        pub enum Dtype { $($variant,)* }

        impl Dtype {
            /// The name in a header.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Bits per value.
            pub fn bits(self) -> u64 {
                match self { $(Self::$variant => $bits,)* }
            }

            /// The type of a name in a header.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

dtypes! {
    Bool "BOOL" 8,
    F4 "F4" 4,
    F6_E2M3 "F6_E2M3" 6,
    F6_E3M2 "F6_E3M2" 6,
    U8 "U8" 8,
    I8 "I8" 8,
    F8_E5M2 "F8_E5M2" 8,
    F8_E4M3 "F8_E4M3" 8,
    F8_E8M0 "F8_E8M0" 8,
    I16 "I16" 16,
    U16 "U16" 16,
    F16 "F16" 16,
    BF16 "BF16" 16,
    I32 "I32" 32,
    U32 "U32" 32,
    F32 "F32" 32,
    C64 "C64" 64,
    F64 "F64" 64,
    I64 "I64" 64,
    U64 "U64" 64,
}

/// Reads little-endian F32, F16 or BF16 values; NaN and infinities pass.
///
/// # Errors
/// `Weights` for any other type, or a length that is not a multiple of the size of a value.
pub fn to_f32(dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>> {
    let whole = (bytes.len() as u64 * 8).is_multiple_of(dtype.bits());
    match dtype {
        _ if !whole => Err(Error::Weights(format!(
            "{} bytes are not a whole number of {} numbers. The file is damaged; fetch it again.",
            bytes.len(),
            dtype.name()
        ))),
        Dtype::F32 => Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|&b| f32::from_le_bytes(b))
            .collect()),
        Dtype::F16 => Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|&b| widen(u32::from(u16::from_le_bytes(b))))
            .collect()),
        Dtype::BF16 => Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|&b| bf16::from_le_bytes(b).to_f32())
            .collect()),
        _ => Err(Error::Weights(format!(
            "numbers of type {} cannot be read; F32, F16 and BF16 can. Look for another version of this model.",
            dtype.name()
        ))),
    }
}

/// Writes little-endian F32, F16 or BF16 values, rounded to nearest, ties to even.
///
/// # Errors
/// `Weights` for any other type.
pub fn from_f32(dtype: Dtype, values: &[f32]) -> Result<Vec<u8>> {
    match dtype {
        Dtype::F32 => Ok(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Dtype::F16 => Ok(values
            .iter()
            .flat_map(|&v| f16::from_f32(v).to_le_bytes())
            .collect()),
        Dtype::BF16 => Ok(values
            .iter()
            .flat_map(|&v| bf16::from_f32(v).to_le_bytes())
            .collect()),
        _ => Err(Error::Weights(format!(
            "numbers of type {} cannot be written.",
            dtype.name()
        ))),
    }
}
