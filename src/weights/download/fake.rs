//! A server and a progress sink for tests. Whatever can go wrong does so on demand.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use futures_util::future::LocalBoxFuture;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::{
    Body, ByteRange, ByteSource, Progress, ProgressSink, Response, ResponseHead, Transport,
};
use crate::error::{Error, Result};

/// A file on the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    pub(crate) bytes: Rc<Vec<u8>>,
    pub(crate) etag: Option<String>,
    pub(crate) linked_etag: Option<String>,
    pub(crate) kind: Option<String>,
}

/// A server.
pub(crate) struct Server {
    pub(crate) files: RefCell<BTreeMap<String, Served>>,
    /// Sends ranges.
    pub(crate) ranges: Cell<bool>,
    /// Refuses the preflight request of a range.
    pub(crate) refuses_preflight: Cell<bool>,
    /// Sends no header but the type.
    pub(crate) hides_headers: Cell<bool>,
    /// Bytes until all connections break.
    pub(crate) budget: Cell<Option<u64>>,
    /// Files are cut here.
    pub(crate) ends_at: Cell<Option<usize>>,
    /// Sends nothing after the headers.
    pub(crate) silent: Cell<bool>,
    /// Status codes of the next responses, with their `Retry-After`.
    pub(crate) failures: RefCell<VecDeque<(u16, Option<&'static str>)>>,
    /// Bytes sent so far.
    pub(crate) sent: Cell<u64>,
    /// Requests so far.
    pub(crate) requests: RefCell<Vec<(String, Option<ByteRange>)>>,
    /// Delays between attempts, in milliseconds.
    pub(crate) delays: RefCell<Vec<u32>>,
    random: RefCell<ChaCha8Rng>,
}

impl Server {
    pub(crate) fn new(seed: u64) -> Rc<Self> {
        Rc::new(Self {
            files: RefCell::default(),
            ranges: Cell::new(true),
            refuses_preflight: Cell::new(false),
            hides_headers: Cell::new(false),
            budget: Cell::new(None),
            ends_at: Cell::new(None),
            silent: Cell::new(false),
            failures: RefCell::default(),
            sent: Cell::new(0),
            requests: RefCell::default(),
            delays: RefCell::default(),
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

/// Requests to the server.
pub(crate) struct FakeTransport(pub(crate) Rc<Server>);

pub(crate) struct FakeBody {
    server: Rc<Server>,
    bytes: Rc<Vec<u8>>,
    at: usize,
    end: usize,
}

impl Transport for FakeTransport {
    type Body = FakeBody;

    async fn get(&self, url: &str, range: Option<ByteRange>) -> Result<Response<FakeBody>, String> {
        let server = &self.0;
        server.requests.borrow_mut().push((url.to_owned(), range));
        yield_at_random(server).await;
        let gone = server.budget.get() == Some(0);
        if gone || range.is_some() && server.refuses_preflight.get() {
            return Err("Failed to fetch".into());
        }
        let mut head = ResponseHead {
            status: 200,
            ..ResponseHead::default()
        };
        let empty = |head| Response {
            head,
            body: FakeBody {
                server: server.clone(),
                bytes: Rc::default(),
                at: 0,
                end: 0,
            },
        };
        if let Some((status, wait)) = server.failures.borrow_mut().pop_front() {
            head.status = status;
            head.retry_after = wait.map(str::to_owned);
            return Ok(empty(head));
        }
        let Some(file) = server.files.borrow().get(url).cloned() else {
            head.status = 404;
            return Ok(empty(head));
        };
        let total = file.bytes.len();
        let (mut at, mut end) = (0, total);
        head.content_type = file.kind;
        if let Some(range) = range.filter(|_| server.ranges.get()) {
            if range.start >= total as u64 {
                head.status = 416;
                head.content_range = Some(format!("bytes */{total}"));
                return Ok(empty(head));
            }
            at = range.start as usize;
            end = range.end.map_or(total, |end| (end as usize).min(total));
            head.status = 206;
            head.content_range = Some(format!("bytes {at}-{}/{total}", end - 1));
        }
        if server.hides_headers.get() {
            head.content_range = None;
        } else {
            head.etag = file.etag;
            head.linked_etag = file.linked_etag;
        }
        Ok(Response {
            head,
            body: FakeBody {
                server: server.clone(),
                bytes: file.bytes,
                at,
                end: end.min(server.ends_at.get().unwrap_or(end)).max(at),
            },
        })
    }

    async fn sleep(&self, ms: u32) {
        // The timeout of a request elapses only if the server is silent.
        if ms == 30_000 {
            if !self.0.silent.get() {
                pending::<()>().await;
            }
        } else {
            self.0.delays.borrow_mut().push(ms);
        }
    }

    fn random(&self) -> f64 {
        0.5
    }
}

impl Body for FakeBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        if self.server.silent.get() {
            pending::<()>().await;
        }
        yield_at_random(&self.server).await;
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

/// Lets other tasks run first, at random.
async fn yield_at_random(server: &Server) {
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

/// Records reports.
#[derive(Default)]
pub(crate) struct Recorder {
    /// Chunks until the work is cancelled.
    pub(crate) cancel_after: Cell<Option<u32>>,
    pub(crate) warnings: RefCell<Vec<String>>,
    pub(crate) retries: Cell<u32>,
    /// Bytes from the cache.
    pub(crate) from_cache: Cell<u64>,
    /// Bytes from the network.
    pub(crate) from_network: Cell<u64>,
    /// Position in the local file that was read last.
    pub(crate) from_disk: Cell<u64>,
    /// Times that another tab was waited for.
    pub(crate) waits: Cell<u32>,
    last: RefCell<BTreeMap<String, u64>>,
}

impl ProgressSink for Recorder {
    fn wait_while_paused(&self) -> LocalBoxFuture<'_, Result<()>> {
        Box::pin(async {
            match self.cancel_after.get() {
                Some(0) => Err(Error::Cancelled),
                left => {
                    self.cancel_after.set(left.map(|left| left - 1));
                    Ok(())
                }
            }
        })
    }

    fn cancelled(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(pending())
    }

    fn report(&self, progress: Progress<'_>) {
        let add = |counter: &Cell<u64>, bytes| counter.set(counter.get() + bytes);
        match progress {
            Progress::Bytes {
                path, source, done, ..
            } => {
                let mut last = self.last.borrow_mut();
                let before = last.insert(path.to_owned(), done).unwrap_or(0);
                let more = done - before.min(done);
                match source {
                    ByteSource::Cache => add(&self.from_cache, more),
                    ByteSource::Network => add(&self.from_network, more),
                    ByteSource::OtherTab => self.waits.set(self.waits.get() + 1),
                    ByteSource::Disk => self.from_disk.set(done),
                }
            }
            Progress::Retry { .. } => self.retries.set(self.retries.get() + 1),
            Progress::Warning(text) => self.warnings.borrow_mut().push(text),
        }
    }
}

/// Random bytes, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}
