//! Counts against published ones, and verdicts at every budget.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::model::config::{ClipTextConfig, UNetConfig, VaeConfig};
use crate::spectral::shift::preset::LayerPreset;
use crate::train::Recompute;

const UNET: &[u8] = br#"{"sample_size": 64, "in_channels": 4, "out_channels": 4,
    "attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280],
    "cross_attention_dim": 768, "layers_per_block": 2,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
        "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
        "CrossAttnUpBlock2D"]}"#;
const TEXT: &[u8] = br#"{"vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072,
    "num_hidden_layers": 12, "num_attention_heads": 12, "max_position_embeddings": 77,
    "hidden_act": "quick_gelu"}"#;
const VAE: &[u8] = br#"{"in_channels": 3, "out_channels": 3, "latent_channels": 4,
    "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32,
    "sample_size": 512,
    "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
        "DownEncoderBlock2D"],
    "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
        "UpDecoderBlock2D"]}"#;

fn stable_diffusion() -> Configs {
    Configs {
        unet: UNetConfig::parse(UNET).unwrap(),
        text_encoder: ClipTextConfig::parse(TEXT).unwrap(),
        vae: VaeConfig::parse(VAE).unwrap(),
    }
}

fn training(stored: Stored) -> Job {
    Job {
        task: Task::Train {
            samples: 2,
            preset: LayerPreset::CrossAttention,
            text_encoder: false,
        },
        pixels: 512,
        kernels: Kernels::Burn,
        weights: stored,
        factors: stored,
    }
}

fn limits(budget: u64) -> Limits {
    Limits {
        budget,
        buffer: 1 << 30,
    }
}

#[test]
fn the_parts_of_stable_diffusion_have_as_many_numbers_as_published() {
    let job = Job {
        task: Task::Generate { delta: None },
        ..training(Stored::F32)
    };
    let phases = phases(&stable_diffusion(), &job, 512, Strategy::default());
    for (name, numbers) in [
        ("UNet", 859_520_964),
        ("text encoder", 123_060_480),
        ("autoencoder", 83_653_863),
    ] {
        let items = &phases[0].items;
        let item = items.iter().find(|item| item.name == name).unwrap();
        assert_eq!(item.bytes, 4 * numbers, "{name}");
    }
}

#[test]
fn a_gpu_has_one_place_for_the_largest_kernel_and_a_cpu_none() {
    let place = |kernels, stored| {
        let job = Job {
            kernels,
            ..training(stored)
        };
        let phases = phases(&stable_diffusion(), &job, 512, Strategy::default());
        let of = |phase: &Phase| {
            let mut items = phase.items.iter();
            let place = items.find(|item| item.name == "a place for the largest matrix");
            place.map_or(0, |place| place.bytes)
        };
        let places: Vec<u64> = phases.iter().map(of).collect();
        assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
        places[0]
    };
    // `up_blocks.0.resnets.0.conv1`, F32 however it is stored.
    let largest = 4 * 1280 * 2560 * 9;
    for stored in [Stored::F32, Stored::F16] {
        assert_eq!(place(Kernels::Burn, stored), largest);
        assert_eq!(place(Kernels::Custom, stored), 0);
    }
}

#[test]
fn as_the_budget_shrinks_more_is_saved_then_pictures_shrink_then_it_is_refused() {
    let (configs, job) = (stable_diffusion(), training(Stored::F16));
    let mut before: Option<Plan> = None;
    let mut seen = [false; 4];
    for budget in (0..60).rev().map(|tenths| tenths * 100_000_000) {
        let plan = plan(&configs, &job, limits(budget));
        let fits = !matches!(plan.verdict, Verdict::DoesNotFit(_));
        assert_eq!(fits, plan.peak() <= budget, "{}", plan.sentence());
        match plan.verdict {
            Verdict::Fits if plan.strategy == Strategy::default() => seen[0] = true,
            Verdict::Fits if plan.strategy.recompute == Recompute::Blocks => seen[1] = true,
            Verdict::FitsAt(pixels) => {
                assert!(pixels < job.pixels && pixels == plan.pixels);
                seen[2] = true;
            }
            Verdict::DoesNotFit(_) => seen[3] = true,
            Verdict::Fits => {}
        }
        if let Some(before) = before {
            assert!(plan.pixels <= before.pixels, "at {budget}");
        }
        before = Some(plan);
    }
    assert_eq!(seen, [true; 4]);
}

#[test]
fn every_saving_saves() {
    let (configs, job) = (stable_diffusion(), training(Stored::F32));
    let peak = |strategy| {
        let phases = phases(&configs, &job, 512, strategy);
        phases.iter().map(Phase::total).max().unwrap()
    };
    let none = Strategy::default();
    let offload = Strategy {
        offload: true,
        ..none
    };
    let blocks = Strategy {
        recompute: Recompute::Blocks,
        ..none
    };
    assert!(peak(offload) < peak(none));
    assert!(peak(blocks) < peak(none));
}

#[test]
fn a_buffer_that_is_too_large_is_named() {
    let limits = Limits {
        buffer: 128 << 20,
        ..limits(100_000_000_000)
    };
    let plan = plan(&stable_diffusion(), &training(Stored::F32), limits);
    let sentence = plan.sentence();
    assert!(
        sentence.starts_with("It does not fit, because even at 128 px a single buffer of 152 MB"),
        "{sentence}"
    );
}

fn options() -> PlanOptions {
    PlanOptions {
        pixels: None,
        stored: None,
        samples: 2,
        preset: LayerPreset::All,
        text_encoder: false,
        baked: None,
    }
}

#[test]
fn the_size_that_is_advised_is_the_largest_that_training_fits_at() {
    let configs = stable_diffusion();
    let advised = |preset, budget| {
        let options = PlanOptions {
            preset,
            stored: Some(Stored::F32),
            ..options()
        };
        advise(&configs, &options, Kernels::Burn, limits(budget))
    };
    let large = advised(LayerPreset::KeyValue, 12_000_000_000);
    assert_eq!(large.train.verdict, Verdict::Fits);
    assert_eq!((large.pixels, large.native_pixels), (512, 512));
    assert_eq!(large.sides, [128, 192, 256, 320, 384, 448, 512]);

    let budgets = (43..60).rev().map(|tenths| tenths * 100_000_000);
    let mut plans = budgets.map(|budget| advised(LayerPreset::KeyValue, budget));
    let smaller = plans
        .find(|advice| matches!(advice.train.verdict, Verdict::FitsAt(_)))
        .unwrap();
    assert_eq!(smaller.train.verdict, Verdict::FitsAt(smaller.pixels));
    assert!(smaller.pixels < 512 && smaller.sides.contains(&smaller.pixels));

    // Where it cannot be trained, pictures are made as large as they fit.
    let none = advised(LayerPreset::All, 6_000_000_000);
    assert!(matches!(none.train.verdict, Verdict::DoesNotFit(_)));
    assert_eq!((none.pixels, none.can_generate()), (512, true));
    assert!(!advised(LayerPreset::All, 3_000_000_000).can_generate());
}

#[test]
fn a_request_for_a_size_is_planned_for_as_it_is() {
    let configs = stable_diffusion();
    let options = PlanOptions {
        pixels: Some(256),
        ..options()
    };
    let advice = advise(&configs, &options, Kernels::Burn, limits(100_000_000_000));
    assert_eq!((advice.pixels, advice.train.pixels), (256, 256));
    assert_eq!(advice.train.verdict, Verdict::Fits);
}

#[test]
fn what_is_held_in_one_type_is_planned_for_in_that_type() {
    let configs = stable_diffusion();
    let advised = |stored| {
        let options = PlanOptions {
            stored: Some(stored),
            ..options()
        };
        advise(&configs, &options, Kernels::Burn, limits(100_000_000_000))
    };
    let [whole, half] = [Stored::F32, Stored::F16].map(advised);
    assert_eq!((whole.stored, half.stored), (Stored::F32, Stored::F16));
    assert!(half.train.peak() < whole.train.peak());
    assert!(half.generate.peak() < whole.generate.peak());
}

#[test]
fn halves_are_the_way_out_where_training_does_not_fit_otherwise() {
    let configs = stable_diffusion();
    let stored = |budget| advise(&configs, &options(), Kernels::Burn, limits(budget));
    let large = stored(100_000_000_000);
    assert_eq!(
        (large.stored, &large.train.verdict),
        (Stored::F32, &Verdict::Fits)
    );
    // The mark: all layers at 512 pixels in 8 GB.
    let marked = stored(8_000_000_000);
    assert_eq!(
        (marked.pixels, &marked.train.verdict),
        (512, &Verdict::Fits)
    );
    println!("{} {:?}", marked.train.sentence(), marked.train.strategy);
    assert_eq!(stored(5_000_000_000).stored, Stored::F16);
}

#[test]
fn a_small_base_has_no_smaller_sizes() {
    let mut configs = stable_diffusion();
    configs.unet.sample_size = Some(8);
    let advice = advise(&configs, &options(), Kernels::Custom, limits(u64::MAX));
    assert_eq!((advice.native_pixels, advice.sides), (64, vec![64]));
}

#[test]
fn who_drops_what_is_idle_prepares_before_u_and_v_are_there() {
    let configs = stable_diffusion();
    let job = training(Stored::F32);
    let of = |offload| {
        let strategy = Strategy {
            offload,
            ..Strategy::default()
        };
        phases(&configs, &job, 512, strategy)
    };
    let (kept, dropped) = (of(false), of(true));
    let has = |phase: &Phase| phase.items.iter().any(|item| item.name == "U and V");
    assert!(has(&kept[0]) && !has(&dropped[0]));
    let names: Vec<&str> = dropped.iter().map(|phase| phase.name).collect();
    assert_eq!(
        names,
        [
            "preparing the pictures",
            "taking the weights apart",
            "training"
        ]
    );
}
