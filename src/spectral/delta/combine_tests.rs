//! Properties of combinations, for random shifts.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use burn::tensor::{Device, Tensor};
use proptest::prelude::*;

use crate::spectral::delta::Subject;
use crate::spectral::delta::combine::*;
use crate::spectral::shift::Shift;

/// Paths of Stable Diffusion's UNet, each with the length of its δ.
const LAYERS: [(&str, usize); 6] = [
    ("conv_in", 4),
    ("down_blocks.1.attentions.0.proj_in", 5),
    ("down_blocks.1.resnets.0.conv1", 6),
    ("down_blocks.2.resnets.0.conv1", 3),
    ("mid_block.attentions.0.proj_in", 5),
    ("up_blocks.0.resnets.0.norm1", 7),
];

fn kind(path: &str) -> ShiftKind {
    if path.contains("norm") {
        ShiftKind::NormFull
    } else {
        ShiftKind::Spectral
    }
}

/// Shifts of some of the layers; the first attention is always there.
fn shifts() -> impl Strategy<Value = ShiftSet> {
    let layers = LAYERS.map(|(_, len)| {
        prop::option::weighted(0.7, prop::collection::vec(-4.0_f32..4.0, len..=len))
    });
    layers.prop_map(|layers| {
        let mut set = ShiftSet::new();
        for ((path, len), delta) in LAYERS.into_iter().zip(layers) {
            let needed = path.contains("attentions");
            if let Some(delta) = delta.or_else(|| needed.then(|| vec![1.0; len])) {
                set.insert(path, kind(path), delta);
            }
        }
        set
    })
}

/// σ falls from 3 in steps of one half; a value at −3 closes relu.
fn base() -> DecomposedModel {
    let device = Device::flex();
    let layers = LAYERS.map(|(path, len)| {
        let layer = if kind(path) == ShiftKind::NormFull {
            LayerFactors::Norm(vec![1.0; len])
        } else {
            LayerFactors::Matrix {
                u: Tensor::eye(len, &device).into(),
                sigma: (0..len).map(|i| (3.0 - 0.5 * i as f32).max(0.0)).collect(),
                vt: Tensor::eye(len, &device).into(),
            }
        };
        (path.to_owned(), layer)
    });
    DecomposedModel::from_layers(layers.into())
}

fn change(base: &DecomposedModel, path: &str, shift: &Shift) -> Vec<f32> {
    let (_, layer) = base.layers().find(|(found, _)| *found == path).unwrap();
    match layer {
        LayerFactors::Matrix { sigma, .. } => {
            sigma_changes(sigma, &shift.delta).map(f32::abs).collect()
        }
        LayerFactors::Norm(_) => shift.delta.clone(),
    }
}

fn delta(name: &str, unet: ShiftSet) -> Delta {
    Delta {
        metadata: DeltaMetadata {
            base_id: "emoji".into(),
            base_sha256: "a".repeat(64),
            precision: "f32".into(),
            subjects: vec![Subject {
                token: name.into(),
                class_word: "dog".into(),
            }],
            title: name.into(),
            trigger_phrase: format!("{name} dog"),
            steps: 100,
            ..DeltaMetadata::default()
        },
        unet,
        ..Delta::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn interpolation_has_its_parents_at_its_ends(a in shifts(), b in shifts()) {
        prop_assert_eq!(interpolate(&a, &b, 1.0).unwrap(), a.clone());
        prop_assert_eq!(interpolate(&a, &b, 0.0).unwrap(), b);
        for (path, shift) in interpolate(&a, &a, 0.25).unwrap().iter() {
            let found = shift.delta.iter().zip(&a.get(path).unwrap().delta);
            prop_assert!(found.into_iter().all(|(x, y)| (x - y).abs() < 1e-6));
        }
    }

    #[test]
    fn a_sum_does_not_depend_on_the_order(a in shifts(), b in shifts(), x in -2.0_f32..2.0, y in -2.0_f32..2.0) {
        let sum = |terms: Vec<(&ShiftSet, f32)>| weighted(terms).unwrap();
        prop_assert_eq!(sum(vec![(&a, x), (&b, y)]), sum(vec![(&b, y), (&a, x)]));
    }

    #[test]
    fn twice_a_half_is_the_whole_and_a_delta_without_itself_is_nothing(a in shifts()) {
        prop_assert_eq!(weighted(vec![(&a, 0.5), (&a, 0.5)]).unwrap(), a.clone());
        let nothing = weighted(vec![(&a, 1.5), (&a, -1.5)]).unwrap();
        prop_assert!(nothing.iter().all(|(_, shift)| shift.delta.iter().all(|&d| d == 0.0)));
    }

    #[test]
    fn a_rank_limit_keeps_the_largest_changes_and_at_full_length_everything(a in shifts(), k in 1_usize..6) {
        let base = base();
        prop_assert_eq!(&limit_rank(&a, &base, 6).unwrap(), &a);
        let limited = limit_rank(&a, &base, k).unwrap();
        for (path, shift) in limited.iter() {
            let whole = a.get(path).unwrap();
            if shift.kind == ShiftKind::NormFull {
                prop_assert_eq!(shift, whole);
                continue;
            }
            let kept = |i: usize| shift.delta[i] == whole.delta[i];
            let changes = change(&base, path, whole);
            prop_assert_eq!(shift.delta.iter().filter(|&&d| d != 0.0).count(), whole.delta.iter().filter(|&&d| d != 0.0).count().min(k.min(shift.delta.len())));
            let least = (0..changes.len()).filter(|&i| kept(i) && whole.delta[i] != 0.0).map(|i| changes[i]).fold(f32::MAX, f32::min);
            let most = (0..changes.len()).filter(|&i| !kept(i)).map(|i| changes[i]).fold(0.0, f32::max);
            prop_assert!(most <= least, "{} was left out, {} was kept", most, least);
        }
        prop_assert_eq!(&limit_rank(&limited, &base, k).unwrap(), &limited);
    }

    #[test]
    fn a_style_mix_takes_every_layer_from_one_parent(a in shifts(), b in shifts()) {
        let mixed = mix_styles(&a, &b).unwrap();
        for (path, _) in LAYERS {
            let of_geometry = path.starts_with("down_blocks") || path.starts_with("mid_block");
            let parent = if of_geometry { &a } else { &b };
            prop_assert_eq!(mixed.get(path), parent.get(path), "{}", path);
        }
        prop_assert_eq!(mix_styles(&a, &a).unwrap(), a);
    }
}

#[test]
fn deltas_without_attention_on_the_way_down_cannot_be_mixed_by_style() {
    let mut lone = ShiftSet::new();
    lone.insert(
        "up_blocks.1.attentions.0.proj_in",
        ShiftKind::Spectral,
        vec![1.0],
    );
    let error = mix_styles(&lone, &lone).unwrap_err().to_string();
    assert!(error.contains("cannot be mixed by style"), "{error}");
}

#[test]
fn a_combination_names_its_parents_and_survives_its_file() {
    let mut set = ShiftSet::new();
    set.insert("conv_in", ShiftKind::Spectral, vec![1.0, -2.0]);
    let (a, b) = (delta("sks", set.clone()), delta("zwx", set));
    let mut c = Combine::Interpolate(0.25)
        .apply(&[(&a, "1".repeat(64)), (&b, "2".repeat(64))])
        .unwrap();
    assert_eq!(c.metadata.title, "sks + zwx");
    assert_eq!(c.metadata.trigger_phrase, "sks dog and zwx dog");
    assert_eq!(c.metadata.subjects.len(), 2);
    assert_eq!(c.metadata.base_sha256, a.metadata.base_sha256);
    let parents: Vec<_> = c.metadata.parents.iter().collect();
    assert_eq!((parents[0].strength, parents[1].strength), (0.25, 0.75));
    assert_eq!(parents[1].content_sha256, "2".repeat(64));
    assert_eq!(
        c.metadata.combination,
        Some(Combination {
            kind: CombinationKind::Interpolate,
            rank: None
        })
    );
    c.metadata.date = "2026-11-23".into();
    assert_eq!(Delta::from_bytes(&c.to_bytes().unwrap()).unwrap(), c);
}

#[test]
fn deltas_that_cannot_be_combined_are_refused_with_the_reason() {
    let mut set = ShiftSet::new();
    set.insert("conv_in", ShiftKind::Spectral, vec![1.0]);
    let a = delta("a", set);
    let mut other = a.clone();
    other.metadata.base_sha256 = "b".repeat(64);
    let hash = String::new;
    let both = [(&a, hash()), (&other, hash())];
    let error = Combine::Sum(vec![1.0, 1.0]).apply(&both).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("different bases") && text.contains("aaaaaaaa") && text.contains("bbbbbbbb"),
        "{text}"
    );
    let two = [(&a, hash()), (&a, hash())];
    for (how, parents, expected) in [
        (Combine::Sum(vec![1.0]), &two[..], "one weight for each"),
        (Combine::Sum(vec![0.0, 0.0]), &two, "Every weight is 0"),
        (Combine::Sum(vec![1.0, f32::NAN]), &two, "NaN"),
        (Combine::Sum(vec![]), &[], "Every weight is 0"),
        (Combine::Interpolate(0.5), &two[..1], "two deltas"),
        (Combine::StyleMix, &two[..1], "two deltas"),
    ] {
        let error = how.apply(parents).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_rank_that_no_layer_has_is_refused() {
    let mut set = ShiftSet::new();
    set.insert("conv_in", ShiftKind::Spectral, vec![1.0; 4]);
    set.insert("conv_out", ShiftKind::Spectral, vec![1.0; 5]);
    let matrices = delta("a", set);
    for k in [0, 6] {
        let error = check_rank(&matrices, k).unwrap_err().to_string();
        assert!(
            error.contains(&format!("rank is {k}")) && error.contains("at most 5"),
            "{error}"
        );
    }
    assert_eq!(check_rank(&matrices, 5), Ok(()));
    let mut norms = ShiftSet::new();
    norms.insert("conv_norm_out", ShiftKind::NormFull, vec![1.0; 7]);
    let error = check_rank(&delta("a", norms), 1).unwrap_err().to_string();
    assert!(error.contains("norms only"), "{error}");
}
