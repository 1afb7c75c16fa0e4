//! Links that hold a delta or point to one.

use crate::browser::{Browser, repository};
use crate::steps::{
    LOADING, SHORT, TRAINING, gather, mean_difference, one_picture, shown, some_delta, train, value,
};
use crate::turn;

#[tokio::test]
async fn a_link_shows_its_very_picture_in_a_fresh_profile() {
    let _turn = turn().await;
    let (link, picture) = {
        let browser = Browser::start().await;
        gather(&browser, "?device=cpu", "CPU").await;
        train(&browser, &SHORT).await;
        let picture = one_picture(&browser).await;
        browser.press("make-link").await;
        browser
            .wait_for_text("link-note", "characters", LOADING)
            .await;
        let link = value(&browser, "link").await;
        assert!(link.len() <= 16_000, "{} characters", link.len());
        browser
            .set("hosted", "https://a.example/rex.safetensors")
            .await;
        browser.wait_for("a code is drawn", "qr", LOADING).await;
        let short = value(&browser, "hosted-link").await;
        assert!(
            short.contains("#delta=https%3A%2F%2Fa.example%2Frex.safetensors&sha256="),
            "{short}"
        );
        browser.close().await;
        (link, picture)
    };
    let fragment = link.split_once('#').unwrap().1;

    let browser = Browser::start().await;
    // On a phone.
    browser.look(390, "dark").await;
    browser
        .visit(&format!("{}/?device=cpu#{fragment}", browser.server.url()))
        .await;
    browser.wait_for_text("arrival", "It knows", LOADING).await;
    browser.wait_for_text("arrival", "sks robot", LOADING).await;
    browser.screenshot("arrival").await;
    browser.press("accept-arrival").await;
    let received = shown(&browser).await;
    let difference = mean_difference(&picture, &received);
    // Sixteen thousand characters round the shifts to about a hundredth.
    assert!(
        difference < 2.0,
        "the pictures differ by {difference} levels on average"
    );
    // Another prompt would have given another picture.
    browser.set("prompt", "photo of a sks robot in space").await;
    browser.press("generate").await;
    browser.wait_until("both are shown", "return document.querySelectorAll('canvas[data-testid=\"result-personalised\"]').length >= 2", TRAINING).await;
    assert!(mean_difference(&picture, &shown(&browser).await) > 10.0);

    let sent: Vec<String> = browser.server.requests();
    let leaked = sent.iter().filter(|line| line.contains(&fragment[..40]));
    assert_eq!(leaked.count(), 0, "the fragment was sent");

    // A link that a messenger cut is refused with words.
    let cut = &fragment[..fragment.find('&').unwrap_or(fragment.len()) - 200];
    browser
        .visit(&format!("{}/?device=cpu#{cut}", browser.server.url()))
        .await;
    browser
        .wait_for_text("messages", "lost on the way", LOADING)
        .await;
    browser.close().await;
}

#[tokio::test]
async fn a_hosted_delta_is_fetched_after_asking_and_only_if_it_is_the_one() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = some_delta().await;
    std::fs::write(folder.path().join("index.html"), "nothing").unwrap();
    std::fs::write(folder.path().join("rex.safetensors"), &file).unwrap();
    let elsewhere = crate::server::Server::start(folder.path());
    let own = browser.server.url();

    // Another site over plain HTTP: not even asked.
    browser
        .visit(&format!(
            "{own}/?device=cpu#delta={}/rex.safetensors",
            elsewhere.url()
        ))
        .await;
    browser
        .wait_for_text("messages", "not https", LOADING)
        .await;
    assert_eq!(elsewhere.requests(), Vec::<String>::new());

    browser
        .visit(&format!(
            "{own}/?device=cpu#delta=https://a.invalid/rex.safetensors&sha256={}",
            "0".repeat(64)
        ))
        .await;
    browser.wait_for_text("arrival", "a.invalid", LOADING).await;
    browser.press("fetch-arrival").await;
    browser
        .wait_for_text("messages", "could not be fetched", LOADING)
        .await;

    // The page's own site stands for one that allows it; first a wrong hash, then the right one.
    let dist = repository().join("dist");
    let (name, kept) = ("e2e-rex.safetensors", dist.join("e2e-rex.safetensors"));
    std::fs::write(&kept, &file).unwrap();
    browser
        .visit(&format!(
            "{own}/?device=cpu#delta={name}&sha256={}",
            "0".repeat(64)
        ))
        .await;
    browser.press("fetch-arrival").await;
    browser
        .wait_for_text("messages", "not the one", LOADING)
        .await;
    let hash = "const done = arguments[arguments.length - 1]; fetch(arguments[0]).then(r => r.arrayBuffer()).then(b => crypto.subtle.digest('SHA-256', b)).then(d => done([...new Uint8Array(d)].map(x => x.toString(16).padStart(2, '0')).join('')))";
    let hash = browser
        .client
        .execute_async(hash, vec![name.into()])
        .await
        .unwrap();
    let hash = hash.as_str().unwrap();
    browser
        .visit(&format!("{own}/?device=cpu#delta={name}&sha256={hash}"))
        .await;
    browser.press("fetch-arrival").await;
    browser.wait_for_text("delta-summary", "sks", LOADING).await;
    std::fs::remove_file(&kept).unwrap();
    browser.close().await;
}
