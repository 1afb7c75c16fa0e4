//! What every storage promises.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use pollster::block_on;

use crate::storage::faulty::FaultyStorage;
use crate::storage::*;

fn every_storage(check: impl AsyncFn(&dyn Storage)) {
    let folder = tempfile::tempdir().unwrap();
    block_on(check(&DiskStorage::new(folder.path())));
    block_on(check(&MemoryStorage::default()));
    block_on(check(&FaultyStorage::default()));
}

#[test]
fn a_file_is_read_as_it_was_written() {
    every_storage(async |storage| {
        assert!(storage.open("a").await.unwrap().is_none());
        storage.write("a", b"old and long").await.unwrap();
        storage.write("a", b"new").await.unwrap();
        storage.write("b", b"").await.unwrap();
        let sizes = storage.list().await.unwrap().into_iter();
        let sizes: Vec<_> = sizes.collect();
        assert_eq!(sizes, [("a".to_owned(), 3), ("b".to_owned(), 0)]);
        let file = storage.open("a").await.unwrap().unwrap();
        assert_eq!(file.len(), 3);
        assert_eq!(file.read_at(1, 9).await.unwrap(), b"ew");
        assert_eq!(file.read_at(7, 9).await.unwrap(), b"");
        assert_eq!(read(storage, "a", 3).await.unwrap().unwrap(), b"new");
        assert!(read(storage, "a", 2).await.is_err(), "over the limit");
        storage.remove("a").await.unwrap();
        storage.remove("a").await.unwrap();
        assert!(storage.open("a").await.unwrap().is_none());
    });
}

#[test]
fn a_writer_continues_a_file_and_is_alone() {
    every_storage(async |storage| {
        let mut file = storage.create("a").await.unwrap();
        assert!(storage.create("a").await.is_err());
        file.write_at(0, b"abcd").unwrap();
        file.flush().unwrap();
        drop(file);
        let mut file = storage.create("a").await.unwrap();
        assert_eq!(file.len().unwrap(), 4);
        file.write_at(4, b"ef").unwrap();
        file.write_at(1, b"B").unwrap();
        assert_eq!(file.read_at(0, 99).unwrap(), b"aBcdef");
        file.truncate(2).unwrap();
        drop(file);
        assert_eq!(read(storage, "a", 9).await.unwrap().unwrap(), b"aB");
    });
}

#[test]
fn a_lock_is_held_until_it_is_dropped() {
    use LockKind::{Exclusive, Shared};
    every_storage(async |storage| {
        let name = "use https://example.org/?a=b";
        let take = async |kind| storage.lock(name, kind, false).await.unwrap();
        let shared = [take(Shared).await, take(Shared).await];
        assert!(shared.iter().all(Option::is_some));
        assert!(take(Exclusive).await.is_none());
        drop(shared);
        let exclusive = storage.lock(name, Exclusive, true).await.unwrap();
        assert!(exclusive.is_some() && take(Shared).await.is_none());
        drop(exclusive);
        assert!(take(Shared).await.is_some());
        assert!(storage.list().await.unwrap().is_empty());
    });
}
