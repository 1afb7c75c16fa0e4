//! One delta of several, and deltas for other programs.

use leptos::prelude::*;

use crate::ui::browser::pixels::save_bytes;
use crate::ui::state::{Booth, Gravity, OpenDelta};
use crate::ui::text;
use crate::worker::protocol::{
    CombineRequest, Combining, DeltaStrength, ExportFormat, ExportRequest, ExportedFile, Request,
};

/// Fields of 'Make one of them'.
#[derive(Clone, Copy)]
pub struct CombineFields {
    /// How.
    pub how: RwSignal<Combining>,
    /// From the second (0) to the first (1).
    pub alpha: RwSignal<f32>,
    /// The shifts of each layer that stay; 0 keeps all.
    pub rank: RwSignal<f64>,
}

impl CombineFields {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            how: RwSignal::new(Combining::default()),
            alpha: RwSignal::new(0.5),
            rank: RwSignal::new(0.0),
        }
    }
}

impl Default for CombineFields {
    fn default() -> Self {
        Self::new()
    }
}

impl Booth {
    /// True when there is enough to combine; tracked.
    pub fn may_combine(self) -> bool {
        let wanted = match self.combine.how.get() {
            Combining::Sum => 1,
            Combining::Interpolate | Combining::StyleMix => 2,
        };
        self.deltas.with(Vec::len) >= wanted
            && !self.busy.get()
            && !self.is_training()
            && !self.is_generating()
    }

    /// Makes one delta: of all at their strengths, or of the first two.
    pub fn combine_deltas(self) {
        self.forget_messages();
        let fields = self.combine;
        let how = fields.how.get_untracked();
        let deltas = self.deltas.get_untracked();
        let all = deltas.into_iter().map(|open| DeltaStrength {
            strength: open.strength.get_untracked() as f32,
            id: open.id,
        });
        let deltas = match how {
            Combining::Sum => all.filter(|of| of.strength != 0.0).collect(),
            Combining::StyleMix => all.take(2).collect(),
            Combining::Interpolate => {
                let mut two: Vec<DeltaStrength> = all.take(2).collect();
                if let Some(first) = two.first_mut() {
                    first.strength = fields.alpha.get_untracked();
                }
                two
            }
        };
        let rank = fields.rank.get_untracked() as usize;
        self.busy.set(true);
        self.send(Request::Combine(CombineRequest {
            deltas,
            how,
            rank: (rank > 0).then_some(rank),
        }));
    }

    /// Writes a delta for another program.
    pub fn export_delta(self, open: &OpenDelta, format: ExportFormat, rank: usize) {
        self.forget_messages();
        self.busy.set(true);
        self.send(Request::Export(ExportRequest {
            id: open.id.clone(),
            format,
            rank,
        }));
    }

    /// The files are there: they are saved as downloads.
    pub fn on_exported(self, files: Vec<ExportedFile>, kept: f64, left_out: f64) {
        self.busy.set(false);
        for file in files {
            save_bytes(&file.bytes, &file.name);
        }
        self.tell(Gravity::Note, text::exported(kept, left_out));
    }
}
