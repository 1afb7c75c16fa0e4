#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use pollster::block_on;
use proptest::prelude::*;

use crate::error::Error;
use crate::weights::download::fake::{Recorder, noise};
use crate::weights::local::reader::CHUNK;
use crate::weights::local::*;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A file of zeros with a few runs of other bytes, of any size.
#[derive(Default)]
struct Sparse {
    size: u64,
    /// Offsets and bytes of the runs.
    runs: Vec<(u64, Vec<u8>)>,
    /// The size that it has become.
    left: Option<u64>,
    refuses: bool,
}

impl LocalFile for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, count: u64) -> LocalBoxFuture<'_, Result<Vec<u8>, String>> {
        Box::pin(async move {
            if self.refuses {
                return Err("NotReadableError: it changed".into());
            }
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

fn chosen(files: Vec<(&str, Rc<dyn LocalFile>)>, recorder: &Rc<Recorder>) -> LocalFiles {
    let files = files
        .into_iter()
        .map(|(path, file)| (path.to_owned(), file));
    LocalFiles::new("a choice".into(), files.collect(), recorder.clone())
}

fn open(file: Sparse) -> (LocalReader, Rc<Recorder>) {
    let recorder = Rc::default();
    let files = chosen(vec![("file", Rc::new(file))], &recorder);
    (files.open("file").unwrap(), recorder)
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
    let (mut file, recorder) = open(Sparse {
        size: 9 * GIB,
        runs: vec![(edge - 32, run.clone())],
        ..Sparse::default()
    });
    assert_eq!(block_on(file.read(5)).unwrap(), [0; 5]);
    assert_eq!(file.skip(edge - 32 - 5), edge - 32 - 5);
    assert_eq!(block_on(file.read(64)).unwrap(), run);
    assert_eq!(file.skip(u64::MAX), 9 * GIB - edge - 32);
    assert!(block_on(file.read(1)).unwrap().is_empty());
    assert!(recorder.from_disk.get() > edge);
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
    let (mut file, recorder) = open(whole(noise(4, 9 * MIB as usize)));
    recorder.cancel_after.set(Some(1));
    assert_eq!(block_on(file.read(9 * MIB)), Err(Error::Cancelled));
    assert_eq!(recorder.from_disk.get(), CHUNK);
}
