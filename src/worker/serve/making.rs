//! Pictures of a prompt, with and without the delta.

use web_time::Instant;

use super::post::{self, post, warn};
use super::session::Session;
use crate::error::Result;
use crate::generate::{GenerateSettings, generate};
use crate::worker::protocol::{Event, GenerateRequest, Pixels, Task};

impl Session {
    /// Makes the base's pictures, the personalised ones, or both.
    ///
    /// # Errors
    /// `Settings`, `Delta` if the delta does not fit the base, `Device`, `Cancelled`.
    pub(super) async fn generate(&mut self, request: GenerateRequest) -> Result<()> {
        let settings = GenerateSettings {
            prompt: request.prompt,
            negative_prompt: request.negative_prompt,
            seed: request.seed,
            sampler: request.sampler,
            steps: request.steps,
            guidance_scale: request.guidance_scale,
            eta: 0.0,
            count: request.count,
            preview: false,
        };
        settings.check()?;
        if let Some(note) = settings.note() {
            warn(note.to_owned());
        }
        self.loaded()?;
        let personalised = self.delta.is_some();
        let sides: &[bool] = match (personalised, request.compare) {
            (false, _) => &[false],
            (true, true) => &[false, true],
            (true, false) => &[true],
        };
        for (index, &personalised) in sides.iter().enumerate() {
            if personalised {
                self.bake(request.strength).await?;
            }
            self.side(request.id, &settings, personalised, index, sides.len())
                .await?;
        }
        Ok(())
    }

    /// One side of the comparison; progress counts all `sides`.
    async fn side(
        &self,
        id: u32,
        settings: &GenerateSettings,
        personalised: bool,
        index: usize,
        sides: usize,
    ) -> Result<()> {
        let loaded = self.loaded()?;
        let unet = match &loaded.baked {
            Some((.., unet)) if personalised => unet,
            _ => &loaded.base.unet,
        };
        let began = Instant::now();
        let watch = self.watch(Task::Generate);
        let mut on_step =
            async |done: usize, total: usize| watch.step(index * total + done, sides * total).await;
        let made = generate(&loaded.base, unet, settings, None, &mut on_step).await;
        let made = watch.outcome(made)?;
        let pictures = (0..settings.count).map(|index| {
            let picture = made.picture(index)?;
            Ok(Pixels {
                width: picture.width(),
                height: picture.height(),
                rgba: picture.rgba(),
            })
        });
        post(&Event::Generated {
            id,
            personalised,
            pictures: pictures.collect::<Result<_>>()?,
            seconds: began.elapsed().as_secs_f32(),
        });
        Ok(())
    }

    /// Bakes the open delta at this strength into a UNet, unless the last one is the same; at
    /// strength 0 the base's own serves.
    async fn bake(&mut self, strength: f32) -> Result<()> {
        let Some(number) = self.delta.as_ref().map(|open| open.number) else {
            return Ok(());
        };
        let key = (number, strength.to_bits());
        let baked = &self.loaded()?.baked;
        if baked.as_ref().is_some_and(|(n, s, _)| (*n, *s) == key) {
            return Ok(());
        }
        if let Some(loaded) = &mut self.loaded {
            loaded.baked = None;
        }
        if strength == 0.0 {
            return Ok(());
        }
        self.decompose().await?;
        post::begin(Task::Generate);
        if let (Some(loaded), Some(open)) = (&mut self.loaded, &self.delta)
            && let Some(spectral) = &loaded.spectral
        {
            let unet = spectral.bake(&loaded.base.unet, &[(&open.delta.unet, strength)])?;
            loaded.baked = Some((key.0, key.1, unet));
        }
        Ok(())
    }
}
