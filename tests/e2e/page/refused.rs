//! Files that cannot be used are refused, and the page goes on.

use deltabooth::spectral::delta::Delta;

use crate::browser::Browser;
use crate::steps::{FOUR_PICTURES, LOADING, generate, some_delta, subject};
use crate::turn;

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_the_page_goes_on() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };

    browser
        .choose("file-input", &[write("note.png", b"this is no picture")])
        .await;
    browser.wait_for_words("note.png", LOADING).await;
    browser
        .choose(
            "file-input",
            &[write("huge.png", &png_header(20_000, 15_000))],
        )
        .await;
    browser.wait_for_words("huge.png", LOADING).await;
    browser
        .choose("file-input", &[write("wide.png", &png_header(8_193, 1))])
        .await;
    browser.wait_for_words("8192", LOADING).await;

    let fixture = some_delta().await;
    browser
        .choose(
            "delta-input",
            &[write("short.safetensors", &fixture[..fixture.len() / 2])],
        )
        .await;
    browser
        .wait_for_text("messages", "cut short", LOADING)
        .await;

    let mut foreign = Delta::from_bytes(&fixture).unwrap();
    foreign.metadata.base_sha256 = "0".repeat(64);
    browser
        .choose(
            "delta-input",
            &[write("foreign.safetensors", &foreign.to_bytes().unwrap())],
        )
        .await;
    browser
        .wait_for_text("refused-delta", "another base", LOADING)
        .await;
    browser.press("apply-anyway").await;
    browser.wait_for_text("delta-summary", "sks", LOADING).await;

    gather_more(&browser).await;
    let [base, personalised] = generate(&browser, "2").await;
    assert_eq!((base.len(), personalised.len()), (1, 1));
    browser.close().await;
}

async fn gather_more(browser: &Browser) {
    browser.choose("file-input", &subject("dog")).await;
    browser
        .wait_until("good pictures are still taken", FOUR_PICTURES, LOADING)
        .await;
}

/// A PNG that says how large it is and then ends.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let mut crc = u32::MAX;
    for byte in &chunk {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d".to_vec();
    png.extend(chunk);
    png.extend((!crc).to_be_bytes());
    png
}
