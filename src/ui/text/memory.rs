//! Memory of models and training, and what to do if it is not enough.

use super::format::size;
use crate::worker::protocol::{BasePlan, JobPlan, MemoryUse, PlanVerdict, Saving, Task};

pub const MEMORY: &str = "Memory of your GPU, in GB";
pub const MEMORY_HINT: &str = "Browsers do not tell it. 0 means that you do not know: then 6.4 GB are assumed. It counts only where a GPU computes.";
pub const PLAN_BASE: &str = "Will it fit?";
pub const PLANNING: &str = "Looking…";
pub const PICTURE_SIZE: &str = "Size of pictures";
pub const LOAD_ANYWAY: &str = "Load it anyway";
pub const REFUSED_TITLE: &str = "This model does not fit";
pub const WHAT_TO_DO: &str = "Choose a smaller model, close other tabs and programs that use the GPU, or state its memory under “Change the model”.";

/// 'Will it fit? Stable Diffusion 1.5': the label of a button.
pub fn plan_label(title: &str) -> String {
    format!("{PLAN_BASE} {title}")
}

/// '256 px', '512 px, its own'.
pub fn picture_size(side: usize, own: usize) -> String {
    if side == own {
        format!("{side} px, its own")
    } else {
        format!("{side} px")
    }
}

/// Whether a model fits, and how large its pictures can be.
pub fn fits(plan: &BasePlan) -> String {
    let room = size(plan.budget);
    let (train, make) = (&plan.train, &plan.generate);
    let takes = |job: &JobPlan| format!("{} of {room}", size(job.peak));
    match (train.verdict, make.verdict) {
        (PlanVerdict::Fits, _) => format!("It fits: training takes {}.", takes(train)),
        (PlanVerdict::FitsSmaller, _) => format!(
            "It fits with pictures of {} px: training takes {}.",
            train.size,
            takes(train)
        ),
        (_, PlanVerdict::Fits) => format!(
            "Pictures can be made ({}), but it cannot be trained here on the layers that are chosen.",
            takes(make)
        ),
        (_, PlanVerdict::FitsSmaller) => format!(
            "Pictures of {} px can be made ({}), but it cannot be trained here on the layers that are chosen.",
            make.size,
            takes(make)
        ),
        _ => does_not_fit(plan),
    }
}

/// Why a model does not fit.
pub fn does_not_fit(plan: &BasePlan) -> String {
    format!("It does not fit, because {}.", plan.generate.reason)
}

/// Whether a model fits by the numbers of the catalogue, before its files are read.
pub fn guess(to_generate: Option<u64>, to_train: Option<u64>, budget: u64) -> Option<&'static str> {
    match (to_generate, to_train) {
        (_, Some(train)) if train <= budget => Some("It should fit."),
        (Some(make), Some(_)) if make <= budget => {
            Some("Pictures should fit; training may need smaller ones or fewer layers.")
        }
        (Some(make), _) if make > budget => Some("It will probably not fit."),
        _ => None,
    }
}

/// Memory that training needs and how it is reduced, or what to do if it does not fit.
pub fn train_memory(plan: &BasePlan) -> String {
    let job = &plan.train;
    let room = if plan.assumed {
        format!(
            "the {} that this device is taken to have",
            size(plan.budget)
        )
    } else {
        size(plan.budget)
    };
    match job.verdict {
        PlanVerdict::Fits => {
            let takes = format!("It takes up to {} of {room}.", size(job.peak));
            match savings(&job.savings) {
                Some(ways) => format!("{takes} To save memory, {ways}."),
                None => takes,
            }
        }
        PlanVerdict::FitsSmaller => format!(
            "Pictures of {} px do not fit into {room}. With {} px training takes {}: choose that size.",
            plan.size,
            job.size,
            size(job.peak)
        ),
        PlanVerdict::DoesNotFit => format!(
            "Training does not fit, because {}. Train fewer layers (“Keys and values of cross-attention” take least), fewer pictures in one step, or another model; close other tabs that use the GPU.",
            job.reason
        ),
    }
}

/// Ways to reduce memory, as the end of a sentence; `None` if there are none.
fn savings(savings: &[Saving]) -> Option<String> {
    let words: Vec<&str> = savings
        .iter()
        .map(|saving| match saving {
            Saving::HalfPrecision => "weights are held in half precision",
            Saving::Recompute => {
                "parts of each step are computed twice, so steps take a third longer"
            }
            Saving::Offload => "the model is put aside while it learns and loaded again afterwards",
            Saving::Tiles => "pictures are taken in tiles",
        })
        .collect();
    match &words[..] {
        [] => None,
        [only] => Some((*only).to_owned()),
        [first @ .., last] => Some(format!("{}, and {last}", first.join(", "))),
    }
}

/// Memory that training used.
pub fn used(used: &MemoryUse) -> Option<String> {
    if used.task != Task::Train {
        return None;
    }
    let peak = used.gpu_peak?;
    Some(format!(
        "The last training took {} of the GPU's memory; {} were planned.",
        size(peak),
        size(used.planned)
    ))
}

/// Memory that a task used, in full, for a bug report.
pub fn used_report(used: &MemoryUse) -> String {
    let gpu = |bytes: Option<u64>| bytes.map_or_else(|| "none".to_owned(), |n| n.to_string());
    format!(
        "{:?}: planned {}, gpu peak {}, gpu now {}, wasm {}",
        used.task,
        used.planned,
        gpu(used.gpu_peak),
        gpu(used.gpu),
        used.wasm
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::BaseSource;

    fn job(verdict: PlanVerdict, size: usize, peak: u64) -> JobPlan {
        JobPlan {
            verdict,
            size,
            reason: if verdict == PlanVerdict::DoesNotFit {
                "even at 128 px 9 GB is needed".to_owned()
            } else {
                String::new()
            },
            peak,
            savings: Vec::new(),
            phases: Vec::new(),
        }
    }

    fn plan(train: JobPlan, generate: JobPlan) -> BasePlan {
        BasePlan {
            source: BaseSource::Catalogue { id: "a".to_owned() },
            own_size: 512,
            size: 512,
            sizes: vec![256, 512],
            budget: 8_000_000_000,
            assumed: false,
            generate,
            train,
        }
    }

    #[test]
    fn a_verdict_says_what_fits_and_at_which_size() {
        use PlanVerdict::{DoesNotFit, Fits, FitsSmaller};
        let make = || job(Fits, 512, 5_000_000_000);
        let said = |train, make| fits(&plan(train, make));
        assert_eq!(
            said(job(Fits, 512, 7_000_000_000), make()),
            "It fits: training takes 7.0 GB of 8.0 GB."
        );
        assert_eq!(
            said(job(FitsSmaller, 256, 7_000_000_000), make()),
            "It fits with pictures of 256 px: training takes 7.0 GB of 8.0 GB."
        );
        let none = said(job(DoesNotFit, 128, 9_000_000_000), make());
        assert!(
            none.starts_with("Pictures can be made (5.0 GB of 8.0 GB), but"),
            "{none}"
        );
        let nothing = || job(DoesNotFit, 128, 9_000_000_000);
        assert_eq!(
            said(nothing(), nothing()),
            "It does not fit, because even at 128 px 9 GB is needed."
        );
    }

    #[test]
    fn beside_train_it_says_how_memory_is_saved_or_what_to_do() {
        let make = || job(PlanVerdict::Fits, 512, 5_000_000_000);
        let mut train = job(PlanVerdict::Fits, 512, 7_000_000_000);
        assert_eq!(
            train_memory(&plan(train.clone(), make())),
            "It takes up to 7.0 GB of 8.0 GB."
        );
        train.savings = vec![Saving::HalfPrecision, Saving::Recompute, Saving::Tiles];
        let words = train_memory(&plan(train, make()));
        assert!(
            words.ends_with("so steps take a third longer, and pictures are taken in tiles."),
            "{words}"
        );
        let smaller = job(PlanVerdict::FitsSmaller, 256, 7_000_000_000);
        let words = train_memory(&plan(smaller, make()));
        assert!(
            words.contains("With 256 px") && words.contains("choose that size"),
            "{words}"
        );
        let none = job(PlanVerdict::DoesNotFit, 128, 9_000_000_000);
        let words = train_memory(&plan(none, make()));
        assert!(
            words.contains("fewer layers") && words.contains("close other tabs"),
            "{words}"
        );
    }

    #[test]
    fn what_was_used_is_told_where_a_gpu_was() {
        let mut of = MemoryUse {
            task: Task::Train,
            planned: 7_100_000_000,
            gpu_peak: Some(6_900_000_000),
            gpu: Some(1),
            wasm: 2,
        };
        assert_eq!(
            used(&of).as_deref(),
            Some("The last training took 6.9 GB of the GPU's memory; 7.1 GB were planned.")
        );
        of.gpu_peak = None;
        assert_eq!(used(&of), None);
        assert!(used_report(&of).contains("planned 7100000000, gpu peak none"));
    }

    #[test]
    fn the_catalogues_numbers_are_a_guess_only() {
        let gb = |n: u64| Some(n * 1_000_000_000);
        assert_eq!(guess(gb(4), gb(7), 8_000_000_000), Some("It should fit."));
        assert!(guess(gb(4), gb(9), 8_000_000_000).is_some_and(|words| words.contains("may")));
        assert!(guess(gb(9), gb(12), 8_000_000_000).is_some_and(|words| words.contains("not fit")));
        assert_eq!(guess(None, None, 8_000_000_000), None);
    }
}
