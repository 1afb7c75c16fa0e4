//! Card 3: open deltas, making pictures, results.

use crate::worker::protocol::SamplerKind;

pub const USE_TITLE: &str = "Use it";
pub const NO_DELTA: &str = "No delta is open: pictures will be the model's own.";
pub const OPEN_DELTA: &str = "Open a delta";
pub const OPEN_ANOTHER: &str = "Open another delta";
pub const DELTAS_LABEL: &str = "Open deltas";
pub const DELTAS_HINT: &str = "What the deltas have learned is added up, each at its strength. Below 0 leads away from a subject, above 1 exaggerates it.";
pub const DOWNLOAD_DELTA: &str = "Download";
pub const CLOSE_DELTA: &str = "Close";
pub const APPLY_ANYWAY: &str = "Apply anyway";
pub const LEAVE_IT: &str = "Leave it";
pub const OTHER_BASE: &str =
    "This delta was made for another base, so it will most likely give noise or other things here.";
pub const FOR_BASE: &str = "for";
pub const UNTITLED: &str = "Untitled delta";
pub const PROMPT: &str = "Prompt";
pub const PROMPT_IDEAS: &str = "Ideas for the prompt";
pub const NEGATIVE_PROMPT: &str = "Negative prompt";
pub const NEGATIVE_PROMPT_HINT: &str = "What the picture should not show";
pub const DICE: &str = "Roll a new seed";
pub const SAMPLER: &str = "Sampler";
pub const SAMPLING_STEPS: &str = "Steps";
pub const GUIDANCE: &str = "Guidance";
pub const STRENGTH: &str = "Strength";
pub const COUNT: &str = "Pictures";
pub const ROW: &str = "Pictures differ in";
pub const ROW_SEEDS: &str = "The seed";
pub const ROW_STRENGTHS: &str = "The strength of the deltas";
pub const COMPARE: &str = "Beside the base's own";
pub const MORE_OPTIONS: &str = "More options";
pub const GENERATE: &str = "Generate";
pub const CANCEL: &str = "Stop";
pub const RESULTS_LABEL: &str = "Pictures made";
pub const RESULTS_EMPTY: &str = "Your pictures will appear here.";
pub const RESULTS_DONE: &str = "The pictures are there.";
pub const RESULT_WAITING: &str = "On its way…";
pub const RESULT_STOPPED: &str = "Stopped before it was done.";
pub const BASE_CAPTION: &str = "Base";
pub const PERSONALISED_CAPTION: &str = "Personalised";
pub const DOWNLOAD_PNG: &str = "PNG";

/// The name of a sampling method, as other programs call it.
pub fn sampler(kind: SamplerKind) -> &'static str {
    match kind {
        SamplerKind::Ddim => "DDIM",
        SamplerKind::Euler => "Euler",
        SamplerKind::EulerAncestral => "Euler ancestral",
        SamplerKind::DpmSolverMultistep => "DPM-Solver++ (2M)",
        SamplerKind::Lcm => "LCM, for bases distilled for it",
    }
}

/// The caption of a picture in a row of strengths.
pub fn factor(factor: f32) -> String {
    format!("× {factor}")
}

pub fn result_label(caption: &str, prompt: &str, seed: u64) -> String {
    format!("{caption}: {prompt}, seed {seed}")
}

pub fn result_settings(seed: u64, strengths: &[f32]) -> String {
    let listed: Vec<String> = strengths.iter().map(|s| format!("{s:.2}")).collect();
    match strengths.len() {
        0 => format!("seed {seed}"),
        1 => format!("seed {seed}, strength {}", listed[0]),
        _ => format!("seed {seed}, strengths {}", listed.join(" and ")),
    }
}

/// The label of a delta's strength for screen readers.
pub fn strength_label(title: &str) -> String {
    format!("Strength of {title}")
}

pub fn download_label(title: &str) -> String {
    format!("Download {title}")
}

pub fn close_label(title: &str) -> String {
    format!("Close {title}")
}

pub fn download_result(caption: &str, number: usize) -> String {
    format!("Download picture {number}, {caption}, as PNG")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sampler_has_its_own_name() {
        let names = SamplerKind::ALL.map(sampler);
        for (index, name) in names.iter().enumerate() {
            assert!(!name.is_empty() && !names[..index].contains(name));
        }
    }
}
