//! Files that were chosen together.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::error::{Error, Result};
use crate::weights::download::ProgressSink;
use crate::weights::local::reader::LocalReader;
use crate::weights::local::source::LocalFile;

/// Files that a person chose together.
pub struct LocalFiles {
    title: String,
    files: BTreeMap<String, Rc<dyn LocalFile>>,
    progress: Rc<dyn ProgressSink>,
}

/// Equal only to itself: the content of chosen files cannot be compared.
impl PartialEq for LocalFiles {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for LocalFiles {}

impl fmt::Debug for LocalFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalFiles")
            .field("title", &self.title)
            .field("files", &self.files.keys())
            .finish_non_exhaustive()
    }
}

impl LocalFiles {
    /// Files by their paths in the folder of the base model; `title` is shown to the person.
    pub fn new(
        title: String,
        files: BTreeMap<String, Rc<dyn LocalFile>>,
        progress: Rc<dyn ProgressSink>,
    ) -> Self {
        Self {
            title,
            files,
            progress,
        }
    }

    /// The name that is shown to the person.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether there is such a file.
    pub fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Opens a file.
    ///
    /// # Errors
    /// `Io` if it was not chosen.
    pub(crate) fn open(&self, path: &str) -> Result<LocalReader> {
        let file = self.files.get(path).ok_or_else(|| {
            Error::Io(format!(
                "'{}' has no {path} among the files that were chosen. Choose the whole folder, the one that holds model_index.json.",
                self.title
            ))
        })?;
        Ok(LocalReader::new(path, file.clone(), self.progress.clone()))
    }
}
