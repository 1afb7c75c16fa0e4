//! Pictures of a prompt, with and without deltas.

use crate::error::{Error, Result};
use crate::generate::{GenerateSettings, generate};
use crate::model::unet::layer_shapes::layer_shapes;
use crate::picture::Picture;
use crate::spectral::delta::Delta;
use crate::spectral::{LayerPreset, LayerSelection, lora};
use crate::worker::protocol::{DeltaStrength, Event, GenerateRequest, Pixels, Task};
use crate::worker::serve::device::gpu_bytes;
use crate::worker::serve::page::{self, post, warn};
use crate::worker::serve::session::{Session, no_base};

/// Factors of one request at most.
const MAX_FACTORS: usize = 16;

fn too_many_factors() -> Error {
    Error::Settings(format!(
        "A row of strengths needs an open delta and 1 to {MAX_FACTORS} factors. Open a delta, or ask for fewer."
    ))
}

/// A picture for the page.
pub(crate) fn pixels(picture: &Picture) -> Pixels {
    Pixels {
        width: picture.width(),
        height: picture.height(),
        rgba: picture.rgba(),
    }
}

impl Session {
    /// Makes the base's pictures, the personalised ones, or both.
    ///
    /// # Errors
    /// `Settings`, `Delta` if the delta does not fit the base, `Device`, `Cancelled`.
    pub(crate) async fn generate(&mut self, request: GenerateRequest) -> Result<()> {
        let mut settings = GenerateSettings {
            prompt: request.prompt,
            negative_prompt: request.negative_prompt,
            seed: request.seed,
            sampler: request.sampler,
            steps: request.steps,
            guidance_scale: request.guidance_scale,
            count: request.count,
            attend_to: request.attend_to,
            ..GenerateSettings::default()
        };
        settings.check()?;
        if let Some(note) = settings.note() {
            warn(note.to_owned());
        }
        self.loaded()?;
        let personalised = !request.deltas.is_empty();
        let plan = self.plan_pictures(self.layers_of(&request.deltas)?)?;
        self.tile(&plan)?;
        gpu_bytes::begin();
        let sides: &[bool] = match (personalised, request.compare) {
            (false, _) => &[false],
            (true, true) => &[false, true],
            (true, false) => &[true],
        };
        let factors = match request.strength_factors.len() {
            0 => vec![1.0],
            1..=MAX_FACTORS if personalised => request.strength_factors,
            _ => return Err(too_many_factors()),
        };
        if factors.len() > 1 {
            settings.count = 1;
        }
        let parts = if sides.len() > 1 {
            1 + factors.len()
        } else {
            factors.len()
        };
        let mut part = 0;
        for &personalised in sides {
            let mut pictures = Vec::new();
            for factor in if personalised { &factors[..] } else { &[1.0] } {
                let scaled = |of: &DeltaStrength| DeltaStrength {
                    id: of.id.clone(),
                    strength: of.strength * factor,
                };
                let deltas: Vec<DeltaStrength> = match personalised {
                    true => request.deltas.iter().map(scaled).collect(),
                    false => Vec::new(),
                };
                // The base as it is needs nothing built, unless a LoRA belongs to it.
                if personalised || self.loaded()?.lora.is_some() {
                    self.bake(&deltas).await?;
                }
                pictures.extend(self.side(&settings, personalised, part, parts).await?);
                part += 1;
            }
            post(&Event::Generated {
                id: request.id,
                personalised,
                pictures,
            });
        }
        gpu_bytes::tell(Task::Generate, plan.peak_as_asked);
        self.give_back().await
    }

    /// Pictures with the baked deltas or without them, as part `index` of `parts`.
    async fn side(
        &self,
        settings: &GenerateSettings,
        personalised: bool,
        index: usize,
        parts: usize,
    ) -> Result<Vec<Pixels>> {
        let loaded = self.loaded()?;
        let base = match &loaded.baked {
            Some((_, base)) if personalised || loaded.lora.is_some() => base,
            _ => &loaded.base,
        };
        let watch = self.watch(Task::Generate);
        let mut on_step =
            async |done: usize, total: usize| watch.step(index * total + done, parts * total).await;
        let made = generate(base, &base.unet, settings, None, &mut on_step).await;
        let made = watch.outcome(made)?;
        let shown = |index: usize| match settings.attend_to.trim() {
            "" => made.picture(index),
            _ => made.attention_picture(index),
        };
        let pictures = (0..settings.count).map(|index| Ok(pixels(&shown(index)?)));
        pictures.collect()
    }

    /// Bakes the sum of deltas, and the LoRA that belongs to the base, into a base, unless the last
    /// one is the same; where there is neither, the base itself serves.
    async fn bake(&mut self, wanted: &[DeltaStrength]) -> Result<()> {
        let wanted: Vec<&DeltaStrength> = wanted.iter().filter(|of| of.strength != 0.0).collect();
        let key: Vec<_> = wanted
            .iter()
            .map(|of| (of.id.clone(), of.strength.to_bits()))
            .collect();
        let baked = &self.loaded()?.baked;
        if baked.as_ref().is_some_and(|(of, _)| *of == key) {
            return Ok(());
        }
        if let Some(loaded) = &mut self.loaded {
            loaded.baked = None;
        }
        let mut base = None;
        if !wanted.is_empty() {
            let deltas = self.open(&wanted)?;
            let deltas: Vec<&Delta> = deltas.iter().map(|(delta, _)| *delta).collect();
            let selection = LayerSelection::for_deltas(&deltas);
            self.decompose(&selection).await?;
            page::begin(Task::Generate);
            let loaded = self.loaded()?;
            let decomposed = loaded.decomposed.as_ref().ok_or_else(no_base)?;
            base = Some(decomposed.bake(&loaded.base, &self.open(&wanted)?)?);
        }
        let loaded = self.loaded()?;
        if let Some((lora, strength)) = &loaded.lora {
            let under = base.unwrap_or_else(|| loaded.base.clone());
            base = Some(lora::add_to(under, &[(lora, *strength)])?);
        }
        if let (Some(loaded), Some(base)) = (&mut self.loaded, base) {
            loaded.baked = Some((key, base));
        }
        Ok(())
    }

    /// The layers that are built anew for these deltas, for the plan.
    fn layers_of(&self, wanted: &[DeltaStrength]) -> Result<Option<LayerPreset>> {
        let wanted: Vec<&DeltaStrength> = wanted.iter().collect();
        let deltas = self.open(&wanted)?;
        let shifts = deltas.iter().flat_map(|(delta, _)| delta.unet.iter());
        let layers = layer_shapes(&self.loaded()?.configs.unet);
        Ok(LayerPreset::least(shifts.map(|(path, _)| path), &layers))
    }

    /// The deltas that are meant.
    fn open(&self, wanted: &[&DeltaStrength]) -> Result<Vec<(&Delta, f32)>> {
        let find = |of: &&DeltaStrength| Ok((self.opened(&of.id)?, of.strength));
        wanted.iter().map(find).collect()
    }
}
