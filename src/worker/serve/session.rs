//! What is loaded, and one request at a time.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::plan::{Configs, Stored};
use crate::spectral::DecomposedBaseModel;
use crate::spectral::delta::Delta;
use crate::spectral::lora::Lora;
use crate::train::checkpoint::slots::Slots;
use crate::worker::protocol::{BaseSource, Event, Request, Task};
use crate::worker::serve::control::Control;
use crate::worker::serve::decompose::factors::Factors;
use crate::worker::serve::deltas::open::Open;
use crate::worker::serve::deltas::share::unpack_delta;
use crate::worker::serve::device::{Chosen, Devices};
use crate::worker::serve::generate::edit::Learned;
use crate::worker::serve::model::catalogue::Bases;
use crate::worker::serve::model::sources::Opened;
use crate::worker::serve::page::{self, post, warn};
use crate::worker::serve::pictures::store::Pictures;
use crate::worker::serve::runs::store::Store;
use crate::worker::serve::user_files::Picked;

/// The base and what was made of it.
pub(crate) struct Loaded {
    pub(crate) source: BaseSource,
    pub(crate) base: BaseModel,
    /// What plans of it rest on.
    pub(crate) configs: Configs,
    /// How its weights are held.
    pub(crate) stored: Stored,
    /// Added to the base for pictures, never for training: what makes it quick.
    pub(crate) lora: Option<(Lora, f32)>,
    pub(crate) opened: Opened,
    pub(crate) decomposed: Option<DecomposedBaseModel>,
    /// The base with deltas baked in.
    pub(crate) baked: Option<Baked>,
}

/// A base with deltas baked in: their ids and their strengths' bits, and the base.
pub(crate) type Baked = (Vec<(String, u32)>, BaseModel);

/// Everything that the engine holds.
pub(crate) struct Session {
    pub(crate) control: Rc<Control>,
    pub(crate) devices: Devices,
    pub(crate) bases: Bases,
    pub(crate) chosen: Option<Chosen>,
    /// Bytes of memory that the device has, if the person stated them.
    pub(crate) memory: Option<u64>,
    pub(crate) loaded: Option<Loaded>,
    pub(crate) pictures: Pictures,
    pub(crate) deltas: Vec<Open>,
    /// The picture that was learned last, to be edited again.
    pub(crate) learned: Option<Learned>,
    /// The last training's delta at each of its previews.
    pub(crate) snapshots: Vec<(usize, Delta)>,
    pub(crate) factors: Factors,
    store: Option<Rc<Slots<Store>>>,
}

impl Session {
    /// Nothing is loaded yet.
    pub(crate) fn new(control: Rc<Control>) -> Self {
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
    pub(crate) async fn run(mut self) {
        loop {
            let (_, request, files) = self.control.next().await;
            let last = self.serve(request, files).await;
            post(&last);
            self.control.end();
        }
    }

    /// Answers one request, and gives back its last event; whatever fails, the next one is served.
    async fn serve(&mut self, request: Request, files: Picked) -> Event {
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
                page::begin(Task::Load);
                self.memory = memory;
                self.load(source, files, device, size, anyway).await
            }
            Request::Plan(request) => {
                page::begin(Task::Plan);
                self.plan(request).await
            }
            Request::SetSize { size } => {
                page::begin(Task::Picture);
                self.set_size(size)
            }
            Request::ListCatalogue => {
                page::begin(Task::Catalogue);
                self.bases.list_catalogue().await
            }
            Request::ListStored => {
                page::begin(Task::Storage);
                self.list_stored().await
            }
            Request::RemoveStored { keys } => {
                page::begin(Task::Storage);
                self.remove_stored(&keys).await
            }
            Request::AddPicture { id, subject, bytes } => {
                page::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.add(id, subject, &bytes, size);
                Ok(())
            }
            Request::CropPicture { id, offset } => {
                page::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.crop(id, offset, size);
                Ok(())
            }
            Request::TurnPicture { id, quarters } => {
                page::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.turn(id, quarters, size);
                Ok(())
            }
            Request::RemovePicture { id } => {
                self.pictures.remove(id);
                Ok(())
            }
            Request::ShowCollages(request) => {
                page::begin(Task::Picture);
                self.show_collages(request);
                Ok(())
            }
            Request::ArrangeCollage {
                subjects,
                captions,
                number,
                collage,
            } => {
                page::begin(Task::Picture);
                self.arrange_collage(&subjects, captions, number, &collage);
                Ok(())
            }
            Request::Train(request) => {
                page::begin(Task::Train);
                self.train(request).await
            }
            Request::ResumeRun => {
                page::begin(Task::Train);
                self.resume().await
            }
            Request::DiscardRun => {
                page::begin(Task::Train);
                self.discard_run().await;
                Ok(())
            }
            Request::Generate(request) => {
                page::begin(Task::Generate);
                self.generate(request).await
            }
            Request::OpenDelta {
                name,
                bytes,
                apply_anyway,
            } => {
                page::begin(Task::OpenDelta);
                self.open_delta(&name, bytes, apply_anyway)
            }
            Request::CloseDelta { id } => {
                self.close_delta(id);
                Ok(())
            }
            Request::DescribeDelta(request) => {
                page::begin(Task::OpenDelta);
                self.describe(request)
            }
            Request::PackDelta { id, limit } => {
                page::begin(Task::Link);
                self.pack(id, limit)
            }
            Request::UnpackDelta { text } => {
                page::begin(Task::Link);
                unpack_delta(&text)
            }
            Request::KeepPreview { step } => {
                page::begin(Task::OpenDelta);
                self.keep_preview(step)
            }
            Request::Combine(request) => {
                page::begin(Task::Combine);
                self.combine(request).await
            }
            Request::Export(request) => {
                page::begin(Task::Export);
                self.export(request).await
            }
            Request::Edit(request) => {
                page::begin(Task::Generate);
                self.edit(request).await
            }
            Request::CheckDevice => {
                page::begin(Task::Check);
                self.check_device().await
            }
        };
        // Training is told by the stage that it had reached; other work is always itself.
        let task = whole.unwrap_or_else(page::task);
        match outcome {
            Ok(()) => Event::Done,
            Err(Error::Cancelled) => Event::Stopped { task },
            Err(error) => Event::Failed { task, error },
        }
    }

    /// Where runs are kept; opened at the first need.
    pub(crate) async fn store(&mut self) -> Rc<Slots<Store>> {
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
    pub(crate) fn loaded(&self) -> Result<&Loaded> {
        self.loaded.as_ref().ok_or_else(no_base)
    }

    /// Pixels a side of the base's pictures.
    ///
    /// # Errors
    /// `Settings` before there is a base.
    pub(crate) fn picture_size(&self) -> Result<u32> {
        Ok(self.loaded()?.base.picture_size() as u32)
    }
}

/// The error of work that needs a base.
pub(crate) fn no_base() -> Error {
    Error::Settings(
        "The base is not loaded, so this cannot be done yet. Wait until it is, or reload the page if loading failed."
            .into(),
    )
}
