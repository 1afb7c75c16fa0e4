//! The base model, its device and how its weights are stored.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deltabooth::model::base_model::BaseModel;
use deltabooth::model::config::PredictionType;
use deltabooth::weights::{Files, Place, Stored};
use deltabooth::{Error, Result};

use super::factors::CacheArg;
use crate::io::status::Status;

/// The base model and the device.
#[derive(Debug, Args)]
pub(crate) struct BaseArgs {
    /// The base model: a folder in diffusers' layout, or a checkpoint of one file.
    #[arg(long, value_name = "DIR|FILE.safetensors")]
    pub(crate) base: PathBuf,
    #[command(flatten)]
    pub(crate) single_file: SingleFileArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArg,
    /// The device that computes.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device: DeviceArg,
    /// Precision of the stored weights, and of U and V in `decompose`. F16 takes half the memory and a
    /// little more time; the results of a model that was published in F16 are the same.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) stored: StoredArg,
}

/// Settings that a checkpoint of one file does not contain.
#[derive(Debug, Default, Args)]
pub(crate) struct SingleFileArgs {
    /// For a checkpoint of one file: a folder with CLIP's vocab.json and merges.txt, or the folder of
    /// any Stable Diffusion model [default: beside the file].
    #[arg(long, value_name = "DIR")]
    tokenizer: Option<PathBuf>,
    /// For a checkpoint of one file: the prediction type, epsilon, v_prediction or sample. Stable
    /// Diffusion 2 at 768 pixels needs v_prediction [default: epsilon].
    #[arg(long, value_name = "NAME", value_parser = prediction)]
    prediction: Option<PredictionType>,
}

fn prediction(name: &str) -> std::result::Result<PredictionType, String> {
    let name = serde_json::Value::String(name.replace('-', "_"));
    serde_json::from_value(name).map_err(|error| error.to_string())
}

/// `--device`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum DeviceArg {
    /// The processor.
    #[default]
    Cpu,
    /// The GPU, through Vulkan, Metal or DirectX.
    Gpu,
}

/// `--stored`. Computation is in F32 in any case.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum StoredArg {
    /// Four bytes per number.
    #[default]
    F32,
    /// Two bytes per number.
    F16,
}

impl From<StoredArg> for Stored {
    fn from(stored: StoredArg) -> Self {
        match stored {
            StoredArg::F32 => Self::F32,
            StoredArg::F16 => Self::F16,
        }
    }
}

impl BaseArgs {
    /// Opens the device and loads the base model.
    pub(crate) async fn load(&self) -> Result<BaseModel> {
        let device = match self.device {
            DeviceArg::Cpu => Device::flex(),
            DeviceArg::Gpu => gpu().await?,
        };
        let place = Place::new(&device, self.stored.into());
        load_base(&self.base, &self.single_file, place).await
    }

    /// As [`load`](Self::load), for pictures of `resolution` pixels a side.
    pub(crate) async fn load_at(&self, resolution: Option<usize>) -> Result<BaseModel> {
        let mut base = self.load().await?;
        if let Some(pixels) = resolution {
            base.set_picture_size(pixels)?;
        }
        Ok(base)
    }
}

/// Loads a base model from its folder or its one file.
pub(crate) async fn load_base(
    path: &Path,
    single_file: &SingleFileArgs,
    place: impl Into<Place>,
) -> Result<BaseModel> {
    let folder = |path: &Path| Files::Folder(path.to_owned());
    let mut status = Status::new("loading the base");
    let mut progress = |_| status.tick();
    if path.is_dir() {
        return BaseModel::load(&folder(path), place, &mut progress).await;
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let (Some(name), Some(parent), true) = (name, path.parent(), path.is_file()) else {
        return Err(Error::Io(format!(
            "There is no folder and no file {}. Give the folder of a base model in diffusers' layout, or a checkpoint of one file, with --base.",
            path.display()
        )));
    };
    let tokenizer = single_file.tokenizer.as_deref().unwrap_or(parent);
    BaseModel::load_single_file(
        &folder(parent),
        name,
        &folder(tokenizer),
        single_file.prediction,
        place,
        &mut progress,
    )
    .await
}

#[cfg(feature = "gpu")]
async fn gpu() -> Result<Device> {
    Device::wgpu_options().init_async().await.map_err(|error| {
        Error::Device(format!(
            "No graphics card could be opened ({error:?}). Use --device cpu."
        ))
    })
}

#[cfg(not(feature = "gpu"))]
async fn gpu() -> Result<Device> {
    Err(Error::Device(
        "This booth was built without the graphics card's part. Build it with `cargo build --release --features gpu`, or use --device cpu.".into(),
    ))
}
