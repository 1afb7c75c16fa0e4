//! The bytes of one file, in order, over connections that break.

use std::pin::pin;
use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::FuturesOrdered;

use super::decide::{Known, Way, decide, same_file};
use super::fault::Fault;
use super::patience::Patience;
use super::transport::{Answer, Body, Facts, Span, Transport};
use super::{CONNECTIONS, News, Overseer, SEGMENT};

/// Silence after which a connection is given up.
const SILENCE_MS: u32 = 30_000;

/// One file on a server.
pub struct Remote<T> {
    /// Who asks.
    pub transport: Rc<T>,
    /// Who waits.
    pub overseer: Rc<dyn Overseer>,
    /// Its address.
    pub url: String,
    /// Its path in the base, for news.
    pub path: String,
}

/// A file that comes from its server.
pub struct Network<T: Transport> {
    remote: Rc<Remote<T>>,
    known: Known,
    patience: Patience,
    /// Bytes handed on, counted from the file's first.
    position: u64,
    total: Option<u64>,
    sha256: Option<String>,
    /// The server has shown the file's tag.
    tagged: bool,
    mode: Mode<T>,
}

enum Mode<T: Transport> {
    /// Segments, those under way in their order; the next begins at `planned`.
    Segments {
        ahead: FuturesOrdered<LocalBoxFuture<'static, Result<Vec<u8>, Fault>>>,
        planned: u64,
        total: u64,
    },
    /// One answer; so many bytes of it were handed on before.
    Stream { body: T::Body, skip: u64 },
    /// Nothing is asked for: the file is at its end, or the connection broke.
    Idle { over: bool },
}

impl<T: Transport> Network<T> {
    /// Asks for a file from `from` on. `ranged` files come in segments, others (small ones) whole.
    ///
    /// # Errors
    /// The fault that was not worth another attempt, or the last of too many.
    pub async fn open(
        remote: Remote<T>,
        from: u64,
        known: Known,
        ranged: bool,
    ) -> Result<Self, Fault> {
        let mut network = Self {
            remote: Rc::new(remote),
            total: known.total,
            known,
            patience: Patience::default(),
            position: from,
            sha256: None,
            tagged: false,
            mode: Mode::Idle { over: false },
        };
        network.connect(ranged).await?;
        Ok(network)
    }

    /// Bytes in all, if that is known for sure.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// The file's tag.
    pub fn etag(&self) -> Option<&str> {
        self.known.etag.as_deref()
    }

    /// Whether the server has shown the tag: one that was known before says nothing of now.
    pub fn is_tagged(&self) -> bool {
        self.tagged
    }

    /// The SHA-256 that the server gives for it.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The fault that was not worth another attempt, or the last of too many.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            let outcome = match &mut self.mode {
                Mode::Idle { over: true } => return Ok(None),
                Mode::Idle { over: false } => Err(Fault::Broken("it was closed".into())),
                Mode::Segments {
                    ahead,
                    planned,
                    total,
                } => {
                    fill(&self.remote, &self.known, ahead, planned, *total);
                    match ahead.next().await {
                        Some(segment) => segment.map(Some),
                        None => Ok(None),
                    }
                }
                Mode::Stream { body, skip } => stream(&self.remote, body, skip).await,
            };
            match outcome.and_then(|chunk| self.check_end(chunk)) {
                Ok(None) => {
                    self.mode = Mode::Idle { over: true };
                    return Ok(None);
                }
                Ok(Some(chunk)) => {
                    self.patience.progress();
                    self.position += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                // A segment has had its own attempts, so only another way is left.
                Err(fault) => {
                    let segments = matches!(self.mode, Mode::Segments { .. });
                    self.mode = Mode::Idle { over: false };
                    if !(segments && fault == Fault::NoRanges) {
                        if segments {
                            return Err(fault);
                        }
                        self.bear(fault).await?;
                    }
                    self.connect(false).await?;
                }
            }
        }
    }

    /// An end before the file's size is a cut connection.
    fn check_end(&self, chunk: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Fault> {
        let after = self.position + chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        match self.total {
            Some(total) if after > total => Err(Fault::Size {
                found: after,
                expected: total,
            }),
            Some(total) if chunk.is_none() && after < total => {
                Err(Fault::Truncated { at: after, total })
            }
            _ => Ok(chunk),
        }
    }

    /// Asks from the position on, and settles how the bytes come.
    async fn connect(&mut self, segments: bool) -> Result<(), Fault> {
        let from = self.position;
        let (mut segments, mut whole) = (segments, false);
        loop {
            let span = match (segments, whole) {
                (true, false) => Some(Span {
                    start: from,
                    end: Some(
                        self.total
                            .map_or(from + SEGMENT, |total| total.min(from + SEGMENT)),
                    ),
                }),
                (false, false) if from > 0 => Some(Span {
                    start: from,
                    end: None,
                }),
                _ => None,
            };
            if self.total == Some(from) && from > 0 {
                self.mode = Mode::Idle { over: true };
                return Ok(());
            }
            let answer = match ask(&self.remote, span).await {
                // The preflight of a range may have been refused: without one there is none.
                Err(Fault::Unreachable(_)) if span.is_some() => {
                    whole = true;
                    continue;
                }
                Err(fault) => {
                    self.bear(fault).await?;
                    whole = false;
                    continue;
                }
                Ok(answer) => answer,
            };
            let way = match decide(&answer.facts, span, &self.known) {
                Err(fault) => {
                    self.bear(fault).await?;
                    continue;
                }
                Ok(way) => way,
            };
            if way == Way::AskForRest {
                segments = false;
                continue;
            }
            if way == Way::AskForWhole {
                whole = true;
                continue;
            }
            self.take(answer, way, span);
            return Ok(());
        }
    }

    fn take(&mut self, answer: Answer<T::Body>, way: Way, span: Option<Span>) {
        let Answer { facts, body } = answer;
        self.tagged |= facts.etag.is_some();
        self.known.etag = facts.etag.clone().or(self.known.etag.take());
        self.sha256 = facts.sha256().or(self.sha256.take());
        if let Way::Segments { total: found } = way {
            self.total = Some(found);
        } else if let Way::Rest { total } | Way::Whole { total } = way {
            self.total = total;
        }
        self.known.total = self.total;
        self.mode = match way {
            Way::Segments { total } => {
                let start = self.position;
                let end = span.and_then(|span| span.end).unwrap_or(total).min(total);
                let mut ahead = FuturesOrdered::new();
                let first = segment(
                    self.remote.clone(),
                    self.known.clone(),
                    start,
                    end,
                    Some(body),
                );
                ahead.push_back(Box::pin(first) as LocalBoxFuture<'static, _>);
                Mode::Segments {
                    ahead,
                    planned: end,
                    total,
                }
            }
            Way::Rest { .. } => Mode::Stream { body, skip: 0 },
            Way::Whole { .. } => Mode::Stream {
                body,
                skip: self.position,
            },
            Way::Nothing | Way::AskForRest | Way::AskForWhole => Mode::Idle { over: true },
        };
    }

    async fn bear(&mut self, fault: Fault) -> Result<(), Fault> {
        bear(&self.remote, &mut self.patience, fault).await
    }
}

/// Keeps as many segments under way as there may be.
fn fill<T: Transport>(
    remote: &Rc<Remote<T>>,
    known: &Known,
    ahead: &mut FuturesOrdered<LocalBoxFuture<'static, Result<Vec<u8>, Fault>>>,
    planned: &mut u64,
    total: u64,
) {
    while *planned < total && ahead.len() < CONNECTIONS {
        let end = total.min(*planned + SEGMENT);
        let next = segment(remote.clone(), known.clone(), *planned, end, None);
        ahead.push_back(Box::pin(next));
        *planned = end;
    }
}

/// The bytes of one segment; a broken answer is gone on with, not begun again.
async fn segment<T: Transport>(
    remote: Rc<Remote<T>>,
    known: Known,
    start: u64,
    end: u64,
    mut open: Option<T::Body>,
) -> Result<Vec<u8>, Fault> {
    let wanted = end - start;
    let mut bytes = Vec::with_capacity(wanted as usize);
    let mut patience = Patience::default();
    // The file's first answer has come before.
    patience.progress();
    loop {
        let before = bytes.len();
        let outcome = async {
            let mut body = match open.take() {
                Some(body) => body,
                None => {
                    let at = start + bytes.len() as u64;
                    let span = Span {
                        start: at,
                        end: Some(end),
                    };
                    let answer = ask(&remote, Some(span)).await?;
                    check_part(&answer.facts, span, &known)?;
                    answer.body
                }
            };
            while (bytes.len() as u64) < wanted {
                match read(&remote, &mut body).await? {
                    Some(chunk) => bytes.extend(chunk),
                    None => return Err(Fault::Broken("it ended early".into())),
                }
            }
            bytes.truncate(wanted as usize);
            Ok(())
        }
        .await;
        if bytes.len() > before {
            patience.progress();
        }
        match outcome {
            Ok(()) => return Ok(bytes),
            Err(fault) => bear(&remote, &mut patience, fault).await?,
        }
    }
}

/// Whether an answer is the part that was asked for.
fn check_part(facts: &Facts, span: Span, known: &Known) -> Result<(), Fault> {
    if facts.status == 206 {
        same_file(facts, known)?;
        return match facts.range() {
            Some((start, ..)) if start != span.start => Err(Fault::NoRanges),
            _ => Ok(()),
        };
    }
    match decide(facts, Some(span), known) {
        Err(fault) => Err(fault),
        Ok(_) => Err(Fault::NoRanges),
    }
}

/// The next bytes of a stream that have not been handed on yet.
async fn stream<T: Transport>(
    remote: &Remote<T>,
    body: &mut T::Body,
    skip: &mut u64,
) -> Result<Option<Vec<u8>>, Fault> {
    loop {
        let Some(mut chunk) = read(remote, body).await? else {
            if *skip > 0 {
                return Err(Fault::Broken("it ended early".into()));
            }
            return Ok(None);
        };
        let drop = (*skip).min(chunk.len() as u64);
        *skip -= drop;
        chunk.drain(..drop as usize);
        if !chunk.is_empty() {
            return Ok(Some(chunk));
        }
    }
}

async fn ask<T: Transport>(
    remote: &Remote<T>,
    span: Option<Span>,
) -> Result<Answer<T::Body>, Fault> {
    let answer = remote.transport.get(&remote.url, span);
    patiently(remote, answer).await?.map_err(Fault::Unreachable)
}

async fn read<T: Transport>(
    remote: &Remote<T>,
    body: &mut T::Body,
) -> Result<Option<Vec<u8>>, Fault> {
    patiently(remote, body.chunk())
        .await?
        .map_err(Fault::Broken)
}

/// Waits for something of the network, but not for ever.
async fn patiently<T: Transport, V>(
    remote: &Remote<T>,
    wait: impl Future<Output = V>,
) -> Result<V, Fault> {
    let silence = pin!(remote.transport.sleep(SILENCE_MS));
    match select(pin!(wait), silence).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right(_) => Err(Fault::Stalled),
    }
}

/// Waits before another attempt.
///
/// # Errors
/// The fault, where there is to be none.
async fn bear<T: Transport>(
    remote: &Remote<T>,
    patience: &mut Patience,
    fault: Fault,
) -> Result<(), Fault> {
    let random = remote.transport.random();
    let Some(after_ms) = patience.bear(&fault, random) else {
        return Err(fault);
    };
    remote.overseer.tell(News::Retry {
        path: &remote.path,
        reason: fault.reason(),
        after_ms,
    });
    remote.transport.sleep(after_ms).await;
    Ok(())
}
