#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::rc::Rc;

use pollster::block_on;
use proptest::prelude::*;

use super::classify::{Delivery, classify};
use super::fake::{FakeTransport, Recorder, Server, noise};
use super::retry::RetryPolicy;
use super::segments::SEGMENT;
use super::*;

const URL: &str = "https://cdn.example/base/unet.safetensors";

fn remote(server: &Rc<Server>, recorder: &Rc<Recorder>) -> Remote<FakeTransport> {
    Remote {
        transport: Rc::new(FakeTransport(server.clone())),
        progress: recorder.clone(),
        url: URL.into(),
        path: "unet.safetensors".into(),
    }
}

fn fetch_from(server: &Rc<Server>, from: u64, known: &KnownFile) -> Result<Vec<u8>, DownloadError> {
    let recorder = Rc::new(Recorder::default());
    block_on(async {
        let remote = remote(server, &recorder);
        let mut download = Download::open(remote, from, known.clone(), true).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = download.chunk().await? {
            bytes.extend(chunk);
        }
        Ok(bytes)
    })
}

fn fetch(server: &Rc<Server>) -> Result<Vec<u8>, DownloadError> {
    fetch_from(server, 0, &KnownFile::default())
}

#[test]
fn every_server_gives_the_same_bytes_from_anywhere() {
    for seed in 0..12 {
        let server = Server::new(seed);
        let length = 1 + server.below(9 << 20) as usize;
        let bytes = noise(seed, length);
        server.put(URL, bytes.clone(), Some("\"a\""));
        for (ranges, preflight, hides_headers) in [
            (true, true, false),
            (true, true, true),
            (true, false, false),
            (false, true, false),
        ] {
            server.ranges.set(ranges);
            server.refuses_preflight.set(!preflight);
            server.hides_headers.set(hides_headers);
            let from = server.below(length as u64);
            let got = fetch_from(&server, from, &KnownFile::default()).unwrap();
            assert!(
                got == bytes[from as usize..],
                "{seed} {ranges} {preflight} {hides_headers}"
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
    let asked = server.requests.borrow();
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
        .failures
        .borrow_mut()
        .extend([(429, Some("7")), (503, None), (500, None)]);
    assert_eq!(fetch(&server).unwrap().len(), 3 << 20);
    let pauses = server.delays.borrow();
    assert!((7_000..8_000).contains(&pauses[0]), "{pauses:?}");
    assert!(pauses[1] < pauses[2], "{pauses:?}");
}

#[test]
fn attempts_come_to_an_end() {
    let server = Server::new(3);
    server.put(URL, noise(3, 10), None);
    server.failures.borrow_mut().extend([(503, None); 100]);
    assert_eq!(
        fetch(&server).unwrap_err(),
        DownloadError::Status(503, None)
    );
    assert!(server.requests.borrow().len() < 10);
    // Longer than anybody waits.
    server.failures.borrow_mut().clear();
    server.failures.borrow_mut().push_back((429, Some("86400")));
    assert_eq!(
        fetch(&server).unwrap_err(),
        DownloadError::Status(429, Some(86_400))
    );
}

#[test]
fn what_is_wrong_is_said_at_once_and_each_in_its_own_words() {
    let words = |fault: &DownloadError| fault.to_error(URL).to_string();
    let mut all = Vec::new();
    for (status, part) in [
        (401, "gated or private"),
        (403, "accept its licence"),
        (404, "Check the address"),
    ] {
        let server = Server::new(4);
        server.put(URL, noise(4, 10), None);
        server.failures.borrow_mut().push_back((status, None));
        let fault = fetch(&server).unwrap_err();
        assert_eq!(server.requests.borrow().len(), 1, "{status} is asked once");
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

    all.push(words(&DownloadError::Hash {
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
    let known = KnownFile {
        etag: None,
        total: Some(1 << 20),
    };
    let fault = fetch_from(&server, 0, &known).unwrap_err();
    assert!(
        matches!(
            fault,
            DownloadError::Truncated { .. } | DownloadError::Broken(_)
        ),
        "{fault:?}"
    );
    assert!(server.requests.borrow().len() > 1, "it was tried again");
}

#[test]
fn a_file_of_another_size_or_tag_is_not_gone_on_with() {
    let server = Server::new(10);
    server.put(URL, noise(10, 2 << 20), Some("\"new\""));
    let tag = KnownFile {
        etag: Some("\"old\"".into()),
        total: None,
    };
    assert_eq!(
        fetch_from(&server, 5, &tag).unwrap_err(),
        DownloadError::Changed
    );
    let size = KnownFile {
        etag: None,
        total: Some(5),
    };
    assert!(matches!(
        fetch_from(&server, 1, &size),
        Err(DownloadError::Size { .. })
    ));
    let weak = KnownFile {
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
        let mut head = ResponseHead { status: 206, content_range: Some(text), ..ResponseHead::default() };
        let span = ByteRange { start: u64::from(start), end: Some(u64::from(start) + SEGMENT) };
        let _ = classify(&head, Some(span), &KnownFile::default());
        let first = size / 2;
        head.content_range = Some(format!("bytes {first}-{}/{size}", size - 1));
        prop_assert_eq!(head.range(), Some((first, size, Some(size))));
        let span = ByteRange { start: first, end: Some(first + SEGMENT) };
        prop_assert_eq!(classify(&head, Some(span), &KnownFile::default()), Ok(Delivery::Segments { total: size }));
    }

    #[test]
    fn pauses_grow_and_end(random in 0.0_f64..1.0) {
        let mut policy = RetryPolicy::default();
        policy.reset();
        let pauses: Vec<u32> = std::iter::from_fn(|| policy.next_delay(&DownloadError::Stalled, random)).take(50).collect();
        prop_assert!(pauses.len() < 10 && pauses.is_sorted());
        prop_assert!(pauses.iter().sum::<u32>() < 120_000);
    }
}
