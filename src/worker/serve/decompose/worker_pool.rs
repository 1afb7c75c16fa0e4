//! A pool of workers that decompose matrices, one for each core.
//!
//! Each worker has its own memory, which is freed with it. A worker that crashes is not replaced; its
//! matrix goes to another one, or to the engine's own thread if none is left.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions};

use crate::error::Result;
use crate::js;
use crate::spectral::decompose::config::Decomposer;
use crate::spectral::svd::{self, Decomposition};
use crate::worker::serve::browser::scope::{describe, scope};
use crate::worker::serve::context::Context;
use crate::worker::serve::decompose::worker::{NAME, READY, answer, question};

/// The script that starts the engine, and its workers.
const SCRIPT: &str = "engine_loader.js";
const MAX_WORKERS: usize = 4;
/// Milliseconds until a worker has to be ready: it compiles the whole engine first.
const PATIENCE_MS: u32 = 60_000;

/// Workers that decompose matrices; an empty pool decomposes on the engine's own thread.
pub(crate) struct WorkerPool<'a> {
    cx: &'a Context,
    members: RefCell<Vec<Rc<Member>>>,
}

/// The sender for a worker's next message; `Err` if the worker crashed.
type Waiting = Rc<RefCell<Option<oneshot::Sender<Result<JsValue, String>>>>>;

struct Member {
    worker: Worker,
    busy: Cell<bool>,
    waiting: Waiting,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(web_sys::Event)>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl<'a> WorkerPool<'a> {
    /// A pool without workers.
    pub(crate) fn empty(cx: &'a Context) -> Self {
        Self {
            cx,
            members: RefCell::default(),
        }
    }

    /// One worker for each core, at most [`MAX_WORKERS`]; fewer, with a warning, where the browser
    /// starts no more.
    pub(crate) async fn start(cx: &'a Context) -> Self {
        let cores = scope().navigator().hardware_concurrency() as usize;
        let started: Vec<_> = (0..cores.clamp(1, MAX_WORKERS))
            .map(|_| Member::new())
            .collect();
        let (mut members, mut refused) = (Vec::new(), None);
        for member in started {
            match member {
                Ok((member, first)) => match first_word(first).await {
                    Ok(()) => members.push(Rc::new(member)),
                    Err(why) => refused = Some(why),
                },
                Err(why) => refused = Some(why),
            }
        }
        if let Some(why) = refused {
            let left = match members.len() {
                0 => "the engine takes the weights apart by itself".to_owned(),
                left => format!("{left} of them take the weights apart"),
            };
            cx.warn(format!(
                "The browser did not start all workers that were wanted ({why}), so {left}. That takes longer; everything else works."
            ));
        }
        Self {
            cx,
            members: RefCell::new(members),
        }
    }

    fn idle(&self) -> Option<Rc<Member>> {
        let members = self.members.borrow();
        members.iter().find(|member| !member.busy.get()).cloned()
    }

    fn lose(&self, lost: &Rc<Member>, why: &str) {
        let mut members = self.members.borrow_mut();
        members.retain(|member| !Rc::ptr_eq(member, lost));
        let left = match members.len() {
            0 => "the engine goes on by itself",
            _ => "the others go on without it",
        };
        self.cx.warn(format!(
            "A worker that takes weights apart stopped ({why}), so {left}. It usually ran out of memory: other tabs may have to be closed."
        ));
    }
}

impl Decomposer for WorkerPool<'_> {
    fn concurrency(&self) -> usize {
        self.members.borrow().len().max(1)
    }

    async fn decompose(
        &self,
        matrix: Vec<f32>,
        shape: [usize; 2],
    ) -> Result<Option<Decomposition>> {
        let Some(member) = self.idle() else {
            return svd::decompose(&matrix, shape[0], shape[1]).map(Some);
        };
        member.busy.set(true);
        let (message, buffers) = question(&matrix, shape);
        drop(matrix);
        let said = member.ask(&message, &buffers).await;
        member.busy.set(false);
        let why = match said {
            Ok(said) => match answer(&said, shape) {
                Some(factors) => return factors.map(Some),
                None => "it gave no answer".to_owned(),
            },
            Err(why) => why,
        };
        self.lose(&member, &why);
        Ok(None)
    }
}

type Said = oneshot::Receiver<Result<JsValue, String>>;

impl Member {
    /// Starts a worker, and what its first word comes through.
    fn new() -> Result<(Self, Said), String> {
        let options = WorkerOptions::new();
        options.set_name(NAME);
        let worker = Worker::new_with_options(SCRIPT, &options).map_err(|why| describe(&why))?;
        let (sender, first) = oneshot::channel();
        let waiting: Waiting = Rc::new(RefCell::new(Some(sender)));
        let inbox = waiting.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            if let Some(waiting) = inbox.take() {
                let _ = waiting.send(Ok(message.data()));
            }
        });
        let inbox = waiting.clone();
        let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            let why = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
            let why = why.filter(|why| !why.is_empty());
            if let Some(waiting) = inbox.take() {
                let _ = waiting.send(Err(why.unwrap_or_else(|| "no reason was given".into())));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let member = Self {
            worker,
            busy: Cell::new(false),
            waiting,
            _on_message: on_message,
            _on_error: on_error,
        };
        Ok((member, first))
    }

    /// Sends a message and waits for the answer to it.
    async fn ask(&self, message: &JsValue, buffers: &js_sys::Array) -> Result<JsValue, String> {
        let (sender, said) = oneshot::channel();
        self.waiting.replace(Some(sender));
        self.worker
            .post_message_with_transfer(message, buffers)
            .map_err(|why| describe(&why))?;
        said.await
            .unwrap_or_else(|_| Err("it was not waited for".into()))
    }
}

async fn first_word(first: Said) -> Result<(), String> {
    match select(first, pin!(js::sleep(PATIENCE_MS))).await {
        Either::Left((Ok(Ok(word)), _)) if word == READY => Ok(()),
        Either::Left((Ok(Err(why)), _)) => Err(why),
        Either::Left(_) => Err("it said something unknown".into()),
        Either::Right(_) => Err("it did not answer".into()),
    }
}
