//! Combining and exporting deltas, editing a picture, attention of words.

use crate::worker::protocol::{Combining, ExportFormat};

pub const COMBINE_TITLE: &str = "Make one delta of them";
pub const COMBINE_HOW: &str = "How";
pub const COMBINE_ALPHA: &str = "From the second (0) to the first (1)";
pub const COMBINE_RANK: &str = "Shifts kept in each layer, 0 for all";
pub const COMBINE_RANK_HINT: &str =
    "The largest ones stay. Fewer make a smaller change and a delta that packs better.";
pub const COMBINE: &str = "Make it";
pub const COMBINED: &str =
    "One delta was made of them. It is open, at strength 1; the others are at 0 now.";

pub const EXPORT_TITLE: &str = "For other programs";
pub const EXPORT_FORMAT: &str = "Format";
pub const EXPORT_RANK: &str = "Rank of the LoRA";
pub const EXPORT_HINT: &str = "A LoRA keeps the part of the change that fits its rank; how much that was is said afterwards. Opening a delta also takes svdiff-pytorch's files.";
pub const EXPORT: &str = "Save";

pub const EDIT_TITLE: &str = "Edit one picture";
pub const EDIT_LEAD: &str = "Choose a picture, say what it shows and what it should show. It is learned by itself first, then made again with the other words.";
pub const EDIT_CHOOSE: &str = "Choose a picture";
pub const EDIT_PROMPT: &str = "What it shows";
pub const EDIT_PROMPT_EXAMPLE: &str = "photo of a castle on grass";
pub const EDIT_TARGET: &str = "What it should show";
pub const EDIT_TARGET_EXAMPLE: &str = "photo of a castle at night";
pub const EDIT: &str = "Edit";
pub const EDIT_FREEDOM: &str = "Freedom on the way (eta)";
pub const EDIT_SLERP: &str = "Freedom at the start (slerp)";
pub const EDIT_TRAIN_STEPS: &str = "Steps of learning it";
pub const EDIT_STEPS: &str = "Steps of the edit";
pub const BEFORE_CAPTION: &str = "Before";
pub const AFTER_CAPTION: &str = "After";

pub const ATTENTION_TITLE: &str = "Where does a word look?";

/// A method of combining deltas; the first delta is the newest one, at the top.
pub fn combining(how: Combining) -> &'static str {
    match how {
        Combining::Sum => "Add them, at the strengths above",
        Combining::Interpolate => "Between the first two",
        Combining::StyleMix => "Shapes of the first, look of the second",
    }
}

/// An export format.
pub fn export_format(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::LoraKohya => "LoRA (kohya: A1111, ComfyUI)",
        ExportFormat::LoraDiffusers => "LoRA (diffusers, PEFT)",
        ExportFormat::SvdiffPytorch => "svdiff-pytorch",
    }
}

/// The shares of a delta that the exported files contain and cannot contain, from 0 to 1.
pub fn exported(kept: f64, left_out: f64) -> String {
    let left_out = if left_out < 0.000_5 {
        String::new()
    } else {
        format!(
            " Shifts of norms do not fit such a file: {:.1} % of the change stays behind.",
            100.0 * left_out
        )
    };
    format!(
        "Saved, with {:.1} % of the change of the weights.{left_out}",
        100.0 * kept
    )
}

/// The accuracy of the inversion; `lost` is its relative error.
pub fn inversion(lost: f32) -> String {
    format!(
        "from noise that gives the picture back to {:.1} %",
        100.0 * (1.0 - lost.clamp(0.0, 1.0))
    )
}

/// The heading of pictures that show the attention of a word.
pub fn attention(word: &str) -> String {
    format!("where “{word}” looks")
}

/// The label of a word's button.
pub fn attention_label(word: &str) -> String {
    format!("Show where “{word}” looks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_said_only_when_there_is_some() {
        assert_eq!(
            exported(0.5, 0.0),
            "Saved, with 50.0 % of the change of the weights."
        );
        assert!(exported(1.0, 0.25).contains("25.0 %"));
        assert!(inversion(f32::NAN).contains("NaN") || inversion(2.0).contains("0.0 %"));
    }
}
