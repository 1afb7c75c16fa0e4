//! The tensors of a weight file, in the order of their bytes.

use std::collections::VecDeque;

use crate::error::{Error, Result};
use crate::weights::files::byte_stream::ByteStream;
use crate::weights::format::safetensors::{Header, TensorInfo, length};
use crate::weights::format::stored::with_path;

/// A weight file whose header has been read.
pub(super) struct TensorStream {
    path: String,
    bytes: ByteStream,
    header: Header,
    left: VecDeque<(String, TensorInfo)>,
}

/// One tensor.
pub(super) struct RawTensor {
    pub(super) name: String,
    pub(super) info: TensorInfo,
    pub(super) bytes: Vec<u8>,
}

impl TensorStream {
    /// Reads the header of the file at `path`.
    ///
    /// # Errors
    /// `Io` if it cannot be read, `Weights` if its header breaks a rule.
    pub(super) async fn open(path: &str, mut bytes: ByteStream) -> Result<Self> {
        let fault = |error| with_path(path, &error);
        let mut prefix = bytes.read(8).await?;
        let header_len = length(&prefix, bytes.len()).map_err(fault)?;
        prefix.extend(bytes.read(header_len).await?);
        let header = Header::inspect(&prefix, bytes.len()).map_err(fault)?;
        let order = header.in_order().into_iter();
        Ok(Self {
            path: path.to_owned(),
            bytes,
            left: order
                .map(|(name, info)| (name.to_owned(), info.clone()))
                .collect(),
            header,
        })
    }

    /// The header.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The file's path.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Size of the file in bytes.
    pub(super) fn total(&self) -> u64 {
        self.header.data_start + self.header.data_len()
    }

    /// Offset of the end of a tensor in the file.
    pub(super) fn done(&self, info: &TensorInfo) -> u64 {
        self.header.data_start + info.end
    }

    /// The next tensor whose name is `wanted`; `None` after the last, where the file must end.
    ///
    /// # Errors
    /// `Weights` if the file ends early or does not end, `Io` if it cannot be read.
    pub(super) async fn next(
        &mut self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<RawTensor>> {
        while let Some((name, info)) = self.left.pop_front() {
            let length = info.end - info.start;
            if !wanted(&name) {
                if self.bytes.skip(length).await? != length {
                    return Err(self.ends_early(&name));
                }
                continue;
            }
            let bytes = self.bytes.read(length).await?;
            if bytes.len() as u64 != length {
                return Err(self.ends_early(&name));
            }
            return Ok(Some(RawTensor { name, info, bytes }));
        }
        if self.bytes.read(1).await?.is_empty() {
            return Ok(None);
        }
        Err(with_path(
            &self.path,
            &"bytes follow after the last tensor; the file is damaged. Fetch it again",
        ))
    }

    fn ends_early(&self, name: &str) -> Error {
        with_path(
            &self.path,
            &format!(
                "the file ends early, in the tensor '{name}'. It was not copied or downloaded to its end; fetch it again"
            ),
        )
    }
}
