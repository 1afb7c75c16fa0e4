//! What is loaded, and one request at a time.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::control::Control;
use super::deltas::Open;
use super::device::{Chosen, Devices, settle};
use super::pictures::Pictures;
use super::post::{self, post, warn};
use super::store::Store;
use super::training::{request_of, unfinished};
use crate::error::{Error, Result};
use crate::model::base::{Base, Progress};
use crate::model::unet::UNet2DConditionModel;
use crate::spectral::{LayerBase, SpectralBase};
use crate::weights::Files;
use crate::worker::protocol::{DeviceChoice, DeviceKind, Event, Request, Task};
use crate::worker::slots::{Disk, Slots};

/// Larger decompositions are not stored: writing one would hold it in memory three times.
const MAX_CACHE: usize = 256 << 20;

/// The base and what was made of it.
pub(super) struct Loaded {
    pub(super) base: Base,
    pub(super) files: Files,
    pub(super) spectral: Option<SpectralBase>,
    /// The UNet with one delta baked in: the delta's number, its strength's bits, the UNet.
    pub(super) baked: Option<(u64, u32, UNet2DConditionModel)>,
}

/// Everything that the engine holds.
pub(super) struct Session {
    pub(super) control: Rc<Control>,
    devices: Devices,
    pub(super) chosen: Option<Chosen>,
    pub(super) loaded: Option<Loaded>,
    pub(super) pictures: Pictures,
    pub(super) delta: Option<Open>,
    /// Deltas opened so far.
    pub(super) opened: u64,
    store: Option<Rc<Slots<Store>>>,
}

impl Session {
    /// Nothing is loaded yet.
    pub(super) fn new(control: Rc<Control>) -> Self {
        Self {
            control,
            devices: Devices::default(),
            chosen: None,
            loaded: None,
            pictures: Pictures::default(),
            delta: None,
            opened: 0,
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
        let is_generate = matches!(request, Request::Generate(_));
        let outcome = match request {
            Request::Load { url, device } => {
                post::begin(Task::Load);
                self.load(url, device).await
            }
            Request::AddPicture { id, bytes, .. } => {
                post::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.add(id, &bytes, size);
                Ok(())
            }
            Request::CropPicture { id, offset } => {
                post::begin(Task::Picture);
                let size = self.picture_size();
                self.pictures.crop(id, offset, size);
                Ok(())
            }
            Request::RemovePicture { id } => {
                self.pictures.remove(id);
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
            Request::CloseDelta => {
                self.close_delta();
                Ok(())
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
            // Training is told by the stage that it had reached; pictures are always pictures.
            let task = if is_generate {
                Task::Generate
            } else {
                post::task()
            };
            post(&match error {
                Error::Cancelled => Event::Stopped { task },
                error => Event::Failed { task, error },
            });
        }
    }

    async fn load(&mut self, url: String, choice: DeviceChoice) -> Result<()> {
        let chosen = self.devices.choose(choice).await?;
        post(&Event::Device {
            kind: chosen.kind,
            name: chosen.name.clone(),
            reason: chosen.reason.clone(),
        });
        // The old base goes first: two at once may not fit.
        let old_hash = self.loaded.take().map(|loaded| loaded.base.hash);
        let mut gauge = Gauge::default();
        let files = Files::Http(url);
        let base = Base::load(&files, &chosen.device, &mut |progress| {
            gauge.show(progress);
        })
        .await?;
        if old_hash.is_some_and(|hash| hash != base.hash) && self.delta.is_some() {
            self.close_delta();
        }
        let size = base.picture_size();
        let store = self.store().await;
        let unfinished_run = unfinished(&store, &base.hash).await;
        post(&Event::Loaded {
            base: base.id.clone(),
            hash: base.hash.clone(),
            size,
            unfinished_run: unfinished_run.map(|checkpoint| request_of(&checkpoint)),
        });
        self.pictures.show_all(size as u32);
        self.chosen = Some(chosen);
        self.loaded = Some(Loaded {
            base,
            files,
            spectral: None,
            baked: None,
        });
        Ok(())
    }

    /// Where runs and decompositions are kept; opened at the first need.
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

    fn picture_size(&self) -> Result<u32> {
        Ok(self.loaded()?.base.picture_size() as u32)
    }

    /// What a long piece of work calls after every step.
    pub(super) fn watch(&self, task: Task) -> Watch {
        let gpu = self
            .chosen
            .as_ref()
            .filter(|chosen| chosen.kind == DeviceKind::Gpu);
        Watch {
            control: self.control.clone(),
            device: gpu.map(|chosen| chosen.device.clone()),
            task,
            fault: RefCell::new(None),
        }
    }

    /// Makes sure that the base is decomposed, from the store if it was before.
    ///
    /// # Errors
    /// `Decomposition`, `Device`, `Cancelled`.
    pub(super) async fn decompose(&mut self) -> Result<()> {
        if self.loaded()?.spectral.is_some() {
            return Ok(());
        }
        let store = self.store().await;
        let control = self.control.clone();
        let loaded = self.loaded.as_mut().ok_or_else(no_base)?;
        post::begin(Task::Decompose);
        let hash = loaded.base.hash.clone();
        let name = format!("{hash}.decomposition");
        // A file that cannot be read or is damaged is made again.
        let stored = store.disk().read(&name).await.ok().flatten();
        let stored = stored
            .and_then(|bytes| SpectralBase::from_bytes(&bytes, &hash, loaded.base.device()).ok());
        if let Some(spectral) = stored {
            post::progress(Task::Decompose, 1, 1);
            loaded.spectral = Some(spectral);
            return Ok(());
        }
        let spectral = SpectralBase::decompose(&loaded.base.unet, hash, async |done, total| {
            post::progress(Task::Decompose, done, total);
            control.between().await
        })
        .await?;
        if bytes(&spectral) <= MAX_CACHE {
            // Only time is lost without it, so a full disk is nobody's worry here.
            let file = spectral.to_bytes().await?;
            let _ = store.disk().write(&name, &file).await;
        }
        loaded.spectral = Some(spectral);
        Ok(())
    }
}

fn no_base() -> Error {
    Error::Settings(
        "The base is not loaded, so this cannot be done yet. Wait until it is, or reload the page if loading failed."
            .into(),
    )
}

fn bytes(spectral: &SpectralBase) -> usize {
    let numbers = spectral.layers().map(|(_, layer)| match layer {
        LayerBase::Norm(weight) => weight.len(),
        LayerBase::Matrix { u, sigma, vt } => {
            let (u, vt) = (u.dims(), vt.dims());
            sigma.len() + u[0] * u[1] + vt[0] * vt[1]
        }
    });
    numbers.sum::<usize>().saturating_mul(4)
}

/// Shows progress, lets messages in, keeps a GPU's queue short, and notices when to stop.
pub(super) struct Watch {
    control: Rc<Control>,
    device: Option<burn::tensor::Device>,
    task: Task,
    fault: RefCell<Option<Error>>,
}

impl Watch {
    /// `done` of `total` steps are made.
    pub(super) async fn step(&self, done: usize, total: usize) -> ControlFlow<()> {
        let flow = self.step_unseen().await;
        post::progress(self.task, done, total);
        flow
    }

    /// A step was made that no progress bar counts.
    pub(super) async fn step_unseen(&self) -> ControlFlow<()> {
        let outcome = match &self.device {
            Some(device) => settle(device).await,
            None => Ok(()),
        };
        let outcome = match outcome {
            Ok(()) => self.control.between().await,
            failed => failed,
        };
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                *self.fault.borrow_mut() = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// The outcome of the work, with the true reason if it was this that stopped it.
    ///
    /// # Errors
    /// The work's, or the device's.
    pub(super) fn outcome<T>(&self, outcome: Result<T>) -> Result<T> {
        match (outcome, self.fault.take()) {
            (Err(Error::Cancelled), Some(fault)) => Err(fault),
            (outcome, _) => outcome,
        }
    }
}

/// One bar for three files of unknown size: each has its share, in thousandths, and the bar never
/// goes back.
#[derive(Default)]
struct Gauge {
    shown: Option<u64>,
}

impl Gauge {
    fn show(&mut self, progress: Progress) {
        let (from, to) = match progress.component {
            "text_encoder" => (0, 250),
            "unet" => (250, 850),
            _ => (850, 1_000),
        };
        let part = progress.done as f64 / progress.total.max(1) as f64;
        let done = from + ((to - from) as f64 * part.min(1.0)) as u64;
        if self.shown.is_none_or(|shown| done > shown) {
            self.shown = Some(done);
            post(&Event::Progress {
                task: Task::Load,
                done,
                total: 1_000,
            });
        }
    }
}
