#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use pollster::block_on;

use crate::sha256::hex_digest;
use crate::weights::cache::CachedFile;
use crate::weights::cache::index::{Index, PIECE, file_name};
use crate::weights::cache::test_tab::{Tab, UNET, cache, read, url};
use crate::weights::download::fake::noise;

#[test]
fn a_damaged_file_is_found_out_and_fetched_again() {
    for at in [0, 8, 1_500_000, 2_999_999] {
        let tab = Tab::new(6, 3_000_000);
        let right = block_on(tab.load(Tab::folder())).unwrap();
        let name = file_name(&url(UNET));
        tab.storage.edit(&name, |file| file[at] ^= 1);
        tab.sent();
        block_on(async {
            let base = tab.base(Tab::folder()).await;
            let error = read(&base, UNET).await.unwrap_err();
            assert!(error.to_string().contains("damaged"), "{error}");
            assert!(base.remove_damaged().await, "the file is thrown away");
            assert!(!base.remove_damaged().await, "and only once");
            assert!(read(&base, UNET).await.unwrap() == right);
        });
        assert_eq!(tab.sent(), 3_000_000);
        // One that is too short is not even begun with.
        tab.storage.edit(&name, |file| {
            file.pop();
        });
        assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    }
}

#[test]
fn a_file_that_nobody_could_read_to_its_end_is_fetched_again() {
    let tab = Tab::new(17, 1_000_000);
    let files = tab.listed(Some(&hex_digest(&noise(17, 1_000_000))));
    // All bytes have come, but the loader, which found a fault in them, never asked for the end.
    let all_but_the_end = async || {
        let base = tab.base(files.clone()).await;
        let mut reader = base.open(UNET).await.unwrap();
        assert_eq!(reader.read(1_000_000).await.unwrap().len(), 1_000_000);
        base
    };
    block_on(async {
        let base = all_but_the_end().await;
        assert!(!base.remove_damaged().await, "it came just now");
        assert_eq!(tab.stored(), 1_000_000);
        let base = all_but_the_end().await;
        assert!(base.remove_damaged().await, "it was lying here");
        assert_eq!(tab.stored(), 0);
    });
    tab.sent();
    assert!(block_on(tab.load(files)).unwrap() == noise(17, 1_000_000));
    assert_eq!(tab.sent(), 1_000_000);
}

#[test]
fn a_good_file_is_not_doubted() {
    let tab = Tab::new(7, 100_000);
    block_on(tab.load(Tab::folder())).unwrap();
    block_on(async {
        let base = tab.base(Tab::folder()).await;
        read(&base, UNET).await.unwrap();
        assert!(!base.remove_damaged().await);
    });
    assert_eq!(tab.stored(), 100_000);
}

#[test]
fn a_damaged_index_is_thrown_away_with_what_it_spoke_of() {
    let tab = Tab::new(8, 100_000);
    let right = block_on(tab.load(Tab::folder())).unwrap();
    let disk = tab.storage.snapshot();
    let indexes: Vec<String> = disk
        .keys()
        .filter(|name| name.contains("index"))
        .cloned()
        .collect();
    assert_eq!(indexes.len(), 2);
    for seed in 0..200 {
        tab.storage.restore(disk.clone());
        for name in &indexes {
            tab.storage.edit(name, |file| {
                let at = tab.server.below(file.len() as u64) as usize;
                if seed % 2 == 0 {
                    file.truncate(at);
                } else {
                    file[at] ^= 1 << (seed % 8);
                }
            });
        }
        assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    }
    // One damaged index is no loss at all: the other one stands, at most one change older.
    tab.storage.restore(disk.clone());
    tab.storage.edit(&indexes[0], Vec::clear);
    tab.sent();
    assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    assert!(tab.sent() < 100_000);
}

#[test]
fn an_index_with_a_right_hash_and_wrong_words_is_refused() {
    let good = r#"{"sequence":1,"files":[],"bases":[]}"#;
    let signed = |json: &str| format!("{}\n{json}", hex_digest(json.as_bytes())).into_bytes();
    assert!(Index::parse(&signed(good)).is_some());
    for bad in [
        r#"{"sequence":1,"files":[],"bases":[],"more":1}"#,
        r#"{"sequence":1,"files":[{"name":"../x","url":"","etag":null,"total":null,"sha256":null}],"bases":[]}"#,
        r#"{"sequence":1,"files":[{"name":"00000000000000000000000000000000","url":"","etag":null,"total":1,"sha256":"x"}],"bases":[]}"#,
        r#"{"sequence":1,"files":[{"name":"00000000000000000000000000000000","url":"","etag":null,"total":9,"sha256":"SHA","pieces":["x"]}],"bases":[]}"#,
        r#"{"sequence":1,"files":[{"name":"00000000000000000000000000000000","url":"","etag":null,"total":9,"sha256":"SHA","pieces":["SHA","SHA"]}],"bases":[]}"#,
        r#"{"sequence":1,"files":[{"name":"00000000000000000000000000000000","url":"","etag":null,"total":9,"sha256":null,"pieces":["SHA"]}],"bases":[]}"#,
        r#"{"sequence":1,"files":[],"bases":[{"key":"a","title":"","used":0.0,"bytes":0,"whole":true,"parts":[{"path":"a","file":"none"}],"absent":[]}]}"#,
        "[]",
    ] {
        let bad = bad.replace("SHA", &hex_digest(b""));
        assert!(Index::parse(&signed(&bad)).is_none(), "{bad}");
    }
}

#[test]
fn every_piece_is_held_against_its_own_hash() {
    let length = 2 * PIECE as usize + 777;
    let tab = Tab::new(18, length);
    let right = block_on(tab.load(Tab::folder())).unwrap();
    let name = file_name(&url(UNET));
    let flip = |at: usize| {
        tab.storage.edit(&name, |file| file[at] ^= 1);
    };
    let piece = PIECE as usize;
    for at in [0, piece - 1, piece, 2 * piece, length - 1] {
        flip(at);
        block_on(async {
            let base = tab.base(Tab::folder()).await;
            let mut reader = base.open(UNET).await.unwrap();
            // What lies in the pieces before is given out, and nothing of the damaged one.
            let before = (at / piece * piece) as u64;
            let good = reader.read(before).await.unwrap();
            assert!(good == right[..before as usize]);
            let error = reader.read(1).await.unwrap_err().to_string();
            assert!(error.contains("damaged"), "{error}");
        });
        flip(at);
    }
    assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
}

#[test]
fn the_pieces_of_a_file_that_was_kept_without_them_are_noted() {
    let tab = Tab::new(19, 9_000_000);
    let right = block_on(tab.load(Tab::folder())).unwrap();
    let cache = cache(&tab.storage);
    let name = file_name(&url(UNET));
    let pieces = || {
        let index = block_on(cache.index()).unwrap();
        index.file(&name).unwrap().pieces.clone()
    };
    let known = pieces();
    assert_eq!(known.len(), 2);
    let forget = |index: &mut Index| {
        let without = CachedFile {
            pieces: Vec::new(),
            ..index.file(&name).unwrap().clone()
        };
        index.insert(without);
    };
    block_on(cache.update(forget)).unwrap();
    assert!(pieces().is_empty());
    tab.sent();
    assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    assert_eq!((tab.sent(), pieces()), (0, known));
}
