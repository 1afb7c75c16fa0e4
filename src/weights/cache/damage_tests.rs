#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use pollster::block_on;

use crate::weights::cache::index::{Index, PIECE, name_of};
use crate::weights::cache::tests::{Tab, UNET, read, url};
use crate::weights::cache::{KeptFile, Shelf};
use crate::weights::download::fake::noise;
use crate::weights::hash::sha256_hex;

#[test]
fn a_damaged_file_is_found_out_and_fetched_again() {
    for at in [0, 8, 1_500_000, 2_999_999] {
        let tab = Tab::new(6, 3_000_000);
        let right = block_on(tab.load(Tab::folder())).unwrap();
        let name = name_of(&url(UNET));
        tab.disk.0.files.borrow_mut().get_mut(&name).unwrap()[at] ^= 1;
        tab.sent();
        block_on(async {
            let base = tab.base(Tab::folder()).await;
            let error = read(&base, UNET).await.unwrap_err();
            assert!(error.to_string().contains("damaged"), "{error}");
            assert!(base.doubt().await, "the file is thrown away");
            assert!(!base.doubt().await, "and only once");
            assert!(read(&base, UNET).await.unwrap() == right);
        });
        assert_eq!(tab.sent(), 3_000_000);
        // One that is too short is not even begun with.
        tab.disk.0.files.borrow_mut().get_mut(&name).unwrap().pop();
        assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    }
}

#[test]
fn a_file_that_nobody_could_read_to_its_end_is_fetched_again() {
    let tab = Tab::new(17, 1_000_000);
    let files = tab.listed(Some(&sha256_hex(&noise(17, 1_000_000))));
    // All bytes have come, but the loader, which found a fault in them, never asked for the end.
    let all_but_the_end = async || {
        let base = tab.base(files.clone()).await;
        let mut reader = base.open(UNET).await.unwrap();
        assert_eq!(reader.read(1_000_000).await.unwrap().len(), 1_000_000);
        base
    };
    block_on(async {
        let base = all_but_the_end().await;
        assert!(!base.doubt().await, "it came just now");
        assert_eq!(tab.stored(), 1_000_000);
        let base = all_but_the_end().await;
        assert!(base.doubt().await, "it was lying here");
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
        assert!(!base.doubt().await);
    });
    assert_eq!(tab.stored(), 100_000);
}

#[test]
fn a_damaged_index_is_thrown_away_with_what_it_spoke_of() {
    let tab = Tab::new(8, 100_000);
    let right = block_on(tab.load(Tab::folder())).unwrap();
    let disk = tab.disk.0.files.borrow().clone();
    let indexes: Vec<String> = disk
        .keys()
        .filter(|name| name.contains("index"))
        .cloned()
        .collect();
    assert_eq!(indexes.len(), 2);
    for seed in 0..200 {
        *tab.disk.0.files.borrow_mut() = disk.clone();
        for name in &indexes {
            let mut files = tab.disk.0.files.borrow_mut();
            let file = files.get_mut(name).unwrap();
            let at = tab.server.below(file.len() as u64) as usize;
            if seed % 2 == 0 {
                file.truncate(at);
            } else {
                file[at] ^= 1 << (seed % 8);
            }
        }
        assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    }
    // One damaged index is no loss at all: the other one stands, at most one change older.
    *tab.disk.0.files.borrow_mut() = disk.clone();
    tab.disk
        .0
        .files
        .borrow_mut()
        .get_mut(&indexes[0])
        .unwrap()
        .clear();
    tab.sent();
    assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    assert!(tab.sent() < 100_000);
}

#[test]
fn an_index_with_a_right_hash_and_wrong_words_is_refused() {
    let good = r#"{"sequence":1,"files":[],"bases":[]}"#;
    let signed = |json: &str| format!("{}\n{json}", sha256_hex(json.as_bytes())).into_bytes();
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
        let bad = bad.replace("SHA", &sha256_hex(b""));
        assert!(Index::parse(&signed(&bad)).is_none(), "{bad}");
    }
}

#[test]
fn every_piece_is_held_against_its_own_hash() {
    let length = 2 * PIECE as usize + 777;
    let tab = Tab::new(18, length);
    let right = block_on(tab.load(Tab::folder())).unwrap();
    let name = name_of(&url(UNET));
    let flip = |at: usize| {
        tab.disk.0.files.borrow_mut().get_mut(&name).unwrap()[at] ^= 1;
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
    let shelf = Shelf::new(tab.disk.clone());
    let name = name_of(&url(UNET));
    let pieces = || {
        let index = block_on(shelf.index()).unwrap();
        index.file(&name).unwrap().pieces.clone()
    };
    let known = pieces();
    assert_eq!(known.len(), 2);
    let forget = |index: &mut Index| {
        let without = KeptFile {
            pieces: Vec::new(),
            ..index.file(&name).unwrap().clone()
        };
        index.put(without);
    };
    block_on(shelf.change(forget)).unwrap();
    assert!(pieces().is_empty());
    tab.sent();
    assert!(block_on(tab.load(Tab::folder())).unwrap() == right);
    assert_eq!((tab.sent(), pieces()), (0, known));
}
