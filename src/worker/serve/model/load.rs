//! A base, from its plan to its weights on the device.

use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::model::base_model::BaseModel;
use crate::model::unet::layer_shapes::LayerShape;
use crate::plan::{Stored, Wish};
use crate::spectral::LayerPreset;
use crate::spectral::lora::Lora;
use crate::spectral::lora::file;
use crate::weights::catalogue::LoraEntry;
use crate::weights::{Files, Place};
use crate::worker::protocol::{BaseSource, DeviceChoice, DeviceKind, Event};
use crate::worker::serve::decompose::{presets, shapes};
use crate::worker::serve::model::catalogue::{Bases, resolve};
use crate::worker::serve::model::plan::{Room, check_size, default_wish, refusal};
use crate::worker::serve::model::sources::Opened;
use crate::worker::serve::page::{post, warn};
use crate::worker::serve::runs::settings::request_of;
use crate::worker::serve::runs::throughput::time_forward;
use crate::worker::serve::runs::train::unfinished;
use crate::worker::serve::session::{Loaded, Session};
use crate::worker::serve::steps::Gauge;
use crate::worker::serve::user_files::Picked;

impl Session {
    /// Chooses the device, plans, and loads a base; pictures get `size` pixels a side, or what the
    /// plan says.
    ///
    /// # Errors
    /// `Memory` before anything is fetched but configs, for what cannot fit and is not to be tried
    /// `anyway`; `Settings`, `Device`, `Cancelled`; those of [`BaseModel::load`].
    pub(crate) async fn load(
        &mut self,
        source: BaseSource,
        picked: Picked,
        choice: DeviceChoice,
        size: Option<usize>,
        anyway: bool,
    ) -> Result<()> {
        let chosen = self.devices.choose(choice).await?;
        post(&Event::Device {
            kind: chosen.kind,
            name: chosen.name.clone(),
            reason: chosen.reason.clone(),
        });
        self.chosen = Some(chosen.clone());
        let old_hash = self.loaded.as_ref().map(|loaded| loaded.base.hash.clone());
        let opened = self.bases.open(&source, picked, &self.control).await?;
        let configs = match opened.configs().await {
            Err(error) if error != Error::Cancelled && opened.doubt().await => {
                opened.configs().await?
            }
            outcome => outcome?,
        };
        check_size(&configs, size)?;
        let lora = self.bases.lora(&source).await?;
        let room = Room::new(&chosen, self.memory);
        let wish = Wish {
            built: lora.as_ref().map(|_| LayerPreset::All),
            ..default_wish(size)
        };
        let advice = room.advise(&configs, &wish);
        room.tell(source.clone(), &advice);
        if !anyway && !advice.is_of_use() {
            return Err(refusal(&advice));
        }
        // The old base goes first: two at once may not fit.
        self.loaded = None;
        let mut gauge = Gauge::default();
        let mut base = load_base(&opened, &chosen.device, advice.stored, &mut gauge).await?;
        if advice.pixels != base.picture_size() {
            base.set_picture_size(advice.pixels)?;
        }
        let lora = match lora {
            Some(entry) => {
                let limit = file::MAX_FILE as u64;
                let file = opened.files().read(&entry.path, limit).await?;
                Some((Lora::read(&file, &base)?, entry.strength))
            }
            None => None,
        };
        if let Err(why) = opened.loaded().await {
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
        self.loaded = Some(Loaded {
            source,
            base,
            configs,
            stored: advice.stored,
            lora,
            opened,
            decomposed: None,
            baked: None,
        });
        Ok(())
    }
}

impl Bases {
    /// What is added to a base for pictures, by the catalogue.
    ///
    /// # Errors
    /// `Settings`, `Config` and `Io` for the catalogue.
    pub(crate) async fn lora(&mut self, source: &BaseSource) -> Result<Option<LoraEntry>> {
        match source {
            BaseSource::Catalogue { id } => Ok(self.catalogue().await?.entry(id)?.lora.clone()),
            _ => Ok(None),
        }
    }

    /// The files of a base to look at its configs alone: nothing of them is kept.
    ///
    /// # Errors
    /// As [`Bases::files`].
    pub(crate) async fn unkept(&mut self, source: &BaseSource) -> Result<Files> {
        match source {
            BaseSource::Folder { url } => Ok(Files::Http(url.clone())),
            BaseSource::Catalogue { id } => {
                let catalogue = self.catalogue().await?;
                Ok(Files::Http(resolve(&catalogue.entry(id)?.root)))
            }
            _ => Err(Error::Settings(
                "What such a model takes of memory is said when it is loaded, before any of its weights is read."
                    .into(),
            )),
        }
    }
}

/// Loads a base with its weights held as `stored`; what is kept of it and damaged is fetched again.
///
/// # Errors
/// Those of [`BaseModel::load`].
pub(crate) async fn load_base(
    opened: &Opened,
    device: &Device,
    stored: Stored,
    gauge: &mut Gauge,
) -> Result<BaseModel> {
    let place = Place::new(device, stored);
    let mut show = |progress| gauge.show(progress);
    match opened.load(place.clone(), &mut show).await {
        Err(error) if error != Error::Cancelled && opened.doubt().await => {
            opened.load(place, &mut show).await
        }
        outcome => outcome,
    }
}
