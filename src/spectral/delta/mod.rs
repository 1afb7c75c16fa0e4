//! The delta: the shifts of a UNet and a text encoder, and the file that is shared.
//!
//! | file | content |
//! |---|---|
//! | `file` | the delta file: reading and writing with a content hash |
//! | `tensor` | a shift as a tensor of the file |
//! | `metadata` | the metadata of the file |
//! | [`link_payload`] | a delta as the text of a link |
//! | [`combine`] | sum, interpolation, style mixing, rank limit |
//! | [`svdiff_pytorch`] | files of svdiff-pytorch |
//! | [`import`] | files of other programs as a delta |
//!
//! # Example: apply a delta
//!
//! ```no_run
//! # fn main() -> deltabooth::Result<()> { pollster::block_on(async {
//! use burn::tensor::Device;
//! use deltabooth::model::base_model::BaseModel;
//! use deltabooth::spectral::decompose::config::{CurrentThread, DecomposeConfig, NoStore};
//! use deltabooth::spectral::delta::Delta;
//! use deltabooth::spectral::{DecomposedBaseModel, LayerSelection};
//! use deltabooth::weights::{Files, Stored};
//!
//! let files = Files::Folder("static/base".into());
//! let base = BaseModel::load(&files, &Device::flex(), &mut |_| {}).await?;
//! let file = std::fs::read("delta.safetensors").expect("the delta file");
//! let delta = Delta::from_bytes(&file)?;
//! delta.check_base(&base.hash)?;
//!
//! // Decompose only the layers that the delta shifts.
//! let mut decomposed = DecomposedBaseModel::empty(&base, Stored::F32)?;
//! let selection = LayerSelection::for_deltas(&[&delta]);
//! let config = DecomposeConfig { decomposer: &CurrentThread, store: &NoStore };
//! decomposed.extend(&base, &selection, config, async |_, _| Ok(())).await?;
//!
//! // A model at 80 % of the delta's strength; generate pictures with it as with any base model.
//! let shifted = decomposed.bake(&base, &[(&delta, 0.8)])?;
//! # let _ = shifted;
//! # Ok(()) }) }
//! ```

pub mod combine;
pub mod import;
pub mod link_payload;
pub mod svdiff_pytorch;

mod file;
mod metadata;
mod tensor;

use crate::error::{Error, Result, WrongBaseModel};
use crate::spectral::shift::ShiftSet;

pub use crate::spectral::delta::metadata::{
    Combination, CombinationKind, DeltaMetadata, Parent, Subject,
};

/// Maximum size of a delta file, in bytes.
pub const MAX_FILE: usize = 64 << 20;
/// Maximum size of the header of a delta file, in bytes.
pub const MAX_HEADER: u64 = 8 << 20;
/// Maximum number of layers. Stable Diffusion XL with both text encoders has fewer.
pub const MAX_LAYERS: usize = 8_192;
/// Maximum length of a tensor's name, in bytes.
pub const MAX_NAME: usize = 256;

/// Shifts of a UNet and of a text encoder, with metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delta {
    /// Base model, subjects, training settings and more.
    pub metadata: DeltaMetadata,
    /// Shifts of the UNet.
    pub unet: ShiftSet,
    /// Shifts of the text encoder; empty if it was not trained.
    pub text_encoder: ShiftSet,
}

impl Delta {
    /// Checks that the delta was made for the base model with this hash.
    ///
    /// # Errors
    /// `WrongBaseModel` if it was made for another one.
    pub fn check_base(&self, base_hash: &str) -> Result<()> {
        let made_for = &self.metadata.base_sha256;
        if made_for == base_hash {
            return Ok(());
        }
        Err(Error::WrongBaseModel(WrongBaseModel {
            base_id: self.metadata.base_id.clone(),
            expected: made_for.clone(),
            found: base_hash.to_owned(),
        }))
    }
}
