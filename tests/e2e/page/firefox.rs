//! The whole way in headless Firefox on the CPU path, driven through Marionette, which every
//! Firefox speaks by itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::repository;
use crate::server::Server;
use crate::steps::{FOUR_PICTURES, LOADING, TRAINING, looks_like_a_picture, subject};
use crate::turn;

/// A Firefox with a fresh profile, and the server of `dist/`.
struct Firefox {
    process: Child,
    wire: BufReader<TcpStream>,
    last: u64,
    server: Server,
    _profile: tempfile::TempDir,
}

impl Firefox {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let profile = tempfile::tempdir().expect("a temporary folder");
        let prefs = format!(
            "user_pref(\"marionette.port\", {port});\nuser_pref(\"app.update.disabledForTesting\", true);\nuser_pref(\"datareporting.policy.dataSubmissionEnabled\", false);\n"
        );
        std::fs::write(profile.path().join("user.js"), prefs).expect("the profile");
        let program = ["firefox", "firefox-esr"].into_iter().find(|program| {
            let run = Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .status();
            run.is_ok_and(|status| status.success())
        });
        let process = Command::new(program.expect("Firefox is installed by `cargo xtask doctor`"))
            .args(["--headless", "--no-remote", "--marionette", "--profile"])
            .arg(profile.path())
            // The profile is nobody's; as root Firefox wants a home that is its own.
            .env("HOME", profile.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Firefox starts");
        let deadline = Instant::now() + LOADING;
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < deadline, "no Marionette: {error}"),
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        let mut firefox = Self {
            process,
            wire: BufReader::new(stream),
            last: 0,
            server: Server::start(&repository().join("dist")),
            _profile: profile,
        };
        firefox.read();
        let capabilities = json!({"capabilities": {"alwaysMatch": {"timeouts": {"script": 600_000, "pageLoad": 300_000}}}});
        firefox.call("WebDriver:NewSession", capabilities);
        firefox
    }

    /// `LENGTH:JSON`.
    fn read(&mut self) -> Value {
        let mut length = Vec::new();
        self.wire
            .read_until(b':', &mut length)
            .expect("Marionette's answer");
        length.pop();
        let length: usize = String::from_utf8(length)
            .expect("digits")
            .parse()
            .expect("a length");
        let mut body = vec![0; length];
        self.wire
            .read_exact(&mut body)
            .expect("Marionette's answer");
        serde_json::from_slice(&body).expect("JSON")
    }

    fn call(&mut self, command: &str, params: Value) -> Value {
        self.last += 1;
        let message = json!([0, self.last, command, params]).to_string();
        let wire = format!("{}:{message}", message.len());
        self.wire
            .get_mut()
            .write_all(wire.as_bytes())
            .expect("Marionette hears");
        let answer = self.read();
        assert!(answer[2].is_null(), "{command}: {}", answer[2]);
        answer[3].clone()
    }

    fn script(&mut self, script: &str) -> Value {
        self.call(
            "WebDriver:ExecuteScript",
            json!({"script": script, "args": []}),
        )["value"]
            .clone()
    }

    fn wait(&mut self, what: &str, script: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.script(script) != Value::Bool(true) {
            if Instant::now() > deadline {
                let page = self.script("return document.body.innerText");
                panic!("not within {limit:?}: {what}\n{page}");
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    fn set(&mut self, id: &str, value: &str) {
        self.script(&format!("const e = document.querySelector('[data-testid=\"{id}\"]'); e.value = '{value}'; e.dispatchEvent(new Event('input', {{bubbles: true}})); e.dispatchEvent(new Event('change', {{bubbles: true}}))"));
    }

    fn press(&mut self, id: &str) {
        let ready = format!(
            "const e = document.querySelector('[data-testid=\"{id}\"]'); return !!e && !e.disabled"
        );
        self.wait(&format!("'{id}' can be pressed"), &ready, LOADING);
        self.script(&format!(
            "document.querySelector('[data-testid=\"{id}\"]').click()"
        ));
    }

    fn choose(&mut self, id: &str, files: &[std::path::PathBuf]) {
        let found = self.call(
            "WebDriver:FindElement",
            json!({"using": "css selector", "value": format!("[data-testid=\"{id}\"]")}),
        );
        let element = found["value"]
            .as_object()
            .and_then(|element| element.values().next());
        let element = element
            .and_then(Value::as_str)
            .expect("an element")
            .to_owned();
        let paths: Vec<String> = files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        self.call(
            "WebDriver:ElementSendKeys",
            json!({"id": element, "text": paths.join("\n")}),
        );
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_whole_way_in_firefox() {
    let _turn = turn().await;
    let mut firefox = Firefox::start();
    let address = format!("{}/?device=cpu", firefox.server.url());
    firefox.call("WebDriver:Navigate", json!({"url": address}));
    let runs = "return document.querySelector('[data-testid=\"device-line\"]')?.textContent.includes('CPU') ?? false";
    firefox.wait("the engine runs", runs, LOADING);
    firefox.choose("file-input", &subject("robot"));
    firefox.wait("four pictures are shown", FOUR_PICTURES, LOADING);
    for (field, value) in [
        ("class-word", "robot"),
        ("steps", "4"),
        ("batch", "1"),
        ("prior-images", "0"),
        ("prior-weight", "0"),
        ("sampling-steps", "4"),
    ] {
        firefox.set(field, value);
    }
    firefox.press("train");
    firefox.wait(
        "a delta is open",
        "return !!document.querySelector('a[data-testid=\"download-delta\"]')",
        TRAINING,
    );
    firefox.press("generate");
    firefox.wait(
        "a picture is kept",
        "return !!document.querySelector('[data-testid=\"kept-picture\"]')",
        TRAINING,
    );
    let pixels = "const c = document.querySelector('canvas[data-testid=\"result-personalised\"]'); return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]";
    let pixels: Vec<u8> = serde_json::from_value(firefox.script(pixels)).expect("pixels");
    assert!(looks_like_a_picture(&pixels));

    firefox.call("WebDriver:Navigate", json!({"url": address}));
    firefox.wait("both are there on the next visit", "return !!document.querySelector('[data-testid=\"kept-delta\"]') && !!document.querySelector('[data-testid=\"kept-picture\"]')", LOADING);
}
