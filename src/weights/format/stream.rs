//! A weight file's tensors, one after the other, in the order of their bytes.

use std::collections::VecDeque;

use crate::error::{Error, Result};
use crate::weights::Files;
use crate::weights::format::safetensors::{Header, TensorInfo, length};
use crate::weights::source::Source;

/// A weight file whose header has been read and checked.
pub(crate) struct Stream {
    path: String,
    source: Source,
    header: Header,
    left: VecDeque<(String, TensorInfo)>,
}

/// One tensor's raw bytes.
pub(crate) struct RawTensor {
    pub(crate) name: String,
    pub(crate) info: TensorInfo,
    pub(crate) bytes: Vec<u8>,
}

impl Stream {
    /// Opens `path` and reads its header.
    ///
    /// # Errors
    /// `Io` if it cannot be read, `Weights` if its header breaks a rule.
    pub(crate) async fn open(files: &Files, path: &str) -> Result<Self> {
        let mut source = files.open(path).await?;
        let fault = |error| fault(path, &error);
        let mut prefix = source.read(8).await?;
        let header_len = length(&prefix, source.len()).map_err(fault)?;
        prefix.extend(source.read(header_len).await?);
        let header = Header::inspect(&prefix, source.len()).map_err(fault)?;
        let order = header.in_order().into_iter();
        Ok(Self {
            path: path.to_owned(),
            source,
            left: order
                .map(|(name, info)| (name.to_owned(), info.clone()))
                .collect(),
            header,
        })
    }

    /// What the file says of its tensors.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Bytes of the file.
    pub(crate) fn total(&self) -> u64 {
        self.header.data_start + self.header.data_len()
    }

    /// Bytes of the file up to the end of a tensor.
    pub(crate) fn done(&self, info: &TensorInfo) -> u64 {
        self.header.data_start + info.end
    }

    /// The next tensor whose name is wanted, or `None` after the last, when the file must be at its
    /// end.
    ///
    /// # Errors
    /// `Weights` if the file ends early or goes on, `Io` if it cannot be read.
    pub(crate) async fn next(
        &mut self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<RawTensor>> {
        while let Some((name, info)) = self.left.pop_front() {
            let length = info.end - info.start;
            if !wanted(&name) {
                if self.source.skip(length).await? != length {
                    return Err(self.ends_early(&name));
                }
                continue;
            }
            let bytes = self.source.read(length).await?;
            if bytes.len() as u64 != length {
                return Err(self.ends_early(&name));
            }
            return Ok(Some(RawTensor { name, info, bytes }));
        }
        if self.source.read(1).await?.is_empty() {
            return Ok(None);
        }
        Err(fault(
            &self.path,
            &"bytes follow after the last tensor; the file is damaged. Fetch it again",
        ))
    }

    fn ends_early(&self, name: &str) -> Error {
        fault(
            &self.path,
            &format!(
                "the file ends early, in the tensor '{name}'. It was not copied or downloaded to its end; fetch it again"
            ),
        )
    }
}

/// An error about what is in the file; `what` has no full stop.
pub(crate) fn fault(path: &str, what: &dyn std::fmt::Display) -> Error {
    Error::Weights(format!("{path}: {what}."))
}
