//! Conversion of checkpoints in the original layout against diffusers' own (fixtures by single_file.py).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, ready};
use std::rc::Rc;

use burn::tensor::Device;
use deltabooth::model::base_model::BaseModel;
use deltabooth::model::config::Inferred;
use deltabooth::sampler::Noise;
use deltabooth::synthetic::{self, Kind, Layout, Options, Size};
use deltabooth::weights::Files;
use deltabooth::weights::download::{Progress, ProgressSink};
use deltabooth::weights::format::safetensors::{Dtype, Header, write_header};
use deltabooth::weights::format::single_file::{Generation, Plan};
use deltabooth::weights::local::{LocalFile, LocalFiles};
use futures_util::future::LocalBoxFuture;
use sha2::{Digest, Sha256};

/// Part, name, shape and the first digits of the SHA-256 of the bytes.
type Entry = (String, String, Vec<usize>, String);

#[test]
fn every_tensor_gets_the_name_and_shape_that_diffusers_gives_it() {
    for (name, generation) in [
        ("first", Generation::First),
        ("second", Generation::Second),
        ("tiny", Generation::First),
    ] {
        let Some(json) = crate::fixture(&format!("single_file/{name}.json")) else {
            continue;
        };
        let expected: BTreeSet<Entry> =
            serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
        let file = crate::fixture(&format!("single_file/{name}.safetensors")).unwrap();
        let bytes = std::fs::read(file).unwrap();
        let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
        let plan = Plan::new(&header).unwrap();
        assert_eq!(plan.generation, generation);
        let mut found = BTreeSet::new();
        for (original, targets) in &plan.targets {
            let start = (header.data_start + header.tensors[original].start) as usize;
            for target in targets {
                let range = start + target.bytes.start..start + target.bytes.end;
                let digest = Sha256::digest(&bytes[range]);
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                found.insert((
                    target.component.to_owned(),
                    target.name.clone(),
                    target.shape.clone(),
                    hex[..16].to_owned(),
                ));
            }
        }
        let missing: Vec<_> = expected.difference(&found).take(3).collect();
        let surplus: Vec<_> = found.difference(&expected).take(3).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{name}: {missing:?} {surplus:?}"
        );
        assert!(expected.len() > 600, "{name}");
    }
}

#[test]
fn a_checkpoint_with_other_tensors_is_read_or_refused_and_never_panics() {
    let Some(file) = crate::fixture("single_file/second.safetensors") else {
        return;
    };
    let bytes = std::fs::read(file).unwrap();
    let whole = Header::parse(&bytes, bytes.len() as u64).unwrap();
    let mut noise = Noise::new(5, 0);
    let (mut understood, mut refused) = (0, 0);
    for _ in 0..200 {
        let mut header = whole.clone();
        for _ in 0..1 + noise.below(4) {
            let place = noise.below(header.tensors.len());
            let Some(name) = header.tensors.keys().nth(place).cloned() else {
                continue;
            };
            let mut info = header.tensors.remove(&name).unwrap();
            match noise.below(4) {
                0 => continue,
                1 => info.shape.insert(0, 1 << noise.below(40)),
                2 => info.shape.clear(),
                _ => {}
            }
            let digit = noise.below(1000).to_string();
            let name = name.replacen(['0', '1', '2', '3'], &digit, 1 + noise.below(2));
            header.tensors.insert(name, info);
        }
        let configs = Plan::new(&header).map(|plan| Inferred::new(&plan, None));
        match configs {
            Ok(Ok(_)) => understood += 1,
            Ok(Err(error)) => {
                assert!(error.to_string().ends_with('.'), "{error}");
                refused += 1;
            }
            Err(error) => {
                assert!(!error.is_empty());
                refused += 1;
            }
        }
    }
    println!("{understood} read, {refused} refused");
    assert!(refused > 20);
}

const GIB: u64 = 1 << 30;

/// A file of zeros with a few runs of other bytes.
struct Sparse {
    size: u64,
    /// Offsets and bytes of the runs.
    runs: Vec<(u64, Vec<u8>)>,
    /// Bytes read so far.
    read: Cell<u64>,
}

impl LocalFile for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, count: u64) -> LocalBoxFuture<'_, Result<Vec<u8>, String>> {
        self.read.set(self.read.get() + count);
        let end = (offset + count).min(self.size);
        let mut bytes = vec![0; end.saturating_sub(offset) as usize];
        for (start, run) in &self.runs {
            let from = offset.max(*start);
            let to = end.min(start + run.len() as u64);
            if from < to {
                bytes[(from - offset) as usize..(to - offset) as usize]
                    .copy_from_slice(&run[(from - start) as usize..(to - start) as usize]);
            }
        }
        Box::pin(ready(Ok(bytes)))
    }
}

struct Silent;

impl ProgressSink for Silent {
    fn wait_while_paused(&self) -> LocalBoxFuture<'_, deltabooth::Result<()>> {
        Box::pin(ready(Ok(())))
    }

    fn cancelled(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(pending())
    }

    fn report(&self, _: Progress<'_>) {}
}

#[test]
fn a_checkpoint_of_more_than_four_gib_is_the_base_that_is_in_it() {
    let place = tempfile::tempdir().unwrap();
    let options = Options {
        layout: Layout::SingleFile,
        size: Size::Small,
        ..Options::new(Kind::Sd15)
    };
    synthetic::write(&options, place.path(), &mut |_, _| {}).unwrap();
    let bytes = std::fs::read(place.path().join("model.safetensors")).unwrap();
    let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
    // An averaged copy of 5 GiB before everything else, as in old checkpoints.
    let copy = [5 * (GIB as usize) / 4];
    let mut tensors: Vec<(&str, Dtype, &[usize])> = vec![("model_ema.copy", Dtype::F32, &copy)];
    let order = header.in_order().into_iter();
    tensors.extend(order.map(|(name, info)| (name, info.dtype, &info.shape[..])));
    let head = write_header(&tensors, &BTreeMap::new()).unwrap();
    let start = head.len() as u64 + 5 * GIB;
    let data = bytes[header.data_start as usize..].to_vec();
    let length = data.len() as u64;
    let file = Rc::new(Sparse {
        size: start + length,
        runs: vec![(0, head), (start, data)],
        read: Cell::new(0),
    });
    let chosen: BTreeMap<String, Rc<dyn LocalFile>> =
        BTreeMap::from([("large".to_owned(), file.clone() as Rc<dyn LocalFile>)]);
    let files = LocalFiles::new("a choice".into(), chosen, Rc::new(Silent));
    let files = Files::Local(Rc::new(files));
    let beside = Files::Folder(place.path().to_owned());
    let load = |files: &Files, path: &str| {
        let device = Device::flex();
        let mut silent = |_| {};
        let base = BaseModel::load_single_file(files, path, &beside, None, &device, &mut silent);
        pollster::block_on(base).unwrap()
    };
    let large = load(&files, "large");
    assert_eq!(large.hash, load(&beside, "model.safetensors").hash);
    // What is not wanted was not read; chunks are of 4 MiB.
    assert!(
        file.read.get() < length + 3 * (4 << 20),
        "{}",
        file.read.get()
    );
}
