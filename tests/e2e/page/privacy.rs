//! Pictures and prompts stay in the tab: a whole run with canaries, watched from outside.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::steps::{FOUR_PICTURES, LOADING, TRAINING, Work, subject, train};
use crate::turn;

const CANARY: &str = "canarybird";

/// Names that Chromium itself looks up, whatever page is open; the last is its start page in Debian.
const BROWSERS_OWN: [&str; 5] = [
    "google.com",
    "googleapis.com",
    "gvt1.com",
    "gstatic.com",
    "start.duckduckgo.com",
];

/// A proxy that lets nothing through and remembers the first line of what was asked.
fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            if BufReader::new(stream).read_line(&mut line).is_ok() {
                log.lock().expect("log").push(line.trim().to_owned());
            }
        }
    });
    (address, asked)
}

#[tokio::test]
async fn no_picture_and_no_prompt_leaves_the_tab_and_the_policy_holds() {
    let _turn = turn().await;
    let (address, elsewhere) = proxy();
    // Everything but this machine goes through the proxy.
    let browser = Browser::start_with(&[format!("--proxy-server=http://{address}")]).await;
    let watch = "globalThis.violations = []; addEventListener('securitypolicyviolation', e => globalThis.violations.push(e.violatedDirective + ' ' + e.blockedURI))";
    browser
        .devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({"source": watch}),
        )
        .await;
    browser.open("?device=cpu").await;
    browser.wait_for_text("device-line", "CPU", LOADING).await;

    let folder = tempfile::tempdir().unwrap();
    let mut pictures = Vec::new();
    for (index, path) in subject("robot").iter().enumerate() {
        let copy = folder.path().join(format!("{CANARY}-{index}.png"));
        std::fs::copy(path, &copy).unwrap();
        pictures.push(copy);
    }
    browser.choose("file-input", &pictures).await;
    browser
        .wait_until("four pictures are shown", FOUR_PICTURES, LOADING)
        .await;
    browser.set("token", CANARY).await;
    let work = Work {
        training_steps: "3",
        class_pictures: "1",
        batch: "1",
        sampling_steps: "2",
    };
    train(&browser, &work).await;
    browser
        .set("prompt", &format!("photo of a {CANARY} robot"))
        .await;
    browser.set("sampling-steps", "2").await;
    browser.press("generate").await;
    browser
        .wait_for("a picture is kept", "kept-picture", TRAINING)
        .await;
    browser.press("make-link").await;
    browser
        .wait_for_text("link-note", "characters", LOADING)
        .await;

    let asked = browser.server.requests();
    let sent: Vec<_> = asked
        .iter()
        .filter(|line| !line.starts_with("GET ") || line.contains(CANARY))
        .collect();
    assert!(sent.is_empty(), "sent to the page's own site: {sent:?}");
    let strangers: Vec<String> = elsewhere
        .lock()
        .unwrap()
        .iter()
        .filter(|line| !BROWSERS_OWN.iter().any(|own| line.contains(own)))
        .cloned()
        .collect();
    assert!(strangers.is_empty(), "asked elsewhere: {strangers:?}");
    assert!(
        elsewhere
            .lock()
            .unwrap()
            .iter()
            .all(|line| !line.contains(CANARY))
    );
    let violations = browser.script("return globalThis.violations", vec![]).await;
    assert_eq!(violations, Value::Array(vec![]), "the policy was violated");

    // The watch itself works: what the policy forbids is seen, and what goes out passes the proxy.
    browser.script("const s = document.createElement('script'); s.textContent = '1'; document.body.append(s); fetch('https://stranger.invalid/').catch(() => 0)", vec![]).await;
    browser
        .wait_until(
            "a violation is seen",
            "return globalThis.violations.length === 1",
            LOADING,
        )
        .await;
    let deadline = std::time::Instant::now() + LOADING;
    while !elsewhere
        .lock()
        .unwrap()
        .iter()
        .any(|line| line.contains("stranger.invalid"))
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the proxy saw nothing"
        );
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    browser.close().await;
}
