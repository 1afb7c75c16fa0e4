//! Bases of another site in a real browser: fetched once, gone on with after a cut, never trusted.
//!
//! The engine is spoken to without the page, in the words of `static/embed/protocol.d.ts`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::hub::Faults;
use crate::turn;

const LIMIT: Duration = Duration::from_secs(120);
const CUT: u64 = 4 << 20;

/// Starts engines: each is what another tab would have.
const START: &str = "
    window.engines = [0, 1].map(() => {
        const engine = {worker: new Worker('../engine_loader.js'), ready: false, events: [], lastId: 0};
        engine.worker.onmessage = ({data: {event}}) => {
            if (event.type === 'ready') engine.ready = true;
            engine.events.push(event);
        };
        return engine;
    });";

/// What a load came to.
const OUTCOME: &str = "
    const ends = ['loaded', 'failed', 'stopped', 'stored', 'catalogue'];
    const engine = window.engines[arguments[0]];
    const end = engine.events.find(event => ends.includes(event.type));
    return end ? JSON.stringify({
        type: end.type, message: end.error?.message ?? '', hash: end.hash ?? '',
        bases: end.bases ?? [],
        from: [...new Set(engine.events.filter(e => e.type === 'download').map(e => e.from))],
        retries: engine.events.filter(e => e.type === 'download_retry').length,
        warnings: engine.events.filter(e => e.type === 'warning').map(e => e.message),
    }) : null";

async fn start(browser: &Browser) {
    browser.open("embed/index.html").await;
    browser.script(START, vec![]).await;
    let ready = "return window.engines.every(engine => engine.ready)";
    browser.wait_until("the engines listen", ready, LIMIT).await;
}

async fn ask(browser: &Browser, engine: usize, request: Value) {
    let script = "const engine = window.engines[arguments[0]]; engine.events = []; engine.worker.postMessage({type: 'request', id: ++engine.lastId, request: arguments[1]})";
    browser.script(script, vec![engine.into(), request]).await;
}

async fn answer(browser: &Browser, engine: usize) -> Value {
    let deadline = std::time::Instant::now() + LIMIT;
    loop {
        let outcome = browser.script(OUTCOME, vec![engine.into()]).await;
        if let Some(text) = outcome.as_str() {
            return serde_json::from_str(text).unwrap();
        }
        assert!(std::time::Instant::now() < deadline, "the engine is silent");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn request(id: &str) -> Value {
    json!({"type": "load", "source": {"type": "catalogue", "id": id}, "device": "cpu"})
}

async fn load(browser: &Browser, id: &str) -> Value {
    ask(browser, 0, request(id)).await;
    answer(browser, 0).await
}

fn asked_of_the_hub(browser: &Browser) -> usize {
    let requests = browser.server.requests();
    requests
        .iter()
        .filter(|line| line.contains("/hub/"))
        .count()
}

#[tokio::test]
async fn a_base_of_another_site_is_fetched_once_and_kept() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    let hub = browser.server.hub.clone();
    let total = hub.bytes();
    start(&browser).await;

    // A cut, then another visit.
    hub.budget.store(total / 2, Ordering::SeqCst);
    ask(&browser, 0, request("hub")).await;
    let cut = "return window.engines[0].events.some(event => event.type === 'download_retry')";
    browser.wait_until("the line is cut", cut, LIMIT).await;
    hub.budget.store(u64::MAX, Ordering::SeqCst);
    start(&browser).await;
    ask(&browser, 0, json!({"type": "list_stored"})).await;
    let stored = answer(&browser, 0).await;
    assert_eq!(stored["bases"][0]["interrupted"], true, "{stored}");
    assert!(
        stored["bases"][0]["stored"].as_u64().unwrap() > 0,
        "{stored}"
    );
    let whole = load(&browser, "hub").await;
    assert_eq!(whole["type"], "loaded", "{whole}");
    for from in ["cache", "network"] {
        assert!(
            whole["from"].as_array().unwrap().contains(&json!(from)),
            "{whole}"
        );
    }
    let sent = hub.sent.swap(0, Ordering::SeqCst);
    assert!(sent <= total + CUT, "{sent} bytes of {total} were sent");

    // Another visit, with nothing but what is kept.
    start(&browser).await;
    let before = asked_of_the_hub(&browser);
    let again = load(&browser, "hub").await;
    assert_eq!(again["hash"], whole["hash"], "{again}");
    assert_eq!(again["from"], json!(["cache"]), "{again}");
    assert_eq!(again["warnings"], json!([]), "{again}");
    assert_eq!(asked_of_the_hub(&browser), before, "the network was asked");

    // It stays while it is loaded, here or elsewhere.
    let remove = json!({"type": "remove_stored", "keys": ["catalogue hub"]});
    ask(&browser, 1, remove.clone()).await;
    let kept = answer(&browser, 1).await;
    assert_eq!(kept["bases"].as_array().unwrap().len(), 1, "{kept}");
    start(&browser).await;
    ask(&browser, 1, remove).await;
    let gone = answer(&browser, 1).await;
    assert_eq!(gone["bases"], json!([]), "{gone}");

    // Two at once, from a server without ranges: one of them fetches.
    hub.faults.lock().unwrap().no_ranges = true;
    for engine in [0, 1] {
        ask(&browser, engine, request("hub")).await;
    }
    for engine in [0, 1] {
        let outcome = answer(&browser, engine).await;
        assert_eq!(outcome["hash"], whole["hash"], "{outcome}");
    }
    let sent = hub.sent.swap(0, Ordering::SeqCst);
    assert!(sent < total * 3 / 2, "{sent} bytes of {total} were sent");
    browser.close().await;
}

#[tokio::test]
async fn what_another_site_does_wrong_is_said() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    let hub = browser.server.hub.clone();
    start(&browser).await;
    let status = |code| Faults {
        status: Some(code),
        ..Faults::default()
    };
    let cases = [
        (status(StatusCode::UNAUTHORIZED), "no account"),
        (status(StatusCode::FORBIDDEN), "accept its licence"),
        (status(StatusCode::NOT_FOUND), "answers 404"),
        (
            Faults {
                page: true,
                ..Faults::default()
            },
            "web page",
        ),
        (
            Faults {
                wrong_hashes: true,
                ..Faults::default()
            },
            "SHA-256",
        ),
        (
            Faults {
                truncated: true,
                ..Faults::default()
            },
            "ends early",
        ),
        (
            Faults {
                no_cors: true,
                ..Faults::default()
            },
            "(CORS)",
        ),
    ];
    for (faults, words) in cases {
        *hub.faults.lock().unwrap() = faults;
        let outcome = load(&browser, "hub").await;
        assert_eq!(outcome["type"], "failed", "{outcome}");
        assert!(
            outcome["message"].as_str().unwrap().contains(words),
            "{outcome}"
        );
    }
    // A catalogue that is wrong about a file, and a server that needs a second.
    *hub.faults.lock().unwrap() = Faults {
        times: Some(1),
        ..status(StatusCode::TOO_MANY_REQUESTS)
    };
    let outcome = load(&browser, "other").await;
    assert!(
        outcome["message"].as_str().unwrap().contains("SHA-256"),
        "{outcome}"
    );
    assert_eq!(outcome["retries"], 1, "{outcome}");
    // Another try, on a server that has had trouble: nothing of all that is left over.
    *hub.faults.lock().unwrap() = Faults {
        times: Some(2),
        ..status(StatusCode::BAD_GATEWAY)
    };
    let outcome = load(&browser, "hub").await;
    assert_eq!(outcome["type"], "loaded", "{outcome}");
    assert_eq!(outcome["retries"], 2, "{outcome}");
    browser.close().await;
}

#[tokio::test]
async fn a_base_that_finds_no_room_is_loaded_and_not_kept() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    start(&browser).await;
    let quota = |bytes: Option<u64>| {
        let mut quota = json!({"origin": browser.server.url()});
        if let Some(bytes) = bytes {
            quota["quotaSize"] = bytes.into();
        }
        browser.devtools("Storage.overrideQuotaForOrigin", quota)
    };
    quota(Some(6 << 20)).await;
    let outcome = load(&browser, "hub").await;
    assert_eq!(outcome["type"], "loaded", "{outcome}");
    let warnings = outcome["warnings"].to_string();
    assert!(
        warnings.contains("cannot be kept") && warnings.contains("disk"),
        "{outcome}"
    );
    // With room again it goes on and is kept.
    quota(None).await;
    let outcome = load(&browser, "hub").await;
    assert_eq!(outcome["warnings"], json!([]), "{outcome}");
    let again = load(&browser, "hub").await;
    assert_eq!(again["from"], json!(["cache"]), "{again}");
    browser.close().await;
}

#[tokio::test]
async fn a_gpu_that_goes_away_while_a_base_is_loading_is_said() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    browser.open("embed/index.html").await;
    let script = START.replace("engine_loader.js", "lost.js");
    browser.script(&script, vec![]).await;
    let ready = "return window.engines.every(engine => engine.ready)";
    browser.wait_until("the engines listen", ready, LIMIT).await;
    let request = |device: &str| json!({"type": "load", "source": {"type": "catalogue", "id": "hub"}, "device": device});
    ask(&browser, 0, request("gpu")).await;
    let outcome = answer(&browser, 0).await;
    assert_eq!(outcome["type"], "failed", "{outcome}");
    let message = outcome["message"].as_str().unwrap();
    assert!(
        message.contains("GPU stopped working") && message.contains("start the engine again"),
        "{outcome}"
    );
    // The page is alive, and so is the next engine.
    start(&browser).await;
    let outcome = load(&browser, "hub").await;
    assert_eq!(outcome["type"], "loaded", "{outcome}");
    browser.close().await;
}
