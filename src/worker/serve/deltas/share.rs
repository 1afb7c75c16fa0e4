//! A delta as a link, with other words, as it was at a preview.

use crate::error::{Error, Result};
use crate::spectral::delta::link_payload;
use crate::worker::protocol::{DescribeRequest, Event, Origin};
use crate::worker::serve::context::Context;
use crate::worker::serve::deltas::store::DeltaStore;
use crate::worker::serve::deltas::summary::{file_name, summary};

/// Changes the words of an open delta. They are part of its file, so its file and hash change.
///
/// # Errors
/// `Delta` if it is not open, or the words are too long.
pub(crate) fn describe(
    cx: &Context,
    deltas: &mut DeltaStore,
    request: DescribeRequest,
) -> Result<()> {
    let mut delta = deltas.get(&request.id)?.clone();
    let metadata = &mut delta.metadata;
    metadata.title = request.title;
    metadata.author = request.author;
    metadata.licence = request.licence;
    metadata.description = request.description;
    let id = deltas.add_made(cx, Origin::Described, &delta)?;
    if id != request.id {
        deltas.remove(&request.id);
    }
    cx.post(Event::Described {
        was: request.id,
        id,
    });
    Ok(())
}

/// Packs an open delta into the text of a link.
///
/// # Errors
/// `Delta` if it is not open, or too large for a link.
pub(crate) fn pack_delta(
    cx: &Context,
    deltas: &DeltaStore,
    id: String,
    limit: usize,
) -> Result<()> {
    let payload = link_payload::encode(deltas.get(&id)?, limit)?;
    cx.post(Event::Packed {
        id,
        text: payload.text,
        error: payload.error,
    });
    Ok(())
}

/// Unpacks the text of a link into a delta file.
///
/// # Errors
/// `Delta` if the text was cut or changed.
pub(crate) fn unpack_delta(cx: &Context, text: &str) -> Result<()> {
    let delta = link_payload::decode(text)?;
    let file = delta.to_bytes()?;
    cx.post(Event::Unpacked {
        summary: summary(&delta, file.len()),
        file_name: file_name(&delta.metadata.title),
        file,
    });
    Ok(())
}

/// Opens the delta as it was when the preview of `step` was made.
///
/// # Errors
/// `Delta` if the last training has no such preview.
pub(crate) fn keep_preview(cx: &Context, deltas: &mut DeltaStore, step: usize) -> Result<()> {
    let found = deltas.previews.iter().find(|(at, _)| *at == step);
    let Some((_, delta)) = found else {
        return Err(Error::Delta(format!(
            "What was learned at step {step} is not here any more: it is kept until the next training begins. Train again with fewer steps."
        )));
    };
    let delta = delta.clone();
    deltas.add_made(cx, Origin::Preview, &delta)?;
    Ok(())
}
