//! One delta of several.

use crate::error::{Error, Result};
use crate::spectral::LayerSelection;
use crate::spectral::delta::combine::{Combine, check_rank, limit_rank};
use crate::worker::protocol::{CombineRequest, Combining, Origin, Task};
use crate::worker::serve::page;
use crate::worker::serve::runs::train::now;
use crate::worker::serve::session::Session;

impl Session {
    /// Makes one delta of open ones and opens it.
    ///
    /// # Errors
    /// `Delta` if they do not go together, `Settings` if their number, a strength or the rank
    /// cannot work, `Decomposition`, `Cancelled`.
    pub(crate) async fn combine(&mut self, request: CombineRequest) -> Result<()> {
        let mut parents = Vec::with_capacity(request.deltas.len());
        for of in &request.deltas {
            parents.push((self.opened(&of.id)?, of.id.clone()));
        }
        let strengths: Vec<f32> = request.deltas.iter().map(|of| of.strength).collect();
        let how = match request.how {
            Combining::Sum => Combine::Sum(strengths),
            Combining::Interpolate => {
                Combine::Interpolate(strengths.first().copied().unwrap_or(1.0))
            }
            Combining::StyleMix => Combine::StyleMix,
        };
        let mut combined = how.apply(&parents)?;
        if let Some(rank) = request.rank {
            check_rank(&combined, rank)?;
            combined.check_base(&self.loaded()?.base.hash)?;
            self.decompose(&LayerSelection::for_deltas(&[&combined]))
                .await?;
            page::begin(Task::Combine);
            let Some(decomposed) = &self.loaded()?.decomposed else {
                return Err(Error::Decomposition(
                    "The base is not decomposed, so the largest shifts are not known. Try again."
                        .into(),
                ));
            };
            combined.unet = limit_rank(&combined.unet, &decomposed.unet, rank)?;
            if !combined.text_encoder.is_empty() {
                let text_encoder = decomposed.text_encoder()?;
                combined.text_encoder = limit_rank(&combined.text_encoder, text_encoder, rank)?;
            }
            if let Some(combination) = &mut combined.metadata.combination {
                combination.rank = Some(rank);
            }
        }
        combined.metadata.date = now();
        self.take_delta(Origin::Combined, &combined)?;
        Ok(())
    }
}
