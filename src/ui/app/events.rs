//! What each event of the engine changes: a dispatch to the features.

use leptos::prelude::*;

use super::{
    delta_events::{on_delta, on_described},
    failures::{on_failed, on_stopped},
    state::Page,
};
use crate::ui::{
    browser::capabilities::work_offline,
    engine::{connection::EngineStatus, device::DeviceInfo},
    messages::state::Severity,
    sharing::share::PackedDelta,
    subjects::state::PictureView,
    text::shorten,
    training::{
        chart::Point,
        state::{Preview, Throughput},
    },
};
use crate::worker::protocol::{Answer, Event, Pixels, Request, RequestId};

/// Handles one answer.
pub(super) fn on_answer(page: Page, answer: Answer) {
    let Answer { id, event } = answer;
    if event.is_last() {
        on_last(page, id, event);
    } else {
        on_event(page, event);
    }
}

/// A request has ended.
fn on_last(page: Page, id: Option<RequestId>, event: Event) {
    let opening = page.deltas.take_opening(id);
    match event {
        Event::Stopped { task } => on_stopped(page, task),
        Event::Failed { task, error } => on_failed(page, task, &error, opening),
        Event::Refused { error } => page
            .messages
            .tell(Severity::Warning, shorten(&error.to_string(), 600)),
        _ => {}
    }
}

/// Handles an event that does not end its request.
fn on_event(page: Page, event: Event) {
    match event {
        Event::Ready
        | Event::Device { .. }
        | Event::Progress { .. }
        | Event::Checked { .. }
        | Event::Warning { .. } => on_engine_event(page, event),
        Event::Loaded { .. }
        | Event::Planned { .. }
        | Event::SizeSet { .. }
        | Event::MemoryUsed { .. }
        | Event::Download { .. }
        | Event::DownloadRetry { .. }
        | Event::Catalogue { .. }
        | Event::Stored { .. } => on_model_event(page, event),
        Event::Picture { .. }
        | Event::PictureRefused { .. }
        | Event::PictureRemoved { .. }
        | Event::Collages { .. }
        | Event::Collage(_)
        | Event::CollagesRefused { .. } => on_subject_event(page, event),
        Event::Step { .. }
        | Event::Preview { .. }
        | Event::Paused { .. }
        | Event::Checkpoint { .. } => on_training_event(page, event),
        Event::Delta { .. }
        | Event::Described { .. }
        | Event::DeltaClosed { .. }
        | Event::Exported { .. }
        | Event::Packed { .. }
        | Event::Unpacked { .. } => on_delta_event(page, event),
        Event::Generated { .. } | Event::Edited { .. } => on_result_event(page, event),
        Event::Done | Event::Stopped { .. } | Event::Failed { .. } | Event::Refused { .. } => {}
    }
}

/// Events of the engine itself, and of tasks in general.
fn on_engine_event(page: Page, event: Event) {
    match event {
        Event::Ready => on_ready(page),
        Event::Device { kind, name, reason } => {
            page.device.on_device(DeviceInfo { kind, name, reason });
        }
        Event::Progress { task, done, total } => page.activity.on_progress(task, done, total),
        Event::Checked {
            differences,
            tolerance,
        } => page.device.on_checked(differences, tolerance),
        Event::Warning { message } => page
            .messages
            .tell(Severity::Warning, shorten(&message, 600)),
        _ => {}
    }
}

/// Events of base models.
fn on_model_event(page: Page, event: Event) {
    let models = page.models;
    match event {
        Event::Loaded {
            base,
            hash,
            size,
            presets,
            text_encoder,
            forward_seconds,
            unfinished_run,
        } => {
            models.on_loaded(shorten(&base, 200), size);
            page.training.presets.set(presets);
            page.training.text_encoder_shifts.set(text_encoder);
            models.hash.set(Some(hash));
            page.training.unfinished.set(unfinished_run.map(|run| *run));
            page.activity.stages.update(|stages| stages.load = None);
            page.engine.status.set(EngineStatus::Ready);
            // Everything has been fetched once, so storing it needs no second download.
            work_offline();
            page.device.set_speed(forward_seconds);
        }
        Event::Planned { plan } => models.memory.on_planned(*plan),
        Event::SizeSet { size } => models.memory.size.set(size),
        Event::MemoryUsed { used } => models.memory.on_used(used),
        Event::Download {
            from,
            base_done,
            base_total,
            ..
        } => models.download.on_progress(from, base_done, base_total),
        Event::DownloadRetry {
            reason, seconds, ..
        } => models.download.on_retry(reason, seconds),
        Event::Catalogue { bases, tokenizer } => models.on_catalogue(bases, tokenizer),
        Event::Stored { bases } => models.stored.set(bases),
        _ => {}
    }
}

/// Events of the subjects' pictures and of collages.
fn on_subject_event(page: Page, event: Event) {
    match event {
        Event::Picture {
            id,
            size,
            pixels,
            offset,
            faults,
        } => {
            let view = PictureView::Ready(Pixels {
                width: size,
                height: size,
                rgba: pixels,
            });
            page.subjects.on_picture(id, view, Some((offset, faults)));
        }
        Event::PictureRefused { id, error } => {
            let reason = shorten(&error.to_string(), 400);
            page.subjects
                .on_picture(id, PictureView::Refused(reason), None);
        }
        Event::PictureRemoved { id } => page.subjects.on_removed(id),
        Event::Collages { collages } => page.collages.on_strip(collages),
        Event::Collage(collage) => page.collages.on_collage(collage),
        Event::CollagesRefused { error } => {
            page.collages.on_refused(shorten(&error.to_string(), 400));
        }
        _ => {}
    }
}

/// Events of a training run.
fn on_training_event(page: Page, event: Event) {
    match event {
        Event::Step {
            step,
            total,
            loss,
            steps_per_second,
            seconds_left,
        } => page.training.on_step(
            Point { step, loss },
            Throughput {
                step,
                total,
                steps_per_second,
                seconds_left,
            },
        ),
        Event::Preview { step, picture } => {
            page.training.run.on_preview(Preview { step, picture });
        }
        Event::Paused { paused } => page.training.on_paused(paused),
        Event::Checkpoint { step } => page.training.run.saved_at.set(Some(step)),
        _ => {}
    }
}

/// Events of deltas.
fn on_delta_event(page: Page, event: Event) {
    match event {
        Event::Delta {
            origin,
            id,
            summary,
            file_name,
            file,
        } => on_delta(page, origin, id, summary, &file_name, file),
        Event::Described { was, id } => on_described(page, &was, &id),
        Event::DeltaClosed { id } => page.deltas.on_closed(&id),
        Event::Exported {
            files,
            kept,
            left_out,
        } => page.deltas.on_exported(files, kept, left_out),
        Event::Packed { id, text, error } => {
            page.share.packed.set(Some(PackedDelta { id, text, error }));
        }
        Event::Unpacked {
            summary,
            file_name,
            file,
        } => page.shared_link.on_unpacked(summary, file_name, file),
        _ => {}
    }
}

/// Events of generated pictures.
fn on_result_event(page: Page, event: Event) {
    match event {
        Event::Generated {
            id,
            personalised,
            pictures,
            ..
        } => {
            page.generate
                .on_generated(id, personalised, pictures, |request, pictures| {
                    page.gallery.store(request, pictures);
                    // A picture of only one delta at its strength becomes its thumbnail.
                    if let ([only], Some(picture)) = (&request.deltas[..], pictures.first())
                        && request.strength_factors.is_empty()
                    {
                        page.library.add_thumbnail(&only.id, picture);
                    }
                });
        }
        Event::Edited { id, lost } => page.generate.results.on_edited(id, lost),
        _ => {}
    }
}

/// The worker listens, for the first time or after a restart: it gets everything that an earlier
/// worker had.
fn on_ready(page: Page) {
    page.engine.status.set(EngineStatus::Loading);
    page.engine.send_before_waiting(
        || {
            page.models.request(false);
            page.subjects.resend_pictures();
            page.deltas.reopen();
        },
        // All pictures were sent above.
        |request| {
            !matches!(
                request,
                Request::AddPicture { .. }
                    | Request::CropPicture { .. }
                    | Request::TurnPicture { .. }
                    | Request::RemovePicture { .. }
            )
        },
    );
}
