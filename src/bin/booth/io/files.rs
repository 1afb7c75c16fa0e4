//! Reading and writing of files, with errors that name them.

use std::fs;
use std::io::Write;
use std::path::Path;

use deltabooth::{Error, Result};

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Error::Io(format!(
            "{} could not be read ({error}). Check its name and place.",
            path.display()
        ))
    })
}

/// Puts the file's name before an error about its content.
pub(crate) fn named(path: &Path, error: Error) -> Error {
    let with_name = |reason: String| format!("{}: {reason}", path.display());
    match error {
        Error::Weights(reason) => Error::Weights(with_name(reason)),
        Error::Delta(reason) => Error::Delta(with_name(reason)),
        Error::Picture(reason) => Error::Picture(with_name(reason)),
        other => other,
    }
}

/// Writes a file completely or not at all.
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

/// Checks, before the work begins, that its result can be written.
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

/// Makes a folder for results.
pub(crate) fn create_folder(path: &Path, advice: &str) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| {
        Error::Io(format!(
            "The folder {} could not be made ({error}). {advice}",
            path.display()
        ))
    })
}
