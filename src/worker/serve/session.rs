//! What is loaded, and one request at a time.

use std::rc::Rc;

use super::bases::Bases;
use super::control::Control;
use super::decomposing::{presets, shapes};
use super::deltas::Open;
use super::device::{Chosen, Devices};
use super::editing::Learned;
use super::factors::Factors;
use super::pace::time_forward;
use super::pictures::Pictures;
use super::post::{self, post, warn};
use super::recipe::request_of;
use super::sharing::unpack_delta;
use super::store::Store;
use super::training::unfinished;
use super::watch::Gauge;
use crate::error::{Error, Result};
use crate::model::base::Base;
use crate::model::unet::layer_shapes::LayerShape;
use crate::spectral::Decomposed;
use crate::spectral::delta::Delta;
use crate::weights::Files;
use crate::worker::protocol::{BaseSource, DeviceChoice, DeviceKind, Event, Request, Task};
use crate::worker::slots::Slots;

/// The base and what was made of it.
pub(super) struct Loaded {
    pub(super) base: Base,
    pub(super) files: Files,
    pub(super) decomposed: Option<Decomposed>,
    /// The base with deltas baked in.
    pub(super) baked: Option<Baked>,
}

/// A base with deltas baked in: their ids and their strengths' bits, and the base.
pub(super) type Baked = (Vec<(String, u32)>, Base);

/// Everything that the engine holds.
pub(super) struct Session {
    pub(super) control: Rc<Control>,
    devices: Devices,
    pub(super) bases: Bases,
    pub(super) chosen: Option<Chosen>,
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
            let request = self.control.next().await;
            self.serve(request).await;
            self.control.end();
        }
    }

    /// Answers one request; whatever fails, the next one is served.
    async fn serve(&mut self, request: Request) {
        let whole = match request {
            Request::Generate(_) | Request::Edit(_) => Some(Task::Generate),
            Request::Combine(_) => Some(Task::Combine),
            Request::Export(_) => Some(Task::Export),
            _ => None,
        };
        let outcome = match request {
            Request::Load { source, device } => {
                post::begin(Task::Load);
                self.control.begin();
                self.load(source, device).await
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
            Request::ShowCollages(request) => {
                post::begin(Task::Picture);
                self.show_collages(request);
                Ok(())
            }
            Request::ArrangeCollage {
                subjects,
                captions,
                number,
                collage,
            } => {
                post::begin(Task::Picture);
                self.arrange_collage(&subjects, captions, number, &collage);
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

    async fn load(&mut self, source: BaseSource, choice: DeviceChoice) -> Result<()> {
        let chosen = self.devices.choose(choice).await?;
        post(&Event::Device {
            kind: chosen.kind,
            name: chosen.name.clone(),
            reason: chosen.reason.clone(),
        });
        // The old base goes first: two at once may not fit.
        let old_hash = self.loaded.take().map(|loaded| loaded.base.hash);
        let mut gauge = Gauge::default();
        let files = self.bases.files(source, &self.control).await?;
        let mut show = |progress| gauge.show(progress);
        let base = match Base::load(&files, &chosen.device, &mut show).await {
            // Only what was kept was wrong: it is fetched again.
            Err(error) if error != Error::Cancelled && files.doubt().await => {
                Base::load(&files, &chosen.device, &mut show).await?
            }
            outcome => outcome?,
        };
        if let Err(why) = files.loaded().await {
            warn(why.to_string());
        }
        if old_hash.is_some_and(|hash| hash != base.hash) {
            self.close_deltas();
            self.learned = None;
            self.snapshots.clear();
        }
        let size = base.picture_size();
        let store = self.store().await;
        let unfinished_run = unfinished(&store, &base.hash).await;
        let text_encoder = shapes(&base.text_encoder)?;
        // A GPU would compile its shaders first and say nothing of its speed.
        let forward_seconds = match chosen.kind {
            DeviceKind::Cpu => time_forward(&base).await?,
            DeviceKind::Gpu => 0.0,
        };
        post(&Event::Loaded {
            base: base.id.clone(),
            hash: base.hash.clone(),
            size,
            presets: presets(&shapes(&base.unet)?),
            text_encoder: text_encoder.iter().map(LayerShape::shifts).sum(),
            forward_seconds,
            unfinished_run: unfinished_run.map(|checkpoint| Box::new(request_of(&checkpoint))),
        });
        self.pictures.show_all(size as u32);
        self.chosen = Some(chosen);
        self.loaded = Some(Loaded {
            base,
            files,
            decomposed: None,
            baked: None,
        });
        Ok(())
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
