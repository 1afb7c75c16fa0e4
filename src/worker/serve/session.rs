//! What is loaded, and one request at a time.

use std::rc::Rc;

use super::bases::Bases;
use super::control::Control;
use super::deltas::Open;
use super::device::{Chosen, Devices};
use super::editing::Learned;
use super::factors::Factors;
use super::picked::Picked;
use super::pictures::Pictures;
use super::post::{self, post, warn};
use super::sharing::unpack_delta;
use super::sources::Opened;
use super::store::Store;
use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::plan::{Configs, Stored};
use crate::spectral::DecomposedBaseModel;
use crate::spectral::delta::Delta;
use crate::spectral::lora::Lora;
use crate::train::checkpoint::slots::Slots;
use crate::worker::protocol::{BaseSource, Event, Request, Task};

/// The base and what was made of it.
pub(super) struct Loaded {
    pub(super) source: BaseSource,
    pub(super) base: BaseModel,
    /// What plans of it rest on.
    pub(super) configs: Configs,
    /// How its weights are held.
    pub(super) stored: Stored,
    /// Added to the base for pictures, never for training: what makes it quick.
    pub(super) lora: Option<(Lora, f32)>,
    pub(super) opened: Opened,
    pub(super) decomposed: Option<DecomposedBaseModel>,
    /// The base with deltas baked in.
    pub(super) baked: Option<Baked>,
}

/// A base with deltas baked in: their ids and their strengths' bits, and the base.
pub(super) type Baked = (Vec<(String, u32)>, BaseModel);

/// Everything that the engine holds.
pub(super) struct Session {
    pub(super) control: Rc<Control>,
    pub(super) devices: Devices,
    pub(super) bases: Bases,
    pub(super) chosen: Option<Chosen>,
    /// Bytes of memory that the device has, if the person stated them.
    pub(super) memory: Option<u64>,
    pub(super) loaded: Option<Loaded>,
    pub(super) pictures: Pictures,
    pub(super) deltas: Vec<Open>,
    /// The picture that was learned last, to be edited again.
    pub(super) learned: Option<Learned>,
    /// The last training's delta at each of its previews.
    pub(super) snapshots: Vec<(usize, Delta)>,
    pub(super) factors: Factors,
    store: Option<Rc<Slots<Store>>>,
}

impl Session {
    /// Nothing is loaded yet.
    pub(super) fn new(control: Rc<Control>) -> Self {
        Self {
            control,
            devices: Devices::default(),
            bases: Bases::default(),
            chosen: None,
            memory: None,
            loaded: None,
            pictures: Pictures::default(),
            deltas: Vec::new(),
            learned: None,
            snapshots: Vec::new(),
            factors: Factors::default(),
            store: None,
        }
    }

    /// Works for as long as the worker lives.
    pub(super) async fn run(mut self) {
        loop {
            let (request, files) = self.control.next().await;
            self.serve(request, files).await;
            self.control.end();
        }
    }

    /// Answers one request; whatever fails, the next one is served.
    async fn serve(&mut self, request: Request, files: Picked) {
        let whole = match request {
            Request::Generate(_) | Request::Edit(_) => Some(Task::Generate),
            Request::Combine(_) => Some(Task::Combine),
            Request::Export(_) => Some(Task::Export),
            _ => None,
        };
        let outcome = match request {
            Request::Load {
                source,
                device,
                size,
                memory,
                anyway,
            } => {
                post::begin(Task::Load);
                self.control.begin();
                self.memory = memory;
                self.load(source, files, device, size, anyway).await
            }
            Request::Plan(request) => {
                post::begin(Task::Plan);
                self.plan(request).await
            }
            Request::SetSize { size } => {
                post::begin(Task::Picture);
                self.set_size(size)
            }
            Request::ListCatalogue => {
                post::begin(Task::Catalogue);
                self.bases.list_catalogue().await
            }
            Request::ListStored => {
                post::begin(Task::Storage);
                self.list_stored().await
            }
            Request::RemoveStored { keys } => {
                post::begin(Task::Storage);
                self.remove_stored(&keys).await
            }
            Request::AddPicture {
                id, subject, bytes, ..
            } => {
                post::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.add(id, subject, &bytes, size);
                Ok(())
            }
            Request::CropPicture { id, offset } => {
                post::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.crop(id, offset, size);
                Ok(())
            }
            Request::TurnPicture { id, quarters } => {
                post::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.turn(id, quarters, size);
                Ok(())
            }
            Request::RemovePicture { id } => {
                self.pictures.remove(id);
                Ok(())
            }
            Request::ShowCollages { run, count } => {
                post::begin(Task::Picture);
                self.show_collages(run, count);
                Ok(())
            }
            Request::ArrangeCollage {
                run,
                number,
                collage,
            } => {
                post::begin(Task::Picture);
                self.arrange_collage(run, number, &collage);
                Ok(())
            }
            Request::Train(request) => {
                post::begin(Task::Train);
                self.control.begin();
                self.train(request).await
            }
            Request::ResumeRun => {
                post::begin(Task::Train);
                self.control.begin();
                self.resume().await
            }
            Request::DiscardRun => {
                post::begin(Task::Train);
                self.discard_run().await;
                Ok(())
            }
            Request::Generate(request) => {
                post::begin(Task::Generate);
                self.control.begin();
                self.generate(request).await
            }
            Request::OpenDelta {
                name,
                bytes,
                apply_anyway,
            } => {
                post::begin(Task::OpenDelta);
                self.open_delta(&name, bytes, apply_anyway)
            }
            Request::CloseDelta { id } => {
                self.close_delta(id);
                Ok(())
            }
            Request::DescribeDelta(request) => {
                post::begin(Task::OpenDelta);
                self.describe(request)
            }
            Request::PackDelta { id, limit } => {
                post::begin(Task::Link);
                self.pack(id, limit)
            }
            Request::UnpackDelta { text } => {
                post::begin(Task::Link);
                unpack_delta(&text)
            }
            Request::KeepPreview { step } => {
                post::begin(Task::OpenDelta);
                self.keep_preview(step)
            }
            Request::Combine(request) => {
                post::begin(Task::Combine);
                self.control.begin();
                self.combine(request).await
            }
            Request::Export(request) => {
                post::begin(Task::Export);
                self.control.begin();
                self.export(request).await
            }
            Request::Edit(request) => {
                post::begin(Task::Generate);
                self.control.begin();
                self.edit(request).await
            }
            Request::CheckDevice => {
                post::begin(Task::Check);
                self.control.begin();
                self.check_device().await
            }
            // These never enter the queue.
            Request::Pause | Request::Resume | Request::Cancel => Ok(()),
        };
        if let Err(error) = outcome {
            // Training is told by the stage that it had reached; other work is always itself.
            let task = whole.unwrap_or_else(post::task);
            post(&match error {
                Error::Cancelled => Event::Stopped { task },
                error => Event::Failed { task, error },
            });
        }
    }

    /// Where runs are kept; opened at the first need.
    pub(super) async fn store(&mut self) -> Rc<Slots<Store>> {
        if let Some(store) = &self.store {
            return store.clone();
        }
        let (store, warning) = Store::open().await;
        if let Some(warning) = warning {
            warn(warning);
        }
        self.store.insert(Rc::new(Slots::new(store))).clone()
    }

    /// The base.
    ///
    /// # Errors
    /// `Settings` before there is one.
    pub(super) fn loaded(&self) -> Result<&Loaded> {
        self.loaded.as_ref().ok_or_else(no_base)
    }

    /// Pixels a side of the base's pictures.
    ///
    /// # Errors
    /// `Settings` before there is a base.
    pub(super) fn picture_size(&self) -> Result<u32> {
        Ok(self.loaded()?.base.picture_size() as u32)
    }
}

/// The error of work that needs a base.
pub(super) fn no_base() -> Error {
    Error::Settings(
        "The base is not loaded, so this cannot be done yet. Wait until it is, or reload the page if loading failed."
            .into(),
    )
}
