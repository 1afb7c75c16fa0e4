//! LoRA: ΔW = scale · B A with A `[r, fan_in]` and B `[c_out, r]`.
//!
//! | file | content |
//! |---|---|
//! | [`layers`] | a LoRA in memory |
//! | [`from_delta`] | a delta as a LoRA, for programs that do not support spectral shifts |
//! | [`apply`](mod@apply) | LoRAs added to the weights of a model |
//! | [`file`](mod@file) | reads LoRA files of any supported format |
//! | [`kohya`], [`diffusers`] | the two formats |
//! | `names` | names and shapes of tensors in both formats |
//!
//! A LoRA contains no norms and embeddings; [`LoraReport`] tells how much of a delta that omits. A
//! LoRA of another program is no spectral shift, because its directions are not the singular
//! vectors. It is added to the weights, after all deltas.
//!
//! # Example: export a LoRA
//!
//! ```no_run
//! # fn main() -> deltabooth::Result<()> { pollster::block_on(async {
//! use burn::tensor::Device;
//! use deltabooth::model::base_model::BaseModel;
//! use deltabooth::spectral::DecomposedBaseModel;
//! use deltabooth::spectral::decompose::shapes::layer_shapes;
//! use deltabooth::spectral::delta::Delta;
//! use deltabooth::spectral::lora::{Lora, kohya};
//! use deltabooth::weights::Files;
//! use deltabooth::weights::format::safetensors::Dtype;
//!
//! let files = Files::Folder("static/base".into());
//! let base = BaseModel::load(&files, &Device::flex(), &mut |_| {}).await?;
//! let file = std::fs::read("delta.safetensors").expect("the delta file");
//! let delta = Delta::from_bytes(&file)?;
//!
//! let decomposed = DecomposedBaseModel::new(&base, true, async |_, _| Ok(())).await?;
//! let text_encoder = decomposed.text_encoder()?;
//! let (lora, report) =
//!     Lora::from_delta(&delta, &decomposed.unet, Some(text_encoder), 16).await?;
//! println!("{} layers, {:.1} % of the change", report.layers, 100.0 * report.energy());
//!
//! let shapes = [layer_shapes(&base.unet)?, layer_shapes(&base.text_encoder)?];
//! let metadata = kohya::metadata(&delta.metadata, &base, &report);
//! let file = kohya::write(&lora, shapes.each_ref(), &metadata, Dtype::F16)?;
//! std::fs::write("lora.safetensors", file).expect("a writable folder");
//! # Ok(()) }) }
//! ```

pub mod apply;
pub mod diffusers;
pub mod file;
pub mod from_delta;
pub mod kohya;
pub mod layers;

mod names;

pub use crate::spectral::lora::apply::{add_to, apply};
pub use crate::spectral::lora::from_delta::LoraReport;
pub use crate::spectral::lora::layers::{Lora, LoraLayer, LoraLayers};
