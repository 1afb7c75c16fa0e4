//! Loading of weight files.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::sha256::digest_async;
use crate::weights::files::location::Files;
use crate::weights::files::tensor_stream::{RawTensor, TensorStream};
use crate::weights::format::base_hash::BaseHash;
use crate::weights::format::shards::WeightFiles;
use crate::weights::format::stored::{Numbers, Place, convert, upload, with_path};
use crate::weights::format::weights::{Weights, is_buffer};

impl Files {
    /// Loads the weight files of a component, shard after shard, as [`weights`](Self::weights) loads
    /// one file.
    ///
    /// `progress` gets the bytes done and the total; with shards the total may grow.
    ///
    /// # Errors
    /// As [`weights`](Self::weights); `Weights` also if a shard has other tensors than the index says.
    pub async fn component(
        &self,
        files: &WeightFiles,
        component: &str,
        place: &Place,
        hash: &mut BaseHash,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Weights> {
        let index = match files {
            WeightFiles::One(path) => {
                return self.weights(path, component, place, hash, progress).await;
            }
            WeightFiles::Shards(index) => index,
        };
        let (mut tensors, mut before) = (BTreeMap::new(), 0_u64);
        for (path, names) in index.shards() {
            let stream = TensorStream::open(&path, self.open(&path).await?).await?;
            index.check(&path, names, stream.header())?;
            let total = stream.total();
            let mut within = |done: u64, total: u64| {
                progress(before + done, (before + total).max(index.total_size()));
            };
            tensors.extend(read(stream, component, place, hash, &mut within).await?);
            before += total;
        }
        progress(before, before);
        Ok(Weights::new(index.path(), tensors))
    }

    /// Loads a weight file onto the device, and adds its tensors to `hash`.
    ///
    /// One tensor at a time is in memory. `progress` gets the bytes done and the total. Position tables
    /// (`position_ids`) are skipped: they are not weights.
    ///
    /// # Errors
    /// `Weights` if the file is damaged or ends early, has NaN, infinities, other types than F32, F16
    /// and BF16, or values beyond the range of the type that they are to be stored as; `Io` if it
    /// cannot be read.
    pub async fn weights(
        &self,
        path: &str,
        component: &str,
        place: &Place,
        hash: &mut BaseHash,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Weights> {
        let stream = TensorStream::open(path, self.open(path).await?).await?;
        let tensors = read(stream, component, place, hash, progress).await?;
        Ok(Weights::new(path, tensors))
    }
}

/// All tensors of a file by name, each with its shape and flat values.
async fn read(
    mut stream: TensorStream,
    component: &str,
    place: &Place,
    hash: &mut BaseHash,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BTreeMap<String, (Vec<usize>, Numbers)>> {
    let total = stream.total();
    progress(stream.header().data_start, total);
    let mut tensors = BTreeMap::new();
    let mut uploaded = 0;
    while let Some(RawTensor { name, info, bytes }) = stream.next(|_| true).await? {
        let digest = digest_async(&bytes);
        progress(stream.done(&info), total);
        if !is_buffer(&name, info.dtype) {
            let numbers = convert(&name, info.dtype, &info.shape, &bytes, place.stored)
                .map_err(|error| with_path(stream.path(), &error))?;
            drop(bytes);
            let numbers = upload(numbers, &place.device, &mut uploaded).await?;
            tensors.insert(name.clone(), (info.shape.clone(), numbers));
        }
        hash.add_digest(component, &name, info.dtype, &info.shape, digest.await?);
    }
    Ok(tensors)
}
