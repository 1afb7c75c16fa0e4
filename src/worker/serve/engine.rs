//! Takes requests one after the other and hands each to its handler.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::worker::protocol::{Event, Request, Task};
use crate::worker::serve::context::{Context, UserFiles};
use crate::worker::serve::deltas::{combine, export, open, share};
use crate::worker::serve::generate::{edit, generate};
use crate::worker::serve::load::{LoadOptions, load};
use crate::worker::serve::model::{check, list, plan};
use crate::worker::serve::pictures::{collages, handlers};
use crate::worker::serve::runs::{RunStores, resume, train};
use crate::worker::serve::stores::Stores;

/// The engine: a conversation with the page, and the stores.
pub struct Engine {
    cx: Rc<Context>,
    stores: Stores,
}

impl Engine {
    /// An engine with these stores.
    pub fn new(cx: Rc<Context>, stores: Stores) -> Self {
        Self { cx, stores }
    }

    /// Says that the engine is ready, and works for as long as it is polled.
    pub async fn run(mut self) {
        self.cx.post_unrelated(Event::Ready);
        loop {
            self.serve_next().await;
        }
    }

    /// Waits for the next request and works on it to its last event. A failure ends the request, not
    /// the engine.
    pub async fn serve_next(&mut self) {
        let (request, files) = self.cx.next().await;
        let named = named_task(&request);
        let outcome = if request.can_stop() {
            self.work(request, files).await
        } else {
            self.answer(request).await
        };
        let task = named.unwrap_or_else(|| self.cx.task());
        self.cx.end(match outcome {
            Ok(()) => Event::Done,
            Err(Error::Cancelled) => Event::Stopped { task },
            Err(error) => Event::Failed { task, error },
        });
    }

    /// Long work, which can be paused and cancelled.
    async fn work(&mut self, request: Request, files: UserFiles) -> Result<()> {
        let cx = &self.cx;
        let Stores {
            model,
            pictures,
            deltas,
            runs,
        } = &mut self.stores;
        match request {
            Request::Load {
                source,
                device,
                size,
                memory,
                anyway,
            } => {
                let options = LoadOptions {
                    source,
                    device,
                    size,
                    memory,
                    anyway,
                };
                load(cx, &mut self.stores, options, files).await
            }
            Request::Train(request) => {
                let stores = RunStores {
                    model,
                    pictures,
                    deltas,
                    runs,
                };
                train(cx, stores, request).await
            }
            Request::ResumeRun => {
                let stores = RunStores {
                    model,
                    pictures,
                    deltas,
                    runs,
                };
                resume(cx, stores).await
            }
            Request::Generate(request) => generate(cx, model, deltas, request).await,
            Request::Combine(request) => combine::combine(cx, model, deltas, request).await,
            Request::Export(request) => export::export(cx, model, deltas, request).await,
            Request::Edit(request) => edit(cx, model, pictures, request).await,
            Request::CheckDevice => check::check_device(cx, model).await,
            // `can_stop` says no.
            _ => Ok(()),
        }
    }

    /// Short work.
    async fn answer(&mut self, request: Request) -> Result<()> {
        let cx = &self.cx;
        let Stores {
            model,
            deltas,
            runs,
            pictures,
        } = &mut self.stores;
        match request {
            Request::Plan(request) => plan::plan(cx, model, request).await,
            Request::SetSize { size } => handlers::set_size(cx, model, pictures, size),
            Request::ListCatalogue => list::list_catalogue(cx, model).await,
            Request::ListStored => list::list_stored(cx, model).await,
            Request::RemoveStored { keys } => list::remove_stored(cx, model, &keys).await,
            Request::DiscardRun => {
                runs.discard(cx).await;
                Ok(())
            }
            Request::OpenDelta {
                name,
                bytes,
                apply_anyway,
            } => open::open_delta(cx, model, deltas, (&name, bytes), apply_anyway),
            Request::CloseDelta { id } => {
                deltas.close(cx, id);
                Ok(())
            }
            Request::DescribeDelta(request) => share::describe(cx, deltas, request),
            Request::PackDelta { id, limit } => share::pack_delta(cx, deltas, id, limit),
            Request::UnpackDelta { text } => share::unpack_delta(cx, &text),
            Request::KeepPreview { step } => share::keep_preview(cx, deltas, step),
            pictured => {
                self.picture(pictured);
                Ok(())
            }
        }
    }

    /// Pictures and collages. What fails is answered by an event of its own.
    fn picture(&mut self, request: Request) {
        let cx = &self.cx;
        let Stores {
            model, pictures, ..
        } = &mut self.stores;
        match request {
            Request::AddPicture { id, subject, bytes } => {
                handlers::change_picture(cx, model, pictures, id, |pictures, size| {
                    pictures.add(id, subject, &bytes, size)
                });
            }
            Request::CropPicture { id, offset } => {
                handlers::change_picture(cx, model, pictures, id, |pictures, size| {
                    pictures.crop(id, offset, size)
                });
            }
            Request::TurnPicture { id, quarters } => {
                handlers::change_picture(cx, model, pictures, id, |pictures, size| {
                    pictures.turn(id, quarters, size)
                });
            }
            Request::RemovePicture { id } => handlers::remove_picture(cx, pictures, id),
            Request::ShowCollages { run, count } => {
                collages::show_collages(cx, pictures, model.picture_size(), (run, count));
            }
            Request::ArrangeCollage {
                run,
                number,
                collage,
            } => {
                let size = model.picture_size();
                collages::arrange_collage(cx, pictures, size, run, (number, &collage));
            }
            _ => {}
        }
    }
}

/// The task that a request's failure is reported as. Training and loading name the stage that they
/// had reached instead.
fn named_task(request: &Request) -> Option<Task> {
    let fixed = matches!(
        request,
        Request::Generate(_) | Request::Edit(_) | Request::Combine(_) | Request::Export(_)
    );
    fixed.then(|| request.task())
}
