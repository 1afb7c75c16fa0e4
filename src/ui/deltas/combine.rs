//! Combining open deltas into one, and exporting a delta for other programs.

use leptos::prelude::*;

use super::state::{Deltas, OpenDelta};
use crate::ui::{browser::pixels::save_bytes, messages::state::Severity, text};
use crate::worker::protocol::{
    CombineRequest, Combining, DeltaStrength, ExportFormat, ExportRequest, ExportedFile, Request,
};

impl Deltas {
    /// True if there are enough deltas to combine; tracked.
    pub fn can_combine(self) -> bool {
        let needed = match self.combine.method.get() {
            Combining::Sum => 1,
            Combining::Interpolate | Combining::StyleMix => 2,
        };
        self.open.with(Vec::len) >= needed && !self.is_locked()
    }

    /// Makes one delta: of all at their strengths, or of the first two.
    pub fn combine_open(self) {
        self.messages.clear();
        let how = self.combine.method.get_untracked();
        let all = self
            .open
            .get_untracked()
            .into_iter()
            .map(|open| DeltaStrength {
                strength: open.strength.get_untracked() as f32,
                id: open.id,
            });
        let deltas = match how {
            Combining::Sum => all.filter(|of| of.strength != 0.0).collect(),
            Combining::StyleMix => all.take(2).collect(),
            Combining::Interpolate => {
                let mut two: Vec<DeltaStrength> = all.take(2).collect();
                if let Some(first) = two.first_mut() {
                    first.strength = self.combine.alpha.get_untracked();
                }
                two
            }
        };
        let rank = self.combine.rank.get_untracked() as usize;
        self.busy.set(true);
        self.engine.send(Request::Combine(CombineRequest {
            deltas,
            how,
            rank: (rank > 0).then_some(rank),
        }));
    }

    /// Exports a delta for another program.
    pub fn export(self, open: &OpenDelta, format: ExportFormat, rank: usize) {
        self.messages.clear();
        self.busy.set(true);
        self.engine.send(Request::Export(ExportRequest {
            id: open.id.clone(),
            format,
            rank,
        }));
    }

    /// The exported files are ready: downloads them.
    pub fn on_exported(self, files: Vec<ExportedFile>, kept: f64, left_out: f64) {
        self.busy.set(false);
        for file in files {
            save_bytes(&file.bytes, &file.name);
        }
        self.messages
            .tell(Severity::Note, text::exported(kept, left_out));
    }
}
