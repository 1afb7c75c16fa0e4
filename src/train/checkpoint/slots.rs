//! Two files that take turns, so that a checkpoint is whole whenever the power goes.
//!
//! A save goes into the file that does not hold the newest good checkpoint, so whatever happens
//! while it is written, the other one stays as it was. A load takes the newest that verifies.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;

use crate::error::Result;
use crate::train::{Checkpoint, CheckpointStore};

/// The two files.
const NAMES: [&str; 2] = ["run-0.checkpoint", "run-1.checkpoint"];

/// Named files, as the browser's private file system has them.
pub trait Disk {
    /// A file's bytes; `None` if there is none of that name.
    fn read(&self, name: &str) -> impl Future<Output = Result<Option<Vec<u8>>>>;
    /// Replaces a file; a loss of power in between may leave anything in it. When this returns,
    /// the bytes are safe.
    fn write(&self, name: &str, bytes: &[u8]) -> impl Future<Output = Result<()>>;
    /// Removes a file; nothing to remove is no error.
    fn remove(&self, name: &str) -> impl Future<Output = Result<()>>;
}

/// Files that are gone with the program: where the browser offers nothing better.
#[derive(Debug, Default)]
pub struct MemoryDisk {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Disk for MemoryDisk {
    async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.files.borrow().get(name).cloned())
    }

    async fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.files
            .borrow_mut()
            .insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    async fn remove(&self, name: &str) -> Result<()> {
        self.files.borrow_mut().remove(name);
        Ok(())
    }
}

/// One run's checkpoint in two files.
#[derive(Debug)]
pub struct Slots<D> {
    disk: D,
    /// The file that the next save goes into; unknown before the first look at both.
    next: Cell<Option<usize>>,
}

impl<D: Disk> Slots<D> {
    /// On this disk.
    pub fn new(disk: D) -> Self {
        Self {
            disk,
            next: Cell::new(None),
        }
    }

    /// The disk, for other files.
    pub fn disk(&self) -> &D {
        &self.disk
    }
}

impl<D: Disk> CheckpointStore for Slots<D> {
    async fn save(&self, bytes: &[u8]) -> Result<()> {
        if self.next.get().is_none() {
            // Two bad files are two free files.
            if self.load().await.is_err() {
                self.next.set(Some(0));
            }
        }
        let next = self.next.get().unwrap_or(0);
        self.disk.write(NAMES[next], bytes).await?;
        self.next.set(Some(1 - next));
        Ok(())
    }

    async fn load(&self) -> Result<Option<Vec<u8>>> {
        let mut newest: Option<(usize, usize, Vec<u8>)> = None;
        let mut bad = None;
        for (index, name) in NAMES.into_iter().enumerate() {
            let bytes = match self.disk.read(name).await {
                Ok(None) => continue,
                Ok(Some(bytes)) => bytes,
                Err(error) => {
                    bad = Some(error);
                    continue;
                }
            };
            match Checkpoint::from_bytes(&bytes) {
                Ok(checkpoint) => {
                    if newest
                        .as_ref()
                        .is_none_or(|(step, ..)| checkpoint.step > *step)
                    {
                        newest = Some((checkpoint.step, index, bytes));
                    }
                }
                Err(error) => bad = Some(error),
            }
        }
        self.next
            .set(Some(newest.as_ref().map_or(0, |(_, index, _)| 1 - index)));
        match (newest, bad) {
            (Some((.., bytes)), _) => Ok(Some(bytes)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }

    async fn discard(&self) -> Result<()> {
        self.next.set(Some(0));
        let first = self.disk.remove(NAMES[0]).await;
        self.disk.remove(NAMES[1]).await?;
        first
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use pollster::block_on;

    use super::*;
    use crate::config::{SubjectWords, TrainConfig};
    use crate::error::Error;
    use crate::train::dataset::sample::{Latents, PictureLatents, Sample, Shows};

    fn checkpoint(step: usize) -> Vec<u8> {
        let settings = TrainConfig {
            subjects: vec![SubjectWords::new("sks", "robot")],
            prior_loss_weight: 0.0,
            ..TrainConfig::default()
        };
        Checkpoint {
            settings,
            base_id: "base".into(),
            base_hash: "00".repeat(32),
            step,
            noise_position: 7,
            latent_shape: [1, 1, 2],
            delta: vec![step as f32; 3],
            exp_avg: vec![0.5; 3],
            exp_avg_sq: vec![0.25; 3],
            average: vec![],
            samples: vec![Sample {
                shows: Shows::Subject(0),
                caption: "photo of a sks robot".into(),
                collage: None,
                latents: Latents::Encoded(PictureLatents {
                    mean: vec![1.0, 2.0],
                    log_variance: vec![0.0, 0.0],
                }),
            }],
            losses: vec![],
        }
        .to_bytes()
        .unwrap()
    }

    fn step(bytes: Option<Vec<u8>>) -> Option<usize> {
        bytes.map(|bytes| Checkpoint::from_bytes(&bytes).unwrap().step)
    }

    /// Loses power inside the write when told so: the file keeps a mixture of new and old.
    #[derive(Default)]
    struct Torn {
        disk: MemoryDisk,
        keep: Cell<Option<usize>>,
    }

    impl Disk for &Torn {
        async fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
            self.disk.read(name).await
        }

        async fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
            let Some(keep) = self.keep.get() else {
                return self.disk.write(name, bytes).await;
            };
            let mut left = bytes[..keep].to_vec();
            if let Some(old) = self.disk.read(name).await? {
                left.extend(old.into_iter().skip(keep));
            }
            self.disk.write(name, &left).await?;
            Err(Error::Io("no power".into()))
        }

        async fn remove(&self, name: &str) -> Result<()> {
            self.disk.remove(name).await
        }
    }

    #[test]
    fn power_lost_after_any_byte_of_a_save_leaves_the_old_or_the_new_checkpoint() {
        let length = checkpoint(30).len();
        let (mut old, mut new) = (0, 0);
        for keep in 0..=length {
            let disk = Torn::default();
            let slots = Slots::new(&disk);
            for step in [0, 10, 20] {
                block_on(slots.save(&checkpoint(step))).unwrap();
            }
            disk.keep.set(Some(keep));
            assert!(block_on(slots.save(&checkpoint(30))).is_err());
            disk.keep.set(None);

            let after = Slots::new(&disk);
            match step(block_on(after.load()).unwrap()) {
                Some(20) => old += 1,
                Some(30) => new += 1,
                other => panic!("after {keep} bytes: {other:?}"),
            }
            block_on(after.save(&checkpoint(40))).unwrap();
            assert_eq!(
                step(block_on(Slots::new(&disk).load()).unwrap()),
                Some(40),
                "the run goes on"
            );
        }
        assert!(old > 0 && new > 0, "{old} old, {new} new");
    }

    #[test]
    fn a_failed_save_is_not_counted() {
        let disk = Torn::default();
        let slots = Slots::new(&disk);
        block_on(slots.save(&checkpoint(10))).unwrap();
        for _ in 0..2 {
            disk.keep.set(Some(40));
            assert!(block_on(slots.save(&checkpoint(20))).is_err());
        }
        assert_eq!(step(block_on(slots.load()).unwrap()), Some(10));
    }

    #[test]
    fn a_new_run_is_not_hidden_by_a_longer_old_one() {
        let slots = Slots::new(MemoryDisk::default());
        for step in [100, 110] {
            block_on(slots.save(&checkpoint(step))).unwrap();
        }
        block_on(slots.discard()).unwrap();
        assert_eq!(block_on(slots.load()).unwrap(), None);
        block_on(slots.save(&checkpoint(1))).unwrap();
        assert_eq!(step(block_on(slots.load()).unwrap()), Some(1));
    }

    #[test]
    fn two_damaged_files_are_told_and_then_replaced() {
        let slots = Slots::new(MemoryDisk::default());
        for name in NAMES {
            block_on(slots.disk().write(name, b"DBOOTHCK?")).unwrap();
        }
        assert!(matches!(block_on(slots.load()), Err(Error::Checkpoint(_))));
        block_on(Slots::save(&slots, &checkpoint(3))).unwrap();
        assert_eq!(step(block_on(slots.load()).unwrap()), Some(3));
    }
}
