//! A base's files, on disk, from a person's hand or over HTTP: small files whole, weight files tensor by tensor.

use std::collections::BTreeMap;
#[cfg(not(target_family = "wasm"))]
use std::path::PathBuf;
use std::rc::Rc;

use super::digest::sha256;
#[cfg(feature = "web")]
use super::download::Browser;
use super::source::Source;
use super::{BaseHash, Given, Weights};
use crate::error::{Error, Result};
#[cfg(feature = "web")]
use crate::weights::cache::{Kept, Opfs};
#[cfg(feature = "web")]
use crate::weights::download::http::{self, Body};
use crate::weights::format::safetensors::Dtype;
use crate::weights::format::shards::{INDEX_LIMIT, ShardIndex, WeightFiles};
use crate::weights::format::stored::{Numbers, Place, convert, upload};
use crate::weights::format::stream::{RawTensor, Stream, fault};

/// Where a base's files are: a diffusers folder, or what is in one with a checkpoint of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// On this machine's disk.
    #[cfg(not(target_family = "wasm"))]
    Folder(PathBuf),
    /// Chosen by a person from their disk.
    Given(Rc<Given>),
    /// Over HTTP: the folder's address, with a trailing slash.
    #[cfg(feature = "web")]
    Http(String),
    /// On another site, and kept in this browser.
    #[cfg(feature = "web")]
    Kept(Rc<Kept<Browser, Opfs>>),
}

impl Files {
    /// A whole small file (`path` is relative to the folder), refused above `limit` bytes.
    ///
    /// # Errors
    /// `Io` if it is not there, cannot be read, is a web page instead, or is too large.
    pub async fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>> {
        let mut source = self.open(path).await?;
        let too_large = || {
            Error::Io(format!(
                "{path} has more than {limit} bytes, too many for what it is. Check the folder of the base."
            ))
        };
        if source.len().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let bytes = source.read(limit.saturating_add(1)).await?;
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Err(Error::Io(format!(
                "{path} is a web page, not the file that was asked for. Check the address of the base."
            )));
        }
        Ok(bytes)
    }

    /// Whether there is such a file.
    pub async fn exists(&self, path: &str) -> bool {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => folder.join(path).is_file(),
            Self::Given(given) => given.exists(path),
            #[cfg(feature = "web")]
            Self::Http(base) => http::exists(&format!("{base}{path}")).await,
            #[cfg(feature = "web")]
            Self::Kept(base) => base.exists(path).await,
        }
    }

    /// Whether a part that `model_index.json` does not name was put beside the others.
    #[cfg(feature = "web")]
    pub fn adds(&self, path: &str) -> bool {
        matches!(self, Self::Kept(base) if base.adds(path))
    }

    /// Whether a part that `model_index.json` does not name was put beside the others: never on a
    /// disk, where the person can write it there.
    #[cfg(not(feature = "web"))]
    pub fn adds(&self, _path: &str) -> bool {
        false
    }

    /// The weight files of a component: `{component}/{stem}.safetensors`, or with `.fp16` in its
    /// name, or the shards that `{component}/{stem}.safetensors.index.json` lists.
    ///
    /// # Errors
    /// `Io` if there is none of them, `Weights` for an index that cannot be followed.
    pub async fn weight_files(&self, component: &str, stem: &str) -> Result<WeightFiles> {
        let stem = format!("{component}/{stem}");
        for middle in ["", ".fp16"] {
            let path = format!("{stem}{middle}.safetensors");
            if self.exists(&path).await {
                return Ok(WeightFiles::One(path));
            }
        }
        for end in [
            ".safetensors.index.json",
            ".safetensors.index.fp16.json",
            ".fp16.safetensors.index.json",
        ] {
            let path = format!("{stem}{end}");
            if self.exists(&path).await {
                let json = self.read(&path, INDEX_LIMIT).await?;
                return Ok(WeightFiles::Shards(ShardIndex::parse(&path, &json)?));
            }
        }
        for name in ["diffusion_pytorch_model.bin", "pytorch_model.bin"] {
            let path = format!("{component}/{name}");
            if self.exists(&path).await {
                return Err(Error::Io(format!(
                    "The base has its weights in {path}, a pickle of PyTorch. Such a file is a program that runs when it is opened, so it is never opened here. Take the version with .safetensors, or convert it where you trust it."
                )));
            }
        }
        Err(Error::Io(format!(
            "The base has neither {stem}.safetensors nor {stem}.fp16.safetensors, nor an index of shards. It must be a folder in diffusers' layout; check its place."
        )))
    }

    /// Streams a component's weight files, shard after shard, as [`weights`](Self::weights) does one.
    ///
    /// `progress` gets bytes done and bytes in all; with shards the latter may grow.
    ///
    /// # Errors
    /// As [`weights`](Self::weights); `Weights` too if a shard has other tensors than its index says.
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
            let stream = Stream::open(self, &path).await?;
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

    /// Streams a weight file tensor by tensor onto the device; `hash` learns every tensor.
    ///
    /// Only one tensor is in memory at a time. `progress` gets bytes done and bytes in all.
    /// Integer buffers (`position_ids`) are left out: they are no weights.
    ///
    /// # Errors
    /// `Weights` if the file is damaged, ends early, or holds NaN, infinities or other types than
    /// F32, F16 and BF16, or numbers that the halves they are to be stored as cannot hold; `Io` if it
    /// cannot be read.
    pub async fn weights(
        &self,
        path: &str,
        component: &str,
        place: &Place,
        hash: &mut BaseHash,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Weights> {
        let stream = Stream::open(self, path).await?;
        let tensors = read(stream, component, place, hash, progress).await?;
        Ok(Weights::new(path, tensors))
    }

    /// After a failure: whether something that was kept was damaged, and is no longer kept.
    pub async fn doubt(&self) -> bool {
        match self {
            #[cfg(feature = "web")]
            Self::Kept(base) => base.doubt().await,
            _ => false,
        }
    }

    /// The base was loaded to its end.
    ///
    /// # Errors
    /// `Io` if that could not be noted where files are kept.
    pub async fn loaded(&self) -> Result<()> {
        match self {
            #[cfg(feature = "web")]
            Self::Kept(base) => base.loaded().await,
            _ => Ok(()),
        }
    }

    pub(super) async fn open(&self, path: &str) -> Result<Source> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Folder(folder) => Source::open(&folder.join(path)),
            Self::Given(given) => Ok(Source::Given(given.open(path)?)),
            #[cfg(feature = "web")]
            Self::Http(base) => Ok(Source::Http(Body::open(&format!("{base}{path}")).await?)),
            #[cfg(feature = "web")]
            Self::Kept(base) => Ok(Source::Kept(Box::new(base.open(path).await?))),
        }
    }
}

/// All tensors of a file, by name: shape and flat values.
async fn read(
    mut stream: Stream,
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
        let digest = sha256(&bytes);
        progress(stream.done(&info), total);
        if !is_buffer(&name, info.dtype) {
            let numbers = convert(&name, info.dtype, &info.shape, &bytes, place.stored)
                .map_err(|error| fault(stream.path(), &error))?;
            drop(bytes);
            let numbers = upload(numbers, &place.device, &mut uploaded).await?;
            tensors.insert(name.clone(), (info.shape.clone(), numbers));
        }
        hash.add_digest(component, &name, info.dtype, &info.shape, digest.await?);
    }
    Ok(tensors)
}

/// The position table that older exports of CLIP keep among the weights.
pub(super) fn is_buffer(name: &str, dtype: Dtype) -> bool {
    dtype == Dtype::I64 && name.rsplit('.').next() == Some("position_ids")
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::weights::format::safetensors::{from_f32, write};
    use pollster::block_on;

    fn folder(name: &str, bytes: &[u8]) -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("unet")).unwrap();
        std::fs::write(folder.path().join("unet").join(name), bytes).unwrap();
        let files = Files::Folder(folder.path().to_owned());
        (folder, files)
    }

    fn tensor(name: &str, dtype: Dtype, values: &[f32]) -> (String, Dtype, Vec<usize>, Vec<u8>) {
        (
            name.to_owned(),
            dtype,
            vec![values.len()],
            from_f32(dtype, values).unwrap(),
        )
    }

    #[expect(clippy::type_complexity, reason = "a test's table")]
    fn load(files: &Files, path: &str) -> Result<(Weights, String, Vec<(u64, u64)>)> {
        let (mut hash, mut calls) = (BaseHash::new(), Vec::new());
        let mut progress = |done, total| calls.push((done, total));
        let weights = block_on(files.weights(
            path,
            "unet",
            &Place::from(&Device::flex()),
            &mut hash,
            &mut progress,
        ))?;
        Ok((weights, hash.finish(), calls))
    }

    #[test]
    fn all_three_types_arrive_with_progress_and_hash() {
        let values = [1.0, -2.0, 0.5];
        let mut tensors: Vec<_> = [("a", Dtype::F32), ("b", Dtype::F16), ("c", Dtype::BF16)]
            .map(|(name, dtype)| tensor(name, dtype, &values))
            .into();
        tensors.push(("e.position_ids".into(), Dtype::I64, vec![1], vec![0; 8]));
        let file = write(&tensors, &BTreeMap::new()).unwrap();
        let (_folder, files) = folder("w.safetensors", &file);
        let (mut weights, hash, calls) = load(&files, "unet/w.safetensors").unwrap();
        for name in ["a", "b", "c"] {
            let read: Tensor<1> = weights.take(name, [3]).unwrap();
            assert_eq!(read.into_data().try_to_vec::<f32>().unwrap(), values);
        }
        weights.finish().unwrap();
        let mut expected = BaseHash::new();
        for (name, dtype, shape, bytes) in &tensors {
            expected.add("unet", name, *dtype, shape, bytes);
        }
        assert_eq!(hash, expected.finish());
        assert_eq!(
            *calls.last().unwrap(),
            (file.len() as u64, file.len() as u64)
        );
        assert!(calls.is_sorted());
    }

    #[test]
    fn weights_that_are_no_numbers_are_refused_by_name() {
        for value in [f32::NAN, f32::INFINITY] {
            let file = write(
                &[tensor("bad", Dtype::F16, &[0.0, value])],
                &BTreeMap::new(),
            )
            .unwrap();
            let (_folder, files) = folder("w.safetensors", &file);
            let error = load(&files, "unet/w.safetensors").unwrap_err().to_string();
            assert!(
                error.contains("'bad'") && error.contains("w.safetensors"),
                "{error}"
            );
        }
    }

    #[test]
    fn every_cut_weight_file_is_refused() {
        let file = write(&[tensor("a", Dtype::F32, &[1.0; 20])], &BTreeMap::new()).unwrap();
        for length in 0..file.len() {
            let (_folder, files) = folder("w.safetensors", &file[..length]);
            let error = load(&files, "unet/w.safetensors").unwrap_err().to_string();
            assert!(error.contains("ends early"), "{length}: {error}");
        }
        let (_folder, files) = folder("w.safetensors", &[&file[..], b"x"].concat());
        assert!(load(&files, "unet/w.safetensors").is_err());
    }

    #[test]
    fn both_names_of_a_weight_file_are_found() {
        for name in ["model.safetensors", "model.fp16.safetensors"] {
            let (_folder, files) = folder(name, b"");
            assert_eq!(
                block_on(files.weight_files("unet", "model")).unwrap(),
                WeightFiles::One(format!("unet/{name}"))
            );
        }
        let (_folder, files) = folder("model.txt", b"");
        let error = block_on(files.weight_files("unet", "model"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("unet/model.fp16.safetensors"), "{error}");
        let (_folder, files) = folder("diffusion_pytorch_model.bin", b"");
        let error = block_on(files.weight_files("unet", "diffusion_pytorch_model"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("model.bin") && error.contains("pickle"),
            "{error}"
        );
    }

    #[test]
    fn small_files_are_limited_and_no_web_pages() {
        let (_folder, files) = folder("config.json", b"{\"a\": 1}");
        assert_eq!(
            block_on(files.read("unet/config.json", 8)).unwrap(),
            b"{\"a\": 1}"
        );
        assert!(block_on(files.read("unet/config.json", 7)).is_err());
        assert!(
            block_on(files.read("unet/none.json", 7))
                .unwrap_err()
                .to_string()
                .contains("none.json")
        );
        let (_folder, files) = folder("config.json", b"\n<!DOCTYPE html>");
        assert!(
            block_on(files.read("unet/config.json", 99))
                .unwrap_err()
                .to_string()
                .contains("web page")
        );
    }
}
