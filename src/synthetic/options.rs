//! The options of a synthetic model.

use crate::weights::format::safetensors::Dtype;

/// The published model whose names and shapes are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Stable Diffusion 1.5.
    Sd15,
    /// BK-SDM-Base (small-sd has the same shapes): one layer per block.
    BkSdmBase,
    /// BK-SDM-Small: one layer, no middle block.
    BkSdmSmall,
    /// BK-SDM-Tiny (tiny-sd has the same shapes): three levels, one layer, no middle block.
    BkSdmTiny,
    /// SD-Turbo: the shapes of Stable Diffusion 2.1, with OpenCLIP-H.
    SdTurbo,
    /// LCM Dreamshaper v7: the shapes of Stable Diffusion 1.5, with a guidance scale embedding.
    Lcm,
    /// TAESD, without other parts.
    Taesd,
    /// LCM-LoRA for Stable Diffusion 1.5: one LoRA file.
    LcmLora,
}

/// The layout of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// A folder in diffusers' layout.
    #[default]
    Folder,
    /// A single file in the original layout (LDM), with the tokenizer's folder beside it.
    SingleFile,
}

/// The size of a synthetic model. The names of the tensors are always the published ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// The published size.
    Published,
    /// Few channels and small pictures.
    Small,
    /// Enough channels for a decomposition that takes some seconds, and small pictures.
    Middle,
}

/// The options of [`write`](crate::synthetic::write).
#[derive(Clone, Debug)]
pub struct Options {
    /// The published model.
    pub kind: Kind,
    /// Type of the values: F32, F16 or BF16.
    pub dtype: Dtype,
    /// The layout of the files.
    pub layout: Layout,
    /// Number of files for each component in a folder, 1 to 99. With 1 there is no index.
    pub shards: usize,
    /// Variant in the names of weight files, as in `model.fp16.safetensors`.
    pub variant: Option<String>,
    /// Seed of the values.
    pub seed: u64,
    /// The size of the model.
    pub size: Size,
}

impl Options {
    /// A folder of `kind` in its published size, with F16 values.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            dtype: Dtype::F16,
            layout: Layout::Folder,
            shards: 1,
            variant: None,
            seed: 0,
            size: Size::Published,
        }
    }
}
