#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::rc::Rc;

use pollster::block_on;

use crate::error::Error;
use crate::sha256::hex_digest;
use crate::weights::cache::index::file_name;
use crate::weights::cache::test_tab::{Tab, UNET, cache, read, url};
use crate::weights::cache::*;
use crate::weights::download::fake::{FakeTransport, noise};

const MIB: u64 = 1 << 20;

#[test]
fn a_hundred_random_cuts_lose_at_most_four_mebibytes_each_and_no_byte_is_wrong() {
    let (mut cuts, mut seed, mut worst) = (0, 0, 0);
    while cuts < 100 {
        seed += 1;
        let tab = Tab::new(seed, (14 * MIB + seed * 7_919) as usize);
        let whole = noise(seed, (14 * MIB + seed * 7_919) as usize);
        let sha256 = hex_digest(&whole);
        loop {
            let before = tab.stored();
            // The edges too: nothing at all, one byte.
            let budget = match tab.server.below(10) {
                0 => 0,
                1 => 1,
                _ => tab.server.below(6 * MIB),
            };
            tab.server.budget.set(Some(budget));
            let outcome = block_on(tab.load(tab.listed(Some(&sha256))));
            let kept = tab.stored() - before;
            let lost = tab.sent() - kept;
            assert!(
                lost <= 4 * MIB,
                "seed {seed}: {lost} bytes are fetched twice"
            );
            worst = worst.max(lost);
            match outcome {
                Ok(bytes) => {
                    assert_eq!(hex_digest(&bytes), sha256);
                    break;
                }
                Err(error) => assert!(matches!(error, Error::Io(_)), "{error}"),
            }
            cuts += 1;
        }
        assert_eq!(tab.sent(), 0);
        tab.server.budget.set(Some(0));
        let again = block_on(tab.load(tab.listed(Some(&sha256)))).unwrap();
        assert!(again == whole, "what is kept is what was published");
    }
    assert!(worst > MIB, "the cuts were harmless: {worst}");
}

#[test]
fn a_second_load_asks_for_nothing() {
    let tab = Tab::new(1, 3_000_000);
    let first = block_on(tab.load(Tab::folder())).unwrap();
    tab.server.requests.borrow_mut().clear();
    assert!(block_on(tab.load(Tab::folder())).unwrap() == first);
    assert_eq!(*tab.server.requests.borrow(), []);
    assert!(tab.recorder.warnings.borrow().is_empty());
}

#[test]
fn a_person_who_stops_loses_nothing() {
    let tab = Tab::new(2, 5_000_000);
    tab.recorder.cancel_after.set(Some(5));
    assert!(matches!(
        block_on(tab.load(Tab::folder())),
        Err(Error::Cancelled)
    ));
    let stored = tab.stored();
    assert!(stored > 0);
    tab.recorder.cancel_after.set(None);
    tab.sent();
    assert!(block_on(tab.load(Tab::folder())).unwrap() == noise(2, 5_000_000));
    let again = tab.sent();
    assert!(again <= 5_000_000 - stored + 2, "{again} of {stored} left");
}

#[test]
fn a_file_that_changed_begins_anew() {
    let tab = Tab::new(3, 5_000_000);
    // Another tag, another size, and a file of the same size whose tag cannot be seen any more.
    for (length, etag) in [
        (4_000_000, Some("\"two\"")),
        (4_000_000, None),
        (5_000_000, Some("\"two\"")),
        (5_000_000, None),
    ] {
        tab.server.budget.set(Some(4_600_000));
        assert!(block_on(tab.load(Tab::folder())).is_err());
        assert!(tab.stored() > 0);
        tab.server.budget.set(None);
        let new = noise(33, length);
        tab.server.put(&url(UNET), new.clone(), etag);
        assert!(block_on(tab.load(Tab::folder())).unwrap() == new);
        tab.storage.restore(Default::default());
        tab.server
            .put(&url(UNET), noise(3, 5_000_000), Some("\"one\""));
    }
}

#[test]
fn a_wrong_hash_is_refused_and_nothing_of_it_is_kept() {
    let tab = Tab::new(4, 2_000_000);
    let wrong = hex_digest(b"another");
    for listed in [true, false] {
        let files = if listed {
            tab.listed(Some(&wrong))
        } else {
            let mut files = tab.server.files.borrow_mut();
            files.get_mut(&url(UNET)).unwrap().linked_etag = Some(format!("\"{wrong}\""));
            Tab::folder()
        };
        let error = block_on(tab.load(files)).unwrap_err().to_string();
        assert!(
            error.contains(&wrong) && error.contains("thrown away"),
            "{error}"
        );
        assert_eq!(tab.stored(), 0);
        let index = block_on(cache(&tab.storage).index()).unwrap();
        assert!(index.file(&file_name(&url(UNET))).is_none());
    }
}

#[test]
fn the_hash_in_a_pointer_counts() {
    let tab = Tab::new(5, 1_000_000);
    let root = "https://hub.example/owner/name/resolve/main/";
    let right = noise(5, 1_000_000);
    for (hash, fits) in [(hex_digest(&right), true), (hex_digest(b"no"), false)] {
        tab.server
            .put(&format!("{root}{UNET}"), right.clone(), None);
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 1000000\n"
        );
        let raw = format!("{root}{UNET}").replace("/resolve/", "/raw/");
        tab.server.put(&raw, pointer.into_bytes(), None);
        tab.storage.restore(Default::default());
        let loaded = block_on(async {
            let base = tab.base(RemoteFiles::Folder(root.to_owned())).await;
            read(&base, UNET).await
        });
        assert_eq!(loaded.is_ok(), fits);
    }
}

#[test]
fn two_tabs_fetch_a_file_once() {
    let one = Tab::new(9, 6_000_000);
    let two = one.beside();
    let both = futures_util::future::join(one.load(Tab::folder()), two.load(Tab::folder()));
    let (a, b) = block_on(both);
    assert!(a.unwrap() == b.unwrap());
    let sent = one.sent();
    assert!(sent < 6_000_100, "{sent} bytes were sent");
    assert!(
        one.recorder.waits.get() + two.recorder.waits.get() > 0,
        "one waited"
    );
}

#[test]
fn bases_share_files_of_the_same_content() {
    let one = Tab::new(10, 500_000);
    let sha256 = hex_digest(&noise(10, 500_000));
    block_on(one.load(one.listed(Some(&sha256)))).unwrap();
    one.sent();
    let other = Tab {
        key: "other",
        ..one.beside()
    };
    let elsewhere = RemoteFiles::Listed(vec![ListedFile {
        path: UNET.to_owned(),
        url: "https://mirror.example/same.safetensors".into(),
        bytes: Some(500_000),
        sha256: Some(sha256),
    }]);
    block_on(other.load(elsewhere.clone())).unwrap();
    assert_eq!(one.sent(), 0);
    let cache = cache(&one.storage);
    assert!(block_on(cache.remove("base")).unwrap());
    block_on(other.load(elsewhere)).unwrap();
    assert_eq!(one.sent(), 0, "the file stays while a base has it");
    assert!(block_on(cache.remove("other")).unwrap());
    assert_eq!(one.stored(), 0);
}

#[test]
fn a_base_in_use_is_never_removed() {
    let tab = Tab::new(11, 100_000);
    block_on(async {
        let base = tab.base(Tab::folder()).await;
        read(&base, UNET).await.unwrap();
        let cache = cache(&tab.storage);
        assert!(!cache.remove("base").await.unwrap());
        assert_eq!(tab.stored(), 100_000);
        drop(base);
        assert!(cache.remove("base").await.unwrap());
        assert_eq!(tab.stored(), 0);
    });
}

#[test]
fn the_base_that_was_used_longest_ago_makes_room() {
    let first = Tab::new(12, 1_000_000);
    block_on(first.load(Tab::folder())).unwrap();
    for (key, seed) in [("second", 13), ("third", 14)] {
        let tab = Tab {
            key,
            server: Tab::new(seed, 1_000_000).server,
            ..first.beside()
        };
        let root = format!("https://cdn.example/{key}/");
        tab.server
            .put(&format!("{root}{UNET}"), noise(seed, 1_000_000), None);
        block_on(async {
            let base = tab.base(RemoteFiles::Folder(root)).await;
            read(&base, UNET).await.unwrap();
            base.mark_complete().await.unwrap();
        });
    }
    // The first is used again, so the second is the oldest.
    block_on(first.load(Tab::folder())).unwrap();
    first
        .storage
        .faults()
        .quota
        .set(Some(first.storage.usage() + 300_000 + (64 << 20)));
    let new = Tab {
        key: "new",
        ..first.beside()
    };
    let files = RemoteFiles::Listed(vec![ListedFile {
        path: "vae.safetensors".into(),
        url: "https://cdn.example/new/vae.safetensors".into(),
        bytes: Some(1_000_000),
        sha256: None,
    }]);
    new.server.put(
        "https://cdn.example/new/vae.safetensors",
        noise(15, 1_000_000),
        None,
    );
    block_on(async {
        let base = new.base(files).await;
        read(&base, "vae.safetensors").await.unwrap();
    });
    let warnings = new.recorder.warnings.borrow().join("\n");
    assert!(
        warnings.contains("the second") && !warnings.contains("the base"),
        "{warnings}"
    );
    let index = block_on(cache(&first.storage).index()).unwrap();
    let keys: Vec<&str> = index.bases.iter().map(|base| &*base.key).collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(!keys.contains(&"second"));
}

#[test]
fn a_full_disk_stops_nothing_and_is_told_once() {
    for claimed in [None, Some(u64::MAX)] {
        let tab = Tab::new(16, 3_000_000);
        tab.storage.faults().quota.set(Some(1_500_000));
        tab.storage.faults().claimed_quota.set(claimed);
        for files in [tab.listed(None), Tab::folder()] {
            let tab = tab.beside();
            assert!(block_on(tab.load(files)).unwrap() == noise(16, 3_000_000));
            let warnings = tab.recorder.warnings.borrow();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains("fetched again"), "{warnings:?}");
        }
    }
}

#[test]
fn without_storage_everything_streams_through() {
    let tab = Tab::new(17, 3_000_000);
    block_on(async {
        let base = CachedFiles::new(
            Rc::new(FakeTransport(tab.server.clone())),
            None,
            tab.recorder.clone(),
            "base".into(),
            "base".into(),
            Tab::folder(),
        );
        let base = base.await.unwrap();
        assert!(read(&base, UNET).await.unwrap() == noise(17, 3_000_000));
        base.mark_complete().await.unwrap();
        assert!(!base.remove_damaged().await);
    });
    assert_eq!(tab.storage.usage(), 0);
}
