//! A server and somebody who waits, for tests: everything that goes wrong goes wrong on demand.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::{Answer, Body, Facts, From, News, Overseer, Span, Transport};
use crate::error::{Error, Result};

/// A file on the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    pub(crate) bytes: Rc<Vec<u8>>,
    pub(crate) etag: Option<String>,
    pub(crate) linked_etag: Option<String>,
    pub(crate) kind: Option<String>,
}

/// What it does.
pub(crate) struct Server {
    pub(crate) files: RefCell<BTreeMap<String, Served>>,
    /// Gives parts of files.
    pub(crate) ranges: Cell<bool>,
    /// Refuses the preflight of a range, as a browser sees it.
    pub(crate) refuses_preflight: Cell<bool>,
    /// Shows no header but the type.
    pub(crate) shy: Cell<bool>,
    /// Bytes that it sends before the connection breaks for everybody.
    pub(crate) budget: Cell<Option<u64>>,
    /// Every file ends here, though its size is more.
    pub(crate) ends_at: Cell<Option<usize>>,
    /// Says nothing after its headers.
    pub(crate) silent: Cell<bool>,
    /// Status codes of the next answers, and what their `Retry-After` says.
    pub(crate) moods: RefCell<VecDeque<(u16, Option<&'static str>)>>,
    /// Bytes that it sent.
    pub(crate) sent: Cell<u64>,
    /// What was asked for.
    pub(crate) asked: RefCell<Vec<(String, Option<Span>)>>,
    /// Pauses between attempts.
    pub(crate) pauses: RefCell<Vec<u32>>,
    random: RefCell<ChaCha8Rng>,
}

impl Server {
    pub(crate) fn new(seed: u64) -> Rc<Self> {
        Rc::new(Self {
            files: RefCell::default(),
            ranges: Cell::new(true),
            refuses_preflight: Cell::new(false),
            shy: Cell::new(false),
            budget: Cell::new(None),
            ends_at: Cell::new(None),
            silent: Cell::new(false),
            moods: RefCell::default(),
            sent: Cell::new(0),
            asked: RefCell::default(),
            pauses: RefCell::default(),
            random: RefCell::new(ChaCha8Rng::seed_from_u64(seed)),
        })
    }

    pub(crate) fn put(&self, url: &str, bytes: Vec<u8>, etag: Option<&str>) {
        let served = Served {
            bytes: Rc::new(bytes),
            etag: etag.map(str::to_owned),
            ..Served::default()
        };
        self.files.borrow_mut().insert(url.to_owned(), served);
    }

    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.random.borrow_mut().next_u64() % limit
    }
}

/// The server, as a page reaches it.
pub(crate) struct Wire(pub(crate) Rc<Server>);

pub(crate) struct Sending {
    server: Rc<Server>,
    bytes: Rc<Vec<u8>>,
    at: usize,
    end: usize,
}

impl Transport for Wire {
    type Body = Sending;

    async fn get(&self, url: &str, span: Option<Span>) -> Result<Answer<Sending>, String> {
        let server = &self.0;
        server.asked.borrow_mut().push((url.to_owned(), span));
        sometimes_later(server).await;
        let gone = server.budget.get() == Some(0);
        if gone || span.is_some() && server.refuses_preflight.get() {
            return Err("Failed to fetch".into());
        }
        let mut facts = Facts {
            status: 200,
            ..Facts::default()
        };
        let empty = |facts| Answer {
            facts,
            body: Sending {
                server: server.clone(),
                bytes: Rc::default(),
                at: 0,
                end: 0,
            },
        };
        if let Some((status, wait)) = server.moods.borrow_mut().pop_front() {
            facts.status = status;
            facts.retry_after = wait.map(str::to_owned);
            return Ok(empty(facts));
        }
        let Some(file) = server.files.borrow().get(url).cloned() else {
            facts.status = 404;
            return Ok(empty(facts));
        };
        let total = file.bytes.len();
        let (mut at, mut end) = (0, total);
        facts.content_type = file.kind;
        if let Some(span) = span.filter(|_| server.ranges.get()) {
            if span.start >= total as u64 {
                facts.status = 416;
                facts.content_range = Some(format!("bytes */{total}"));
                return Ok(empty(facts));
            }
            at = span.start as usize;
            end = span.end.map_or(total, |end| (end as usize).min(total));
            facts.status = 206;
            facts.content_range = Some(format!("bytes {at}-{}/{total}", end - 1));
        }
        if server.shy.get() {
            facts.content_range = None;
        } else {
            facts.etag = file.etag;
            facts.linked_etag = file.linked_etag;
        }
        Ok(Answer {
            facts,
            body: Sending {
                server: server.clone(),
                bytes: file.bytes,
                at,
                end: end.min(server.ends_at.get().unwrap_or(end)).max(at),
            },
        })
    }

    async fn sleep(&self, ms: u32) {
        // The watch over silence rings only where there is silence.
        if ms == 30_000 {
            if !self.0.silent.get() {
                pending::<()>().await;
            }
        } else {
            self.0.pauses.borrow_mut().push(ms);
        }
    }

    fn random(&self) -> f64 {
        0.5
    }
}

impl Body for Sending {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        if self.server.silent.get() {
            pending::<()>().await;
        }
        sometimes_later(&self.server).await;
        if self.at >= self.end {
            return Ok(None);
        }
        let mut size = 1 + self.server.below(200_000) as usize;
        size = size.min(self.end - self.at);
        if let Some(left) = self.server.budget.get() {
            if left == 0 {
                return Err("the connection was reset".into());
            }
            size = size.min(left as usize);
            self.server.budget.set(Some(left - size as u64));
        }
        let chunk = self.bytes[self.at..self.at + size].to_vec();
        self.at += size;
        self.server.sent.set(self.server.sent.get() + size as u64);
        Ok(Some(chunk))
    }
}

/// Lets others go first, at random.
async fn sometimes_later(server: &Server) {
    let mut later = server.below(3);
    poll_fn(|context| {
        if later == 0 {
            return Poll::Ready(());
        }
        later -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Somebody who writes down what is told.
#[derive(Default)]
pub(crate) struct Listener {
    /// Pieces until the person has enough.
    pub(crate) patience: Cell<Option<u32>>,
    pub(crate) warnings: RefCell<Vec<String>>,
    pub(crate) retries: Cell<u32>,
    /// Bytes by where they came from: cache, network; and how often another tab was waited for.
    pub(crate) heard: Cell<[u64; 3]>,
    /// Bytes of files that the person chose.
    pub(crate) disk: Cell<u64>,
    last: RefCell<BTreeMap<String, u64>>,
}

impl Overseer for Listener {
    fn between(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(async {
            match self.patience.get() {
                Some(0) => Err(Error::Cancelled),
                left => {
                    self.patience.set(left.map(|left| left - 1));
                    Ok(())
                }
            }
        })
    }

    fn cancelled(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(pending())
    }

    fn tell(&self, news: News<'_>) {
        match news {
            News::Bytes {
                path, from, done, ..
            } => {
                let mut last = self.last.borrow_mut();
                let before = last.insert(path.to_owned(), done).unwrap_or(0);
                let mut heard = self.heard.get();
                match from {
                    From::Cache => heard[0] += done - before.min(done),
                    From::Network => heard[1] += done - before.min(done),
                    From::OtherTab => heard[2] += 1,
                    From::Disk => self.disk.set(done),
                }
                self.heard.set(heard);
            }
            News::Retry { .. } => self.retries.set(self.retries.get() + 1),
            News::Warning(words) => self.warnings.borrow_mut().push(words),
        }
    }
}

/// So many bytes that nothing compresses and no other seed gives.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
