#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::rc::Rc;

use pollster::block_on;
use proptest::prelude::*;

use super::decide::{Way, decide};
use super::fake::{Listener, Server, Wire, noise};
use super::patience::Patience;
use super::*;

const URL: &str = "https://cdn.example/base/unet.safetensors";

fn remote(server: &Rc<Server>, listener: &Rc<Listener>) -> Remote<Wire> {
    Remote {
        transport: Rc::new(Wire(server.clone())),
        overseer: listener.clone(),
        url: URL.into(),
        path: "unet.safetensors".into(),
    }
}

fn fetch_from(server: &Rc<Server>, from: u64, known: &Known) -> Result<Vec<u8>, Fault> {
    let listener = Rc::new(Listener::default());
    block_on(async {
        let remote = remote(server, &listener);
        let mut network = Network::open(remote, from, known.clone(), true).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = network.chunk().await? {
            bytes.extend(chunk);
        }
        Ok(bytes)
    })
}

fn fetch(server: &Rc<Server>) -> Result<Vec<u8>, Fault> {
    fetch_from(server, 0, &Known::default())
}

#[test]
fn every_server_gives_the_same_bytes_from_anywhere() {
    for seed in 0..12 {
        let server = Server::new(seed);
        let length = 1 + server.below(9 << 20) as usize;
        let bytes = noise(seed, length);
        server.put(URL, bytes.clone(), Some("\"a\""));
        for (ranges, preflight, shy) in [
            (true, true, false),
            (true, true, true),
            (true, false, false),
            (false, true, false),
        ] {
            server.ranges.set(ranges);
            server.refuses_preflight.set(!preflight);
            server.shy.set(shy);
            let from = server.below(length as u64);
            let got = fetch_from(&server, from, &Known::default()).unwrap();
            assert!(
                got == bytes[from as usize..],
                "{seed} {ranges} {preflight} {shy}"
            );
        }
    }
}

#[test]
fn segments_come_four_at_a_time_and_none_twice() {
    let server = Server::new(1);
    let bytes = noise(1, 7 * SEGMENT as usize + 5);
    server.put(URL, bytes.clone(), None);
    assert!(fetch(&server).unwrap() == bytes);
    assert_eq!(server.sent.get(), bytes.len() as u64);
    let asked = server.asked.borrow();
    let lengths = asked.iter().map(|(_, span)| {
        let span = span.unwrap();
        span.end.unwrap() - span.start
    });
    let lengths: Vec<u64> = lengths.collect();
    assert_eq!(lengths, [vec![SEGMENT; 7], vec![5]].concat());
}

#[test]
fn a_server_that_needs_a_rest_is_asked_again_later() {
    let server = Server::new(2);
    server.put(URL, noise(2, 3 << 20), None);
    server
        .moods
        .borrow_mut()
        .extend([(429, Some("7")), (503, None), (500, None)]);
    assert_eq!(fetch(&server).unwrap().len(), 3 << 20);
    let pauses = server.pauses.borrow();
    assert!((7_000..8_000).contains(&pauses[0]), "{pauses:?}");
    assert!(pauses[1] < pauses[2], "{pauses:?}");
}

#[test]
fn attempts_come_to_an_end() {
    let server = Server::new(3);
    server.put(URL, noise(3, 10), None);
    server.moods.borrow_mut().extend([(503, None); 100]);
    assert_eq!(fetch(&server).unwrap_err(), Fault::Status(503, None));
    assert!(server.asked.borrow().len() < 10);
    // Longer than anybody waits.
    server.moods.borrow_mut().clear();
    server.moods.borrow_mut().push_back((429, Some("86400")));
    assert_eq!(
        fetch(&server).unwrap_err(),
        Fault::Status(429, Some(86_400))
    );
}

#[test]
fn what_is_wrong_is_said_at_once_and_each_in_its_own_words() {
    let words = |fault: &Fault| fault.error(URL).to_string();
    let mut all = Vec::new();
    for (status, part) in [
        (401, "gated or private"),
        (403, "accept its licence"),
        (404, "Check the address"),
    ] {
        let server = Server::new(4);
        server.put(URL, noise(4, 10), None);
        server.moods.borrow_mut().push_back((status, None));
        let fault = fetch(&server).unwrap_err();
        assert_eq!(server.asked.borrow().len(), 1, "{status} is asked once");
        assert!(words(&fault).contains(part), "{}", words(&fault));
        all.push(words(&fault));
    }
    let server = Server::new(5);
    server.put(URL, b"<!doctype html>".into(), None);
    server.files.borrow_mut().get_mut(URL).unwrap().kind = Some("text/html; charset=utf-8".into());
    all.push(words(&fetch(&server).unwrap_err()));
    assert!(all[3].contains("web page"));

    let server = Server::new(6);
    server.put(URL, noise(6, 10), None);
    server.budget.set(Some(0));
    all.push(words(&fetch(&server).unwrap_err()));
    assert!(all[4].contains("CORS") && all[4].contains("cdn.example"));

    let server = Server::new(7);
    server.put(URL, noise(7, 3 << 20), None);
    server.ends_at.set(Some(2_500_000));
    all.push(words(&fetch(&server).unwrap_err()));

    let server = Server::new(8);
    server.put(URL, noise(8, 10), None);
    server.silent.set(true);
    all.push(words(&fetch(&server).unwrap_err()));
    assert!(all[6].contains("stopped sending"));

    all.push(words(&Fault::Hash {
        found: "0".into(),
        expected: "1".into(),
    }));
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{all:#?}");
}

#[test]
fn a_cut_stream_is_told_from_an_end() {
    let server = Server::new(9);
    let bytes = noise(9, 1 << 20);
    server.put(URL, bytes.clone(), None);
    server.ranges.set(false);
    server.ends_at.set(Some(70_000));
    let known = Known {
        etag: None,
        total: Some(1 << 20),
    };
    let fault = fetch_from(&server, 0, &known).unwrap_err();
    assert!(
        matches!(fault, Fault::Truncated { .. } | Fault::Broken(_)),
        "{fault:?}"
    );
    assert!(server.asked.borrow().len() > 1, "it was tried again");
}

#[test]
fn a_file_of_another_size_or_tag_is_not_gone_on_with() {
    let server = Server::new(10);
    server.put(URL, noise(10, 2 << 20), Some("\"new\""));
    let tag = Known {
        etag: Some("\"old\"".into()),
        total: None,
    };
    assert_eq!(fetch_from(&server, 5, &tag).unwrap_err(), Fault::Changed);
    let size = Known {
        etag: None,
        total: Some(5),
    };
    assert!(matches!(
        fetch_from(&server, 1, &size),
        Err(Fault::Size { .. })
    ));
    let weak = Known {
        etag: Some("W/\"new\"".into()),
        total: None,
    };
    assert_eq!(fetch_from(&server, 5, &weak).unwrap().len(), (2 << 20) - 5);
}

proptest! {
    #[test]
    fn headers_never_panic_and_sizes_hold_beyond_four_gigabytes(
        text in "(bytes )?[0-9*/ -]{0,40}|\\PC{0,40}", start in any::<u32>(), size in 1_u64..1 << 45,
    ) {
        let mut facts = Facts { status: 206, content_range: Some(text), ..Facts::default() };
        let span = Span { start: u64::from(start), end: Some(u64::from(start) + SEGMENT) };
        let _ = decide(&facts, Some(span), &Known::default());
        let first = size / 2;
        facts.content_range = Some(format!("bytes {first}-{}/{size}", size - 1));
        prop_assert_eq!(facts.range(), Some((first, size, Some(size))));
        let span = Span { start: first, end: Some(first + SEGMENT) };
        prop_assert_eq!(decide(&facts, Some(span), &Known::default()), Ok(Way::Segments { total: size }));
    }

    #[test]
    fn pauses_grow_and_end(random in 0.0_f64..1.0) {
        let mut patience = Patience::default();
        patience.progress();
        let pauses: Vec<u32> = std::iter::from_fn(|| patience.bear(&Fault::Stalled, random)).take(50).collect();
        prop_assert!(pauses.len() < 10 && pauses.is_sorted());
        prop_assert!(pauses.iter().sum::<u32>() < 120_000);
    }
}
