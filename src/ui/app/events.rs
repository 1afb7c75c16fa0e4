//! What each event of the engine changes on the page.

use std::sync::Arc;

use leptos::prelude::*;

use crate::ui::deltas::header::is_for_another_base;
use crate::ui::state::{
    Booth, Check, Device, Engine, Gravity, Pace, PictureView, Preview, ResultKind, Side, Training,
};
use crate::ui::text;
use crate::ui::training::chart::Point;
use crate::{
    error::Error,
    worker::protocol::{Event, PictureFault, Pixels, Request, Task, UnfinishedRun},
};

/// Previews kept in the filmstrip.
const PREVIEWS: usize = 60;

/// The error's kind, as it crosses the worker's boundary.
fn kind_of(error: &Error) -> String {
    let value = serde_json::to_value(error).unwrap_or_default();
    let kind = value.get("kind").and_then(|kind| kind.as_str());
    kind.unwrap_or_default().to_owned()
}

impl Booth {
    /// Takes one event in.
    pub fn on_event(self, event: Event) {
        match event {
            Event::Ready => self.on_ready(),
            Event::Device { kind, name, reason } => {
                self.on_device(Device { kind, name, reason });
            }
            Event::Progress { task, done, total } => self.on_progress(task, done, total),
            Event::Loaded {
                base,
                hash,
                size,
                presets,
                text_encoder,
                forward_seconds,
                unfinished_run,
            } => {
                self.on_base(text::shorten(&base, 200));
                self.on_size(size);
                self.presets.set(presets);
                self.text_encoder_shifts.set(text_encoder);
                self.on_loaded(hash, unfinished_run.map(|run| *run));
                self.know_speed(forward_seconds);
            }
            Event::Planned { plan } => self.on_planned(*plan),
            Event::SizeSet { size } => self.plans.size.set(size),
            Event::MemoryUsed { used } => self.on_used(used),
            Event::Download {
                path,
                from,
                base_done,
                base_total,
                ..
            } => self.on_download(path, from, base_done, base_total),
            Event::DownloadRetry {
                reason, seconds, ..
            } => self.on_retry(reason, seconds),
            Event::Catalogue { bases, tokenizer } => {
                self.bases.catalogue.set(Some(bases));
                self.bases.own.offer.set(tokenizer);
            }
            Event::Stored { bases, .. } => self.bases.stored.set(bases),
            Event::Picture {
                id,
                size,
                pixels,
                offset,
                faults,
            } => {
                let pixels = Pixels {
                    width: size,
                    height: size,
                    rgba: pixels,
                };
                self.on_picture(id, PictureView::Ready(pixels), Some((offset, faults)));
            }
            Event::PictureRefused { id, error } => {
                self.on_picture(
                    id,
                    PictureView::Refused(text::shorten(&error.to_string(), 400)),
                    None,
                );
            }
            Event::PictureRemoved { id } => self.drop_picture(id),
            Event::Collages { collages } => self.on_collages(collages),
            Event::Collage(collage) => self.on_collage(collage),
            Event::CollagesRefused { error } => {
                self.on_collages_refused(text::shorten(&error.to_string(), 400))
            }
            Event::Step {
                step,
                total,
                loss,
                steps_per_second,
                seconds_left,
            } => {
                self.on_step(
                    Point { step, loss },
                    Pace {
                        step,
                        total,
                        steps_per_second,
                        seconds_left,
                    },
                );
            }
            Event::Preview { step, picture } => self.previews.update(|previews| {
                previews.push(Preview { step, picture });
                let surplus = previews.len().saturating_sub(PREVIEWS);
                previews.drain(..surplus);
            }),
            Event::Paused { paused } => {
                if self.training.get_untracked() != Training::Idle {
                    self.training.set(if paused {
                        Training::Paused
                    } else {
                        Training::Running
                    });
                }
            }
            Event::Checkpoint { step } => self.saved_at.set(Some(step)),
            Event::Delta {
                origin,
                id,
                summary,
                file_name,
                file,
            } => self.on_delta(origin, id, summary, file_name, file),
            Event::Described { was, id } => self.on_described(&was, &id),
            Event::Packed { id, text, error } => self.on_packed(id, text, error),
            Event::Unpacked {
                summary,
                file_name,
                file,
            } => self.on_unpacked(summary, file_name, file),
            Event::DeltaClosed { id } => self
                .deltas
                .update(|deltas| deltas.retain(|open| open.id != id)),
            Event::Generated {
                id,
                personalised,
                pictures,
                ..
            } => self.on_generated(id, personalised, pictures),
            Event::Edited { id, lost } => self.on_edited(id, lost),
            Event::Exported {
                files,
                kept,
                left_out,
            } => self.on_exported(files, kept, left_out),
            Event::Checked {
                differences,
                tolerance,
            } => {
                self.stages.update(|stages| stages.check = None);
                self.check.set(Some(Check::Done(differences, tolerance)));
            }
            Event::Stopped { task } => {
                self.on_end(task);
                if task == Task::Load && self.fall_back() {
                    self.tell(Gravity::Note, text::FELL_BACK.to_owned());
                }
            }
            Event::Warning { message } => self.tell(Gravity::Warning, text::shorten(&message, 600)),
            Event::Failed { task, error } => self.on_failed(task, &error),
        }
    }

    /// The worker listens, for the first time or again: it gets the base, and everything that a
    /// former worker had.
    fn on_ready(self) {
        self.engine.set(Engine::Loading);
        self.request_base();
        for subject in self.all_subjects() {
            for picture in subject.pictures.get_untracked() {
                if !matches!(picture.view.get_untracked(), PictureView::Refused(_)) {
                    self.post_picture(subject, &picture);
                }
            }
        }
        self.reopen_deltas();
        for request in self
            .outbox
            .try_update_value(core::mem::take)
            .unwrap_or_default()
        {
            // The list of pictures is the newer word on these.
            if !matches!(
                request,
                Request::AddPicture { .. }
                    | Request::CropPicture { .. }
                    | Request::RemovePicture { .. }
            ) {
                self.post(request);
            }
        }
    }

    fn on_progress(self, task: Task, done: u64, total: u64) {
        self.stages.update(|stages| {
            if let Some(stage) = stages.of(task) {
                *stage = Some((done, total));
            }
        });
    }

    fn on_loaded(self, hash: String, unfinished: Option<UnfinishedRun>) {
        self.base_hash.set(Some(hash));
        self.unfinished.set(unfinished);
        self.stages.update(|stages| stages.load = None);
        self.engine.set(Engine::Ready);
        // Everything has been fetched once, so that keeping it costs no second download.
        self.work_offline();
    }

    fn on_picture(self, id: u32, view: PictureView, told: Option<(f32, Vec<PictureFault>)>) {
        for subject in self.all_subjects() {
            subject.pictures.with_untracked(|pictures| {
                if let Some(picture) = pictures.iter().find(|picture| picture.id == id) {
                    if let Some((offset, faults)) = &told {
                        picture.offset.set(*offset);
                        picture.faults.set(faults.clone());
                    }
                    picture.view.set(view.clone());
                }
            });
        }
    }

    /// Losses come faster than the screen draws: they are gathered and shown once a frame.
    fn on_step(self, point: Point, pace: Pace) {
        let first = self.fresh_losses.with_value(Vec::is_empty);
        self.fresh_losses
            .update_value(|fresh| fresh.push((point, pace)));
        if first {
            request_animation_frame(move || self.show_losses());
        }
    }

    /// Shows the losses that were gathered.
    pub fn show_losses(self) {
        let fresh = self
            .fresh_losses
            .try_update_value(core::mem::take)
            .unwrap_or_default();
        let Some((_, pace)) = fresh.last().copied() else {
            return;
        };
        self.pace.set(Some(pace));
        self.stages
            .update(|stages| stages.train = Some((pace.step as u64, pace.total as u64)));
        self.losses
            .update(|losses| losses.extend(fresh.into_iter().map(|(point, _)| point)));
    }

    fn on_generated(self, id: u32, personalised: bool, pictures: Vec<Pixels>) {
        self.results.with_untracked(|results| {
            if let Some(result) = results.iter().find(|result| result.id == id) {
                let side = if personalised {
                    &result.personalised
                } else {
                    &result.base
                };
                if let ResultKind::Pictures(request) = &result.kind
                    && personalised != request.deltas.is_empty()
                {
                    self.keep_pictures(request, &pictures);
                    if let ([only], Some(picture)) = (&request.deltas[..], pictures.first())
                        && request.strength_factors.is_empty()
                    {
                        self.give_thumbnail(&only.id, picture);
                    }
                }
                if let Some(side) = side {
                    side.set(Side::Ready(Arc::new(pictures)));
                }
            }
        });
        if !self.is_generating_untracked() {
            self.stages.update(|stages| stages.generate = None);
        }
    }

    fn is_generating_untracked(self) -> bool {
        untrack(|| self.is_generating())
    }

    /// A piece of work ended without its result.
    fn on_end(self, task: Task) {
        self.stages.update(|stages| {
            if let Some(stage) = stages.of(task) {
                *stage = None;
            }
        });
        match task {
            Task::Decompose | Task::Prior | Task::Train => {
                self.training.set(Training::Idle);
                self.tour.set(false);
            }
            Task::Generate => self.stop_waiting(),
            Task::Check => self.check.set(None),
            Task::Combine | Task::Export => self.busy.set(false),
            Task::Load => self.forget_download(),
            Task::Plan => self.plans.asked.set(Vec::new()),
            Task::Catalogue => self.bases.catalogue.set(Some(Vec::new())),
            Task::Storage | Task::OpenDelta | Task::Link | Task::Picture => {}
        }
    }

    /// Nothing that was asked for will come any more.
    fn stop_waiting(self) {
        self.results.with_untracked(|results| {
            for side in results
                .iter()
                .flat_map(|result| [&result.base, &result.personalised])
                .flatten()
            {
                if side.with_untracked(|side| *side == Side::Waiting) {
                    side.set(Side::Stopped);
                }
            }
        });
    }

    fn on_failed(self, task: Task, error: &Error) {
        self.on_end(task);
        if task == Task::Link {
            self.arrival.set(None);
        }
        if task == Task::OpenDelta
            && let Some((name, file)) = self.take_opening()
            && let Some(hash) = self.base_hash.get_untracked()
            && is_for_another_base(&file, &hash)
        {
            // Said beside the choice that it leaves, so not among the messages too.
            return self.refused_delta.set(Some((name, file)));
        }
        // Said beside the choice that it leaves, too.
        if task == Task::Load && matches!(error, Error::Memory(_)) && self.on_refused() {
            return;
        }
        // Another model that cannot be had is no reason to be without any.
        let fell_back =
            task == Task::Load && !matches!(error, Error::Device(_)) && self.fall_back();
        if !fell_back && (task == Task::Load || matches!(error, Error::Device(_))) {
            self.check.set(None);
            self.busy.set(false);
            self.opening.set(Vec::new());
            self.engine.set(Engine::Down);
            self.training.set(Training::Idle);
            self.tour.set(false);
            self.stop_waiting();
        }
        let mut words = text::failed(task, error);
        if fell_back {
            words = format!("{words} {}", text::FELL_BACK);
        }
        self.tell_failed(task, kind_of(error), words);
    }
}
