#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::cell::Cell;

use burn::tensor::Device;
use pollster::block_on;
use proptest::prelude::*;

use crate::model::base_model::BaseModel;
use crate::synthetic;
use crate::synthetic::{Kind, Layout, Options, Size};
use crate::weights::download::fake::{Listener, noise};
use crate::weights::format::safetensors::{Dtype, Header, write_header};
use crate::weights::local::*;
use crate::weights::{BaseHash, Files, Place, Stored};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A file of zeros with a few runs of other bytes in it, as large as one likes.
#[derive(Default)]
struct Sparse {
    size: u64,
    /// Where they begin, and they.
    runs: Vec<(u64, Vec<u8>)>,
    /// What is left of it by now.
    left: Option<u64>,
    refuses: bool,
    /// Bytes that were asked for.
    asked: Cell<u64>,
}

impl Slices for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn slice(&self, at: u64, count: u64) -> Slice<'_> {
        Box::pin(async move {
            if self.refuses {
                return Err("NotReadableError: it changed".into());
            }
            self.asked.set(self.asked.get() + count);
            let end = (at + count).min(self.left.unwrap_or(self.size));
            let mut bytes = vec![0; end.saturating_sub(at) as usize];
            for (start, run) in &self.runs {
                let from = at.max(*start);
                let to = end.min(start + run.len() as u64);
                if from < to {
                    bytes[(from - at) as usize..(to - at) as usize]
                        .copy_from_slice(&run[(from - start) as usize..(to - start) as usize]);
                }
            }
            Ok(bytes)
        })
    }
}

fn whole(bytes: Vec<u8>) -> Sparse {
    Sparse {
        size: bytes.len() as u64,
        runs: vec![(0, bytes)],
        ..Sparse::default()
    }
}

fn given(files: Vec<(&str, Rc<dyn Slices>)>, listener: &Rc<Listener>) -> Given {
    let files = files
        .into_iter()
        .map(|(path, file)| (path.to_owned(), file));
    Given::new("a choice".into(), files.collect(), listener.clone())
}

fn open(file: Sparse) -> (Sliced, Rc<Listener>) {
    let listener = Rc::default();
    let given = given(vec![("file", Rc::new(file))], &listener);
    (given.open("file").unwrap(), listener)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_way_through_a_file_meets_its_bytes_in_their_order(
        length in 0..9 * MIB,
        steps in prop::collection::vec((any::<bool>(), prop_oneof![0..40_u64, 0..5 * MIB]), 1..12),
    ) {
        let bytes = noise(length, length as usize);
        let (mut file, _) = open(whole(bytes.clone()));
        let mut at = 0;
        for (reads, count) in steps {
            let over = count.min(length - at);
            if reads {
                let read = block_on(file.read(count)).unwrap();
                let expected = &bytes[at as usize..(at + over) as usize];
                prop_assert!(read == expected, "{count} bytes at {at} of {length}");
            } else {
                prop_assert_eq!(file.skip(count), over);
            }
            at += over;
        }
    }
}

#[test]
fn places_beyond_four_gib_are_met_to_the_byte() {
    let edge = 4 * GIB;
    let run = noise(1, 64);
    let (mut file, listener) = open(Sparse {
        size: 9 * GIB,
        runs: vec![(edge - 32, run.clone())],
        ..Sparse::default()
    });
    assert_eq!(block_on(file.read(5)).unwrap(), [0; 5]);
    assert_eq!(file.skip(edge - 32 - 5), edge - 32 - 5);
    assert_eq!(block_on(file.read(64)).unwrap(), run);
    assert_eq!(file.skip(u64::MAX), 9 * GIB - edge - 32);
    assert!(block_on(file.read(1)).unwrap().is_empty());
    assert!(listener.disk.get() > edge);
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
    // An averaged copy of 5 GiB before everything else, as old checkpoints have it.
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
        ..Sparse::default()
    });
    let listener = Rc::default();
    let files = Files::Given(Rc::new(given(vec![("large", file.clone())], &listener)));
    let beside = Files::Folder(place.path().to_owned());
    let load = |files: &Files, path: &str| {
        let device = Device::flex();
        let mut silent = |_| {};
        let base = BaseModel::load_single_file(files, path, &beside, None, &device, &mut silent);
        block_on(base).unwrap()
    };
    let large = load(&files, "large");
    assert_eq!(large.hash, load(&beside, "model.safetensors").hash);
    // What is not wanted was not read.
    assert!(
        file.asked.get() < length + 3 * PIECE,
        "{}",
        file.asked.get()
    );
}

#[test]
fn a_file_that_becomes_shorter_is_never_a_shorter_file() {
    let bytes = noise(3, 9 * MIB as usize);
    for left in [0, 1, 5 * MIB, 9 * MIB - 1] {
        let (mut file, _) = open(Sparse {
            left: Some(left),
            ..whole(bytes.clone())
        });
        let error = block_on(file.read(9 * MIB)).unwrap_err().to_string();
        assert!(error.contains("has become shorter"), "{left}: {error}");
    }
    let (mut file, _) = open(Sparse {
        refuses: true,
        ..whole(bytes)
    });
    let error = block_on(file.read(8)).unwrap_err().to_string();
    assert!(
        error.contains("NotReadableError") && error.contains("choose it again"),
        "{error}"
    );
}

#[test]
fn a_person_who_has_enough_is_heard_between_two_pieces() {
    let (mut file, listener) = open(whole(noise(4, 9 * MIB as usize)));
    listener.patience.set(Some(1));
    assert_eq!(block_on(file.read(9 * MIB)), Err(Error::Cancelled));
    assert_eq!(listener.disk.get(), PIECE);
}

#[test]
fn a_cut_weight_file_is_refused_wherever_it_was_cut() {
    let values = crate::weights::format::safetensors::from_f32(Dtype::F32, &[1.0; 20]).unwrap();
    let tensor = ("a".to_owned(), Dtype::F32, vec![20], values);
    let bytes = crate::weights::format::safetensors::write(&[tensor], &BTreeMap::new()).unwrap();
    for length in 0..bytes.len() {
        let listener = Rc::default();
        let file: Rc<dyn Slices> = Rc::new(whole(bytes[..length].to_vec()));
        let files = Files::Given(Rc::new(given(vec![("a", file)], &listener)));
        let (mut hash, mut silent) = (BaseHash::new(), |_, _| {});
        let place = Place::new(&Device::flex(), Stored::F32);
        let read = files.weights("a", "unet", &place, &mut hash, &mut silent);
        let error = block_on(read).unwrap_err().to_string();
        assert!(error.contains("ends early"), "{length}: {error}");
    }
}

#[test]
fn a_file_that_was_not_chosen_is_named() {
    let listener = Rc::default();
    let files = Files::Given(Rc::new(given(vec![], &listener)));
    assert!(!block_on(files.exists("unet/config.json")));
    let error = block_on(files.read("unet/config.json", 9))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("unet/config.json") && error.contains("a choice"),
        "{error}"
    );
}
