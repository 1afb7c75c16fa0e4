//! A headless Chromium with the built app, driven through ChromeDriver.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::server::Server;

/// `/goog/cdp/execute`.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({"cmd": self.command, "params": self.params});
        (http::Method::POST, Some(body.to_string()))
    }
}

/// Chromium, its driver and the server of `dist/`; all stop when this is dropped.
pub struct Browser {
    pub client: Client,
    pub server: Server,
    driver: Child,
    /// Open as long as the driver may write to it.
    _output: BufReader<ChildStdout>,
    downloads: tempfile::TempDir,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts with a fresh profile.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with a fresh profile and more flags.
    pub async fn start_with(flags: &[String]) -> Self {
        Self::start_on(repository().join("static/base"), flags).await
    }

    /// Starts with a fresh profile, more flags, and another base on the hub.
    pub async fn start_on(base: PathBuf, flags: &[String]) -> Self {
        let server = Server::start_with(&repository().join("dist"), base);
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed by `cargo xtask doctor`");
        let mut output = BufReader::new(driver.stdout.take().expect("it is piped"));
        let port = port(&mut output);
        let downloads = tempfile::tempdir().expect("a temporary folder");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut args = vec![format!("--user-data-dir={}", profile.path().display())];
        args.extend(
            [
                "--headless=new",
                "--no-sandbox",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--enable-unsafe-webgpu",
                "--use-webgpu-adapter=swiftshader",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                "--window-size=1280,1000",
            ]
            .map(String::from),
        );
        args.extend_from_slice(flags);
        let capabilities = json!({"goog:chromeOptions": {"args": args, "prefs": {"download.default_directory": downloads.path(), "download.prompt_for_download": false, "profile.default_content_setting_values.automatic_downloads": 1}}, "goog:loggingPrefs": {"browser": "ALL"}});
        let Value::Object(capabilities) = capabilities else {
            unreachable!()
        };
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities);
        let deadline = Instant::now() + Duration::from_secs(60);
        let client = loop {
            match builder.connect(&format!("http://127.0.0.1:{port}")).await {
                Ok(client) => break client,
                Err(error) if Instant::now() > deadline => {
                    panic!("no session with chromedriver: {error}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        Self {
            client,
            server,
            driver,
            _output: output,
            downloads,
            _profile: profile,
        }
    }

    /// Opens the app with a query (`?device=cpu`).
    pub async fn open(&self, query: &str) {
        self.client
            .goto(&format!("{}/{query}", self.server.url()))
            .await
            .expect("the page opens");
    }

    /// Opens an address of any server.
    pub async fn visit(&self, address: &str) {
        // A change of the fragment alone would not reload the page.
        self.client
            .goto("about:blank")
            .await
            .expect("an empty page");
        self.client.goto(address).await.expect("the page opens");
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &'static str, params: Value) -> Value {
        let done = self.client.issue_cmd(DevTools { command, params }).await;
        done.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Emulates a screen of this width, in light or dark.
    pub async fn look(&self, width: u32, scheme: &str) {
        let size =
            json!({"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Runs a script in the page and returns what it returns.
    pub async fn script(&self, script: &str, args: Vec<Value>) -> Value {
        self.client
            .execute(script, args)
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until the text of the element with this test id contains `part`; returns the text.
    pub async fn wait_for_text(&self, id: &str, part: &str, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        loop {
            let text = self.text(id).await;
            if text.as_deref().is_some_and(|text| text.contains(part)) {
                return text.unwrap_or_default();
            }
            if Instant::now() > deadline {
                self.fail(&format!(
                    "'{id}' did not say '{part}' within {limit:?}; it says {text:?}"
                ))
                .await;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Waits until the page shows these words anywhere.
    pub async fn wait_for_words(&self, words: &str, limit: Duration) {
        let script = format!("return document.body.innerText.includes('{words}')");
        self.wait_until(&format!("the page says '{words}'"), &script, limit)
            .await;
    }

    /// Waits until a script returns true.
    pub async fn wait_until(&self, what: &str, script: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.script(script, vec![]).await != Value::Bool(true) {
            if Instant::now() > deadline {
                self.fail(&format!("not within {limit:?}: {what}")).await;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Waits until there is an element with this test id.
    pub async fn wait_for(&self, what: &str, id: &str, limit: Duration) {
        let script = format!("return !!document.querySelector('[data-testid=\"{id}\"]')");
        self.wait_until(what, &script, limit).await;
    }

    /// The text of the element with this test id, if it exists.
    pub async fn text(&self, id: &str) -> Option<String> {
        let script = "const e = document.querySelector(`[data-testid=\"${arguments[0]}\"]`); return e ? e.textContent : null";
        self.script(script, vec![id.into()])
            .await
            .as_str()
            .map(String::from)
    }

    /// Sets a control's value and fires the events of a user's input.
    pub async fn set(&self, id: &str, value: &str) {
        let script = "
            const e = document.querySelector(`[data-testid=\"${arguments[0]}\"]`);
            if (!e) return false;
            if (e.type === 'checkbox') { if (String(e.checked) !== arguments[1]) e.click(); return true; }
            Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), 'value').set.call(e, arguments[1]);
            e.dispatchEvent(new Event('input', {bubbles: true}));
            e.dispatchEvent(new Event('change', {bubbles: true}));
            return true";
        let done = self.script(script, vec![id.into(), value.into()]).await;
        assert_eq!(done, Value::Bool(true), "there is no control '{id}'");
    }

    /// Clicks a button as soon as it is enabled.
    pub async fn press(&self, id: &str) {
        let ready = format!(
            "const e = document.querySelector('[data-testid=\"{id}\"]'); return !!e && !e.disabled"
        );
        self.wait_until(
            &format!("the button '{id}' can be pressed"),
            &ready,
            Duration::from_secs(120),
        )
        .await;
        self.script(
            &format!("document.querySelector('[data-testid=\"{id}\"]').click()"),
            vec![],
        )
        .await;
    }

    /// Chooses files in a file input.
    pub async fn choose(&self, id: &str, files: &[PathBuf]) {
        let paths: Vec<_> = files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let input = self
            .client
            .find(Locator::Css(&format!("[data-testid=\"{id}\"]")))
            .await
            .expect("the file input");
        input
            .send_keys(&paths.join("\n"))
            .await
            .expect("files can be chosen");
    }

    /// The RGBA values of every canvas with this test id.
    pub async fn canvases(&self, id: &str) -> Vec<Vec<u8>> {
        let script = "
            return [...document.querySelectorAll(`canvas[data-testid=\"${arguments[0]}\"]`)].map(c =>
                [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])";
        serde_json::from_value(self.script(script, vec![id.into()]).await).expect("pixels")
    }

    /// Clicks a download link and returns the downloaded file.
    pub async fn download(&self, id: &str) -> Vec<u8> {
        self.press(id).await;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let arrived = std::fs::read_dir(self.downloads.path())
                .expect("the download folder")
                .flatten()
                .map(|entry| entry.path())
                // Chromium reserves the name with an empty file until the download is complete.
                .filter(|path| path.metadata().is_ok_and(|file| file.len() > 0))
                .find(|path| path.extension().is_some_and(|kind| kind == "safetensors"));
            if let Some(path) = arrived {
                let bytes = std::fs::read(&path).expect("the downloaded file");
                std::fs::remove_file(&path).expect("the downloaded file");
                return bytes;
            }
            if Instant::now() > deadline {
                self.fail(&format!("nothing arrived from '{id}'")).await;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Saves a screenshot in target/e2e/.
    pub async fn screenshot(&self, name: &str) {
        let folder = repository().join("target/e2e");
        std::fs::create_dir_all(&folder).expect("target/e2e");
        let png = self.client.screenshot().await.expect("a screenshot");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("target/e2e is writable");
    }

    async fn fail(&self, message: &str) -> ! {
        let test = std::thread::current()
            .name()
            .unwrap_or("failure")
            .replace("::", "-");
        self.screenshot(&test).await;
        let page = self.text("messages").await;
        panic!("{message}\nmessages on the page: {page:?}\nscreenshot: target/e2e/{test}.png");
    }

    /// Ends the session.
    pub async fn close(self) {
        self.client.clone().close().await.expect("the session ends");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Both fail if the driver has ended by itself.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The port that ChromeDriver chose, from what it prints.
fn port(output: &mut BufReader<ChildStdout>) -> u16 {
    let lines = output.by_ref().lines().map_while(Result::ok);
    let mut ports = lines.filter_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    ports.next().expect("ChromeDriver says on which port it is")
}
