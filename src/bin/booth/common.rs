//! What the commands share: the device, the base, files, and text that is safe to print.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use burn::tensor::Device;
use clap::{Args, ValueEnum};
use deltabooth::model::base_model::BaseModel;
use deltabooth::model::config::PredictionType;
use deltabooth::weights::{Files, Place, Stored};
use deltabooth::{Error, Result};

use super::decompose::CacheArg;

/// The base and where it runs.
#[derive(Debug, Args)]
pub(crate) struct BaseArgs {
    /// The base model: a folder in diffusers' layout, or a checkpoint of one file.
    #[arg(long, value_name = "DIR|FILE.safetensors")]
    pub(crate) base: PathBuf,
    #[command(flatten)]
    pub(crate) single_file: SingleFileArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArg,
    /// What computes.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device: DeviceArg,
    /// How the base's weights are stored in memory, by `decompose` U and V too. F16 takes half of it, and a
    /// little more time; a base that was published as F16 computes the same.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) stored: StoredArg,
}

/// What a checkpoint of one file does not say.
#[derive(Debug, Default, Args)]
pub(crate) struct SingleFileArgs {
    /// For a checkpoint of one file: a folder with CLIP's vocab.json and merges.txt, or the base
    /// folder of any Stable Diffusion [default: beside the file].
    #[arg(long, value_name = "DIR")]
    tokenizer: Option<PathBuf>,
    /// For a checkpoint of one file: what it predicts. Stable Diffusion 2 at 768 pixels needs
    /// v_prediction; its file does not say [default: epsilon].
    #[arg(long, value_name = "NAME", value_parser = super::train::name::<PredictionType>)]
    prediction: Option<PredictionType>,
}

/// `--device`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum DeviceArg {
    /// The processor.
    #[default]
    Cpu,
    /// The graphics card (Vulkan, Metal or DirectX).
    Gpu,
}

/// `--stored`. What is computed with is F32 in any case.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum StoredArg {
    /// Four bytes a number.
    #[default]
    F32,
    /// Two bytes a number.
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
    /// Opens the device and loads the base onto it.
    pub(crate) async fn load(&self) -> Result<BaseModel> {
        let device = match self.device {
            DeviceArg::Cpu => Device::flex(),
            DeviceArg::Gpu => gpu().await?,
        };
        let place = Place::new(&device, self.stored.into());
        load_base(&self.base, &self.single_file, place).await
    }

    /// As [`load`](Self::load), for pictures of `size` pixels.
    pub(crate) async fn load_at(&self, size: Option<usize>) -> Result<BaseModel> {
        let mut base = self.load().await?;
        if let Some(pixels) = size {
            base.set_picture_size(pixels)?;
        }
        Ok(base)
    }
}

/// Loads a base from its folder or its one file.
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

/// One line on a terminal that says what is under way; nothing where nobody watches.
pub(crate) struct Status {
    what: &'static str,
    shown: bool,
}

impl Status {
    pub(crate) fn new(what: &'static str) -> Self {
        let mut status = Self { what, shown: false };
        status.tick();
        status
    }

    /// Shows the line once.
    pub(crate) fn tick(&mut self) {
        if !self.shown {
            self.show("");
        }
    }

    /// Shows how far the work is.
    pub(crate) fn progress(&mut self, done: usize, total: usize) {
        self.show(&format!(" {done}/{total}"));
    }

    fn show(&mut self, rest: &str) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[2K{}{rest} …", self.what);
            self.shown = true;
        }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[2K");
        }
    }
}

/// A whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Error::Io(format!(
            "{} could not be read ({error}). Check its name and place.",
            path.display()
        ))
    })
}

/// An error about what is in a file, with the file's name before it.
pub(crate) fn named(path: &Path, error: Error) -> Error {
    let with_name = |reason: String| format!("{}: {reason}", path.display());
    match error {
        Error::Weights(reason) => Error::Weights(with_name(reason)),
        Error::Delta(reason) => Error::Delta(with_name(reason)),
        Error::Picture(reason) => Error::Picture(with_name(reason)),
        other => other,
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let attempt = || -> std::io::Result<()> {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    attempt().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::Io(format!(
            "{} could not be written ({error}). Check the folder's permissions and free space.",
            path.display()
        ))
    })
}

/// Finds out before the work that its result can be kept.
pub(crate) fn check_out(path: &Path, extension: &str) -> Result<()> {
    if !path
        .extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
    {
        return Err(Error::Settings(format!(
            "The result is a .{extension} file, but --out is {}. Give a name that ends in .{extension}.",
            path.display()
        )));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(Error::Io(format!(
                "There is no folder {} for the result. Make it first.",
                folder.display()
            )))
        }
        _ => Ok(()),
    }
}

/// Text from a file, with everything that could steer a terminal or turn the reading direction
/// written as `\u{…}`; line breaks stay.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = c.is_control() && c != '\n';
        let hides = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if steers || hides {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Today in ISO 8601, UTC.
pub(crate) fn today() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    date(since.as_secs() / 86_400)
}

/// Days since 1970-01-01 as a date (Howard Hinnant's `civil_from_days`).
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::{date, escaped};

    #[test]
    fn text_from_a_file_cannot_steer_the_terminal() {
        assert_eq!(escaped("Grüße, 熊 🐻\nzwei"), "Grüße, 熊 🐻\nzwei");
        assert_eq!(
            escaped("\x1b[2Ja\r\u{9b}\u{202e}b\0"),
            r"\u{1b}[2Ja\u{d}\u{9b}\u{202e}b\u{0}"
        );
    }

    #[test]
    fn dates_follow_the_calendar() {
        for (days, text) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_779, "2026-11-22"),
        ] {
            assert_eq!(date(days), text);
        }
    }
}
