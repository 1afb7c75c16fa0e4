//! The engine's worker, spoken to without the page in the words of `static/embed/protocol.d.ts`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::Browser;

const START: &str = "
    window.engine?.terminate();
    window.events = [];
    window.lastId = 0;
    window.engine = new Worker(arguments[0]);
    window.engine.onmessage = ({data}) => {
        const event = data.event ?? data;
        event.at = performance.now();
        window.events.push(event);
    };
    window.say = said => {
        if (typeof said === 'string') window.engine.postMessage(said);
        else if (said.type === 'cancel') window.engine.postMessage({type: 'cancel', id: window.lastId});
        else window.engine.postMessage({type: 'request', id: ++window.lastId, request: said});
    }";
const SAY: &str = "window.events = []; window.say(arguments[0])";
const EVENTS: &str = "
    const found = window.events.filter(event => arguments[0].includes(event.type));
    return JSON.stringify(found, (_, value) => ArrayBuffer.isView(value) ? [...value] : value)";
const ADD: &str = "
    const [folder, done] = [arguments[0], arguments[arguments.length - 1]];
    // One after the other: their order decides which of them a step sees.
    (async () => {
        for (const id of [0, 1, 2, 3]) {
            const file = await fetch(`${folder}/${id}.png`);
            const bytes = new Uint8Array(await file.arrayBuffer());
            window.say({type: 'add_picture', id, subject: 1, bytes});
        }
    })().then(() => done(null), why => done(String(why)))";

/// An engine of its own, in a page that has no other.
pub struct Engine<'a> {
    browser: &'a Browser,
    limit: Duration,
}

impl<'a> Engine<'a> {
    /// Opens the page, starts a worker with this script and waits until it listens; each later answer
    /// is waited for no longer than `limit`.
    pub async fn start(browser: &'a Browser, script: &str, limit: Duration) -> Self {
        browser.open("embed/index.html").await;
        let engine = Self { browser, limit };
        let script = format!("../{script}").into();
        browser.script(START, vec![script]).await;
        engine.wait(&["ready"]).await;
        engine
    }

    /// Says something without waiting for an answer; what was said before is forgotten.
    pub async fn say(&self, request: Value) {
        self.browser.script(SAY, vec![request]).await;
    }

    /// Asks, and gives the first event of one of these types.
    pub async fn ask(&self, request: Value, types: &[&str]) -> Value {
        self.say(request).await;
        self.wait(types).await
    }

    /// The first event of one of these types; a failure ends the test.
    pub async fn wait(&self, types: &[&str]) -> Value {
        let since = Instant::now();
        loop {
            let found = self.found(&[types, &["failed"]].concat()).await;
            let failed = found.iter().find(|event| event["type"] == "failed");
            assert!(failed.is_none(), "{failed:?}");
            if let Some(first) = found.into_iter().next() {
                return first;
            }
            assert!(
                since.elapsed() < self.limit,
                "no {types:?} within {:?}",
                self.limit
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// All events of this type since the last request; each has its time, `at`, in milliseconds.
    pub async fn events(&self, of: &str) -> Vec<Value> {
        self.found(&[of]).await
    }

    async fn found(&self, types: &[&str]) -> Vec<Value> {
        let found = self.browser.script(EVENTS, vec![json!(types)]).await;
        let text = found.as_str().expect("a text");
        serde_json::from_str(text).expect("events")
    }

    /// Loads the page's own base on WebGPU, on a device that is said to have so many bytes.
    pub async fn load_own(&self, memory: u64) {
        let url = format!("{}/base/", self.browser.server.url());
        let load = json!({
            "type": "load", "source": {"type": "folder", "url": url}, "device": "gpu",
            "memory": memory, "anyway": true, "size": 64,
        });
        self.ask(load, &["loaded"]).await;
    }

    /// Adds the four pictures of a sample subject.
    pub async fn add_pictures(&self, subject: &str) {
        let folder = format!("../subjects/{subject}").into();
        let added = self.browser.client.execute_async(ADD, vec![folder]).await;
        assert_eq!(added.expect("a script"), Value::Null);
    }
}

/// To train these layers of the subject that was added: plain steps of one sample.
pub fn train(layers: &str, steps: usize) -> Value {
    json!({
        "type": "train", "subject_numbers": [1], "arranged": [],
        "subjects": [{"token": "sks", "class_word": "dog"}], "captions": {"class_scenes": [""]},
        "layers": layers, "lr_scheduler": "constant", "max_train_steps": steps,
        "train_batch_size": 1, "prior_batch_size": 1, "learning_rate": 1e-3,
        "learning_rate_1d": 1e-6, "prior_loss_weight": 0.0, "num_class_images": 0,
        "validation_steps": 0, "checkpointing_steps": 0,
    })
}

/// To make one picture with these deltas, without guidance.
pub fn generate(prompt: &str, steps: usize, seed: u64, deltas: Value) -> Value {
    json!({
        "type": "generate", "id": 1, "prompt": prompt, "seed": seed,
        "num_inference_steps": steps, "guidance_scale": 1.0, "deltas": deltas, "compare": false,
    })
}
