//! A base that a run does not need while its steps are made: let go of, and brought back.

use crate::error::{Error, Result};
use crate::plan::{Configs, Stored};
use crate::spectral::lora::Lora;
use crate::train::{Onlooker, TrainSettings};
use crate::worker::protocol::{Answer, BaseSource, Event, Task};
use crate::worker::serve::model::load::load_base;
use crate::worker::serve::model::sources::Opened;
use crate::worker::serve::page::{self, warn};
use crate::worker::serve::runs::settings::preview_prompt;
use crate::worker::serve::session::{Loaded, Session, no_base};
use crate::worker::serve::steps::Gauge;

/// What is left of a base: the way back, and what previews need.
pub(crate) struct Away {
    pub(crate) onlooker: Option<Onlooker>,
    source: BaseSource,
    opened: Opened,
    configs: Configs,
    stored: Stored,
    lora: Option<(Lora, f32)>,
    size: usize,
    hash: String,
}

impl Session {
    /// Makes room: what was taken apart or built anew goes, the base stays.
    pub(crate) fn make_room(&mut self) {
        self.learned = None;
        if let Some(loaded) = &mut self.loaded {
            loaded.baked = None;
            loaded.decomposed = None;
            loaded.base.device().memory_cleanup();
        }
    }

    /// Lets go of the base and of all that was made of it; a run that has taken up its U and V goes on
    /// without. [`Session::give_back`] is what gives their memory back.
    ///
    /// # Errors
    /// `Settings` before there is a base.
    pub(crate) fn let_go(&mut self, settings: &TrainSettings) -> Result<Away> {
        let loaded = self.loaded.take().ok_or_else(no_base)?;
        let onlooker = match settings.preview_every {
            0 => None,
            _ => Onlooker::new(&loaded.base, &preview_prompt(settings)),
        };
        if onlooker.is_none() && settings.preview_every > 0 {
            warn(
                "There are no previews in this run: to save memory the model is let go of while it learns, and it brings no small autoencoder that could stay.",
            );
        }
        let Loaded {
            source,
            base,
            configs,
            stored,
            lora,
            opened,
            decomposed,
            baked,
        } = loaded;
        let (size, hash) = (base.picture_size(), base.hash.clone());
        drop((base, decomposed, baked));
        Ok(Away {
            onlooker,
            source,
            opened,
            configs,
            stored,
            lora,
            size,
            hash,
        })
    }

    /// Loads the base again, from what this browser keeps. What fails is told: the run itself is
    /// over and well.
    pub(crate) async fn bring_back(&mut self, away: Away) {
        let task = page::task();
        // Who cancelled the run did not mean this.
        self.control.forget_stop();
        page::begin(Task::Load);
        if let Err(error) = self.load_again(away).await {
            // Not the answer to the request, whose run is over and well.
            page::answer(&Answer {
                id: None,
                event: match error {
                    Error::Cancelled => Event::Stopped { task: Task::Load },
                    error => Event::Failed {
                        task: Task::Load,
                        error,
                    },
                },
            });
        }
        page::begin(task);
    }

    async fn load_again(&mut self, away: Away) -> Result<()> {
        let device = self.chosen.as_ref().ok_or_else(no_base)?.device.clone();
        let mut gauge = Gauge::default();
        let mut base = load_base(&away.opened, &device, away.stored, &mut gauge).await?;
        if base.hash != away.hash {
            return Err(Error::Weights(
                "The model has other weights than before the training. Its files were changed in the meantime; load it again."
                    .into(),
            ));
        }
        base.set_picture_size(away.size)?;
        self.loaded = Some(Loaded {
            source: away.source,
            base,
            configs: away.configs,
            stored: away.stored,
            lora: away.lora,
            opened: away.opened,
            decomposed: None,
            baked: None,
        });
        Ok(())
    }
}
