//! Loading of checkpoints in the LDM layout.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::sha256::digest_async;
use crate::weights::files::location::Files;
use crate::weights::files::tensor_stream::{RawTensor, TensorStream};
use crate::weights::format::base_hash::BaseHash;
use crate::weights::format::single_file::{COMPONENTS, Plan, Target};
use crate::weights::format::stored::{Place, convert, upload, with_path};
use crate::weights::format::weights::Weights;

/// A checkpoint whose header has been read and whose tensors are known.
pub struct SingleFile {
    stream: TensorStream,
    plan: Plan,
}

impl SingleFile {
    /// Opens a checkpoint and identifies its tensors.
    ///
    /// # Errors
    /// `Io` if it cannot be read; `Weights` if it is damaged, a pickle, or another kind of model,
    /// named if it is known.
    pub async fn open(files: &Files, path: &str) -> Result<Self> {
        let stream = TensorStream::open(path, files.open(path).await?).await?;
        let plan = Plan::new(stream.header()).map_err(|what| with_path(path, &what))?;
        Ok(Self { stream, plan })
    }

    /// Where its tensors go.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Loads all components onto the device, in the order of [`COMPONENTS`].
    ///
    /// `progress` gets the current component, the bytes done, and the size of the file.
    ///
    /// # Errors
    /// As [`Files::weights`].
    pub async fn weights(
        mut self,
        place: &Place,
        hash: &mut BaseHash,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<[Weights; 3]> {
        let total = self.stream.total();
        let mut parts = COMPONENTS.map(|_| BTreeMap::new());
        let mut uploaded = 0;
        let Plan { mut targets, .. } = self.plan;
        while let Some(RawTensor { name, info, bytes }) =
            self.stream.next(|name| targets.contains_key(name)).await?
        {
            for target in targets.remove(&name).unwrap_or_default() {
                let Target {
                    component,
                    name,
                    shape,
                    bytes: range,
                } = target;
                let bytes = bytes.get(range).unwrap_or_default();
                let digest = digest_async(bytes);
                let numbers = convert(&name, info.dtype, &shape, bytes, place.stored)
                    .map_err(|error| with_path(self.stream.path(), &error))?;
                let numbers = upload(numbers, &place.device, &mut uploaded).await?;
                hash.add_digest(component, &name, info.dtype, &shape, digest.await?);
                let part = COMPONENTS.iter().zip(&mut parts);
                for (_, part) in part.filter(|(name, _)| **name == component) {
                    part.insert(name.clone(), (shape.clone(), numbers.clone()));
                }
                progress(component, self.stream.done(&info), total);
            }
        }
        progress("vae", total, total);
        let path = self.stream.path();
        Ok(parts.map(|part| Weights::new(path, part)))
    }
}
