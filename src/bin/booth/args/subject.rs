//! `--subject 'DIR|identifier|class'`: the pictures and the words of a subject.

use std::path::{Path, PathBuf};

use deltabooth::config::SubjectWords;
use deltabooth::picture;
use deltabooth::train::Subject;
use deltabooth::{Error, Result};

use crate::io::files::{named, read};

/// A folder of pictures and the subject's words.
#[derive(Clone, Debug)]
pub(crate) struct SubjectArg {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Identifier and class.
    pub(crate) words: SubjectWords,
}

impl std::str::FromStr for SubjectArg {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        // From the right, because only the folder's name may contain '|'.
        let mut parts = text.rsplitn(3, '|').map(str::trim);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(class), Some(token), Some(folder)) if !folder.is_empty() => Ok(Self {
                folder: folder.into(),
                words: SubjectWords::new(token, class),
            }),
            _ => Err("give folder, identifier and class, as in 'pictures/rex|sks|dog'".into()),
        }
    }
}

/// Reads the subjects' pictures, `size` pixels a side.
pub(crate) fn open(subjects: &[SubjectArg], size: usize) -> Result<Vec<Subject>> {
    subjects
        .iter()
        .map(|subject| Subject::new(pictures(&subject.folder, size)?, size))
        .collect()
}

/// Reads every picture of a folder, in the order of the names.
fn pictures(folder: &Path, size: usize) -> Result<Vec<Vec<f32>>> {
    let unreadable = |error: std::io::Error| {
        Error::Io(format!(
            "The folder {} could not be read ({error}). Give the folder of the subject's pictures.",
            folder.display()
        ))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if path.is_file() && matches!(extension.as_str(), "png" | "jpg" | "jpeg" | "webp") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::Settings(format!(
            "{} holds no picture (.png, .jpg, .jpeg, .webp), so there is nothing to learn from.",
            folder.display()
        )));
    }
    files.iter().map(|path| picture(path, size)).collect()
}

/// Reads a picture, crops its middle square and scales it to `[3, size, size]` in [-1, 1].
fn picture(path: &Path, size: usize) -> Result<Vec<f32>> {
    let picture = picture::decode(&read(path)?).map_err(|error| named(path, error))?;
    Ok(picture.square(0.5, size as u32).to_model())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_subject_is_folder_identifier_and_class() {
        let subject: SubjectArg = "my|dogs/rex | sks|teddy bear".parse().unwrap();
        assert_eq!(subject.folder, Path::new("my|dogs/rex"));
        assert_eq!(subject.words, SubjectWords::new("sks", "teddy bear"));
        for wrong in ["rex", "rex|sks", "|sks|dog"] {
            assert!(wrong.parse::<SubjectArg>().is_err(), "{wrong}");
        }
    }
}
