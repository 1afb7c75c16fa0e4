//! Partial, parallel and cached decomposition.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use burn::tensor::Tensor;
use pollster::block_on;

use super::{Small, random, values};
use crate::error::{Error, Result};
use crate::model::layers::LayerForm;
use crate::spectral::decompose::config::{
    CurrentThread, DecomposeConfig, Decomposer, FactorStore, NoStore,
};
use crate::spectral::decompose::layer_factors::LayerFactors;
use crate::spectral::decompose::shapes::Component;
use crate::spectral::decompose::summary::DecomposeSummary;
use crate::spectral::decompose::threads::{FactorFolder, Threads};
use crate::spectral::shift::{NormShift, ShiftKind, ShiftSet};
use crate::spectral::svd;
use crate::spectral::svd::Decomposition;
use crate::spectral::{DecomposedModel, WeightForm};
use crate::weights::Stored;

const HASH: &str = "the hash";

#[derive(Default)]
struct Kept(RefCell<BTreeMap<String, Vec<u8>>>);

impl FactorStore for Kept {
    async fn load(&self, name: &str) -> Option<Vec<u8>> {
        self.0.borrow().get(name).cloned()
    }

    async fn save(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.0.borrow_mut().insert(name.into(), bytes.into());
        Ok(())
    }
}

/// Notes what it is given; of the first `falls` nothing comes back.
#[derive(Default)]
struct Noting {
    shapes: RefCell<Vec<[usize; 2]>>,
    concurrency: usize,
    falls: Cell<usize>,
    at_once: Cell<usize>,
    most: Cell<usize>,
}

impl Decomposer for Noting {
    fn concurrency(&self) -> usize {
        self.concurrency.max(1)
    }

    async fn decompose(
        &self,
        matrix: Vec<f32>,
        shape: [usize; 2],
    ) -> Result<Option<Decomposition>> {
        self.shapes.borrow_mut().push(shape);
        self.at_once.set(self.at_once.get() + 1);
        self.most.set(self.most.get().max(self.at_once.get()));
        let mut first = true;
        // Lets the others begin.
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::take(&mut first) {
                std::task::Poll::Pending
            } else {
                std::task::Poll::Ready(())
            }
        })
        .await;
        self.at_once.set(self.at_once.get() - 1);
        if self.falls.get() > 0 {
            self.falls.set(self.falls.get() - 1);
            return Ok(None);
        }
        svd::decompose(&matrix, shape[0], shape[1]).map(Some)
    }
}

fn empty(model: &Small, stored: Stored) -> DecomposedModel {
    DecomposedModel::new(model, Component::Unet, HASH, stored).unwrap()
}

fn all(_: &str, _: LayerForm) -> bool {
    true
}

fn extend<D: Decomposer, S: FactorStore>(
    base: &mut DecomposedModel,
    model: &Small,
    (decomposer, store): (&D, &S),
) -> DecomposeSummary {
    let config = DecomposeConfig { decomposer, store };
    block_on(base.extend(model, all, config, async |_, _| Ok(()))).unwrap()
}

/// Every number of every layer, by its bits.
fn bits(base: &DecomposedModel) -> Vec<(String, Vec<u32>)> {
    let layers = base.layers().map(|(path, layer)| {
        let numbers = match layer {
            LayerFactors::Norm(weight) => weight.clone(),
            LayerFactors::Matrix { u, sigma, vt } => {
                [values(u.f32()), sigma.clone(), values(vt.f32())].concat()
            }
        };
        (
            path.to_owned(),
            numbers.into_iter().map(f32::to_bits).collect(),
        )
    });
    layers.collect()
}

fn whole(model: &Small, stored: Stored) -> DecomposedModel {
    let mut base = empty(model, stored);
    extend(&mut base, model, (&CurrentThread, &NoStore));
    base
}

#[test]
fn threads_give_the_same_factors_to_the_bit() {
    let model = Small::new();
    let one = bits(&whole(&model, Stored::F32));
    for count in [1, 2, 5] {
        let mut base = empty(&model, Stored::F32);
        extend(&mut base, &model, (&Threads::new(count), &NoStore));
        assert_eq!(bits(&base), one, "{count} threads");
    }
}

#[test]
fn interrupted_work_goes_on_after_the_last_layer_and_gives_the_same() {
    let model = Small::new();
    for stored in [Stored::F32, Stored::F16] {
        let uninterrupted = bits(&whole(&model, stored));
        let (kept, noting) = (Kept::default(), Noting::default());
        let config = DecomposeConfig {
            decomposer: &noting,
            store: &kept,
        };
        let mut base = empty(&model, stored);
        // Two norms and one matrix are done when the power goes.
        let outcome = block_on(
            base.extend(&model, all, config, async |done, _| match done {
                3 => Err(Error::Cancelled),
                _ => Ok(()),
            }),
        );
        assert_eq!(outcome, Err(Error::Cancelled));
        assert_eq!(kept.0.borrow().len(), 1);

        let mut later = empty(&model, stored);
        let summary = extend(&mut later, &model, (&noting, &kept));
        assert_eq!(
            (summary.cached, summary.decomposed, summary.damaged),
            (1, 2, 0)
        );
        assert_eq!(bits(&later), uninterrupted);
        // Where the power stayed on, what was finished is still there.
        let summary = extend(&mut base, &model, (&noting, &NoStore));
        assert_eq!((summary.cached, summary.decomposed), (0, 2));
        assert_eq!(bits(&base), uninterrupted);
        assert_eq!(noting.shapes.borrow().len(), 5);
    }
}

#[test]
fn a_damaged_file_is_found_out_and_made_again() {
    let model = Small::new();
    let kept = Kept::default();
    let mut base = empty(&model, Stored::F32);
    extend(&mut base, &model, (&CurrentThread, &kept));
    let sound = kept.0.borrow().clone();
    let file = &sound["unet.linear"];
    let read = |bytes: &[u8], hash, name| {
        Decomposition::from_bytes(bytes, hash, name, [5, 8], Stored::F32)
    };
    assert!(read(file, HASH, "unet.linear").is_ok());
    assert!(read(file, "another", "unet.linear").is_err());
    assert!(read(file, HASH, "unet.other").is_err());
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(read(&damaged, HASH, "unet.linear").is_err(), "byte {at}");
        assert!(
            read(&file[..at], HASH, "unet.linear").is_err(),
            "{at} bytes"
        );
    }

    for spoiled in [file[..file.len() - 1].to_vec(), Vec::new()] {
        kept.0.borrow_mut().insert("unet.linear".into(), spoiled);
        let mut again = empty(&model, Stored::F32);
        let summary = extend(&mut again, &model, (&CurrentThread, &kept));
        assert_eq!(
            (summary.cached, summary.decomposed, summary.damaged),
            (2, 1, 1)
        );
        assert_eq!(bits(&again), bits(&base));
        assert_eq!(*kept.0.borrow(), sound);
    }
}

#[test]
fn only_the_wanted_layers_are_decomposed_and_others_can_follow() {
    let model = Small::new();
    let noting = Noting::default();
    let config = DecomposeConfig {
        decomposer: &noting,
        store: &NoStore,
    };
    let mut base = empty(&model, Stored::F32);
    let linear = |path: &str, _| path == "linear";
    block_on(base.extend(&model, linear, config, async |_, _| Ok(()))).unwrap();
    assert_eq!(*noting.shapes.borrow(), [[5, 8]]);
    assert_eq!(base.work(&model, linear).unwrap(), None);
    assert!(base.work(&model, all).unwrap().is_some());

    // They can be trained and shifted; others cannot, in words that say so.
    let chosen =
        |only: &'static str| move |path: &str, _, _| (path == only).then_some(WeightForm::Factored);
    let train = |base: &DecomposedModel, only| {
        let shifted = base.shifted_model_with(&model, NormShift::FullLength, chosen(only));
        shifted.map(|shifted| shifted.len())
    };
    assert_eq!(train(&base, "linear"), Ok(5));
    assert!(matches!(train(&base, "conv"), Err(Error::Decomposition(_))));
    let shift = |path: &str, len| {
        let mut shifts = ShiftSet::new();
        shifts.insert(path, ShiftKind::Spectral, vec![0.5; len]);
        shifts
    };
    assert!(base.bake(&model, &[(&shift("linear", 5), 1.0)]).is_ok());
    // It fits, so it is no fault of the delta.
    base.check(&shift("conv", 8)).unwrap();
    let refused = base.bake(&model, &[(&shift("conv", 8), 1.0)]);
    assert!(matches!(refused, Err(Error::Decomposition(_))));

    extend(&mut base, &model, (&noting, &NoStore));
    assert_eq!(noting.shapes.borrow()[1..], [[8, 27], [4, 5]]);
    assert_eq!(bits(&base), bits(&whole(&model, Stored::F32)));
}

#[test]
fn the_largest_go_first_and_no_more_at_once_than_the_concurrency() {
    let model = Small::new();
    let noting = Noting {
        concurrency: 2,
        ..Noting::default()
    };
    extend(&mut empty(&model, Stored::F32), &model, (&noting, &NoStore));
    assert_eq!(*noting.shapes.borrow(), [[8, 27], [5, 8], [4, 5]]);
    assert_eq!(noting.most.get(), 2);
}

#[test]
fn a_matrix_whose_worker_fell_is_asked_for_again() {
    let model = Small::new();
    let noting = Noting {
        concurrency: 2,
        falls: Cell::new(2),
        ..Noting::default()
    };
    let mut base = empty(&model, Stored::F32);
    let summary = extend(&mut base, &model, (&noting, &NoStore));
    assert_eq!((summary.decomposed, noting.shapes.borrow().len()), (3, 5));
    assert_eq!(bits(&base), bits(&whole(&model, Stored::F32)));
}

#[test]
fn factors_in_halves_leave_the_base_as_it_is_and_err_little_beside_it() {
    let model = Small::new();
    let [exact, halves] = [Stored::F32, Stored::F16].map(|stored| whole(&model, stored));
    let x = random([1, 3, 6, 6]);
    let at = |base: &DecomposedModel, path: &str, delta: &[f32]| {
        let mut shifts = ShiftSet::new();
        shifts.insert(path, ShiftKind::Spectral, delta.to_vec());
        let baked = base.bake(&model, &[(&shifts, 1.0)]).unwrap();
        let factors = base.layers().find(|(name, _)| *name == path);
        let Some((_, LayerFactors::Matrix { u, sigma, vt })) = factors else {
            panic!("{path}")
        };
        let change: Vec<f32> = sigma
            .iter()
            .zip(delta)
            .map(|(s, d)| (s + d).max(0.0) - s)
            .collect();
        let scaled = u.f32() * Tensor::<1>::from_floats(change.as_slice(), &u.device()).unsqueeze();
        (
            values(baked.forward(x.clone())),
            values(scaled.matmul(vt.f32())),
            change,
        )
    };
    let unshifted = values(model.forward(x.clone()));
    for (path, len) in [("conv", 8), ("linear", 5)] {
        let zero = at(&halves, path, &vec![0.0; len]);
        assert_eq!(zero.0, unshifted, "{path} at δ = 0");
        let delta: Vec<f32> = (0..len).map(|i| i as f32 * 0.7 - 2.0).collect();
        let (a, b) = (at(&exact, path, &delta), at(&halves, path, &delta));
        let norm = |values: &[f32]| values.iter().map(|x| x * x).sum::<f32>().sqrt();
        let off: Vec<f32> = a.1.iter().zip(&b.1).map(|(a, b)| a - b).collect();
        let bound = norm(&a.2) / 1024.0;
        assert!(
            norm(&off) <= bound && norm(&off) > 0.0,
            "{path}: {} of {bound}",
            norm(&off)
        );
        assert_ne!(b.0, unshifted);
    }
}

#[test]
fn exact_factors_serve_where_halves_are_wanted_but_not_the_other_way_round() {
    let model = Small::new();
    let kept = Kept::default();
    extend(
        &mut empty(&model, Stored::F32),
        &model,
        (&CurrentThread, &kept),
    );
    let mut halves = empty(&model, Stored::F16);
    assert_eq!(
        extend(&mut halves, &model, (&CurrentThread, &kept)).cached,
        3
    );
    assert_eq!(bits(&halves), bits(&whole(&model, Stored::F16)));

    let kept = Kept::default();
    extend(
        &mut empty(&model, Stored::F16),
        &model,
        (&CurrentThread, &kept),
    );
    let mut exact = empty(&model, Stored::F32);
    assert_eq!(
        extend(&mut exact, &model, (&CurrentThread, &kept)).decomposed,
        3
    );
    assert_eq!(bits(&exact), bits(&whole(&model, Stored::F32)));
}

#[test]
fn a_folder_keeps_the_factors_of_each_base_apart() {
    let folder = tempfile::tempdir().unwrap();
    let model = Small::new();
    let store = FactorFolder::new(folder.path(), HASH);
    extend(
        &mut empty(&model, Stored::F16),
        &model,
        (&CurrentThread, &store),
    );
    let mut again = empty(&model, Stored::F16);
    assert_eq!(
        extend(&mut again, &model, (&CurrentThread, &store)).cached,
        3
    );
    assert_eq!(bits(&again), bits(&whole(&model, Stored::F16)));
    let other = FactorFolder::new(folder.path(), "another");
    assert_eq!(block_on(other.load("unet.linear")), None);

    // A folder that is no folder costs the files, not the factors.
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let mut base = empty(&model, Stored::F32);
    let summary = extend(
        &mut base,
        &model,
        (&CurrentThread, &FactorFolder::new(&file, HASH)),
    );
    assert!(matches!(summary.store_error, Some(Error::Io(_))));
    assert_eq!(bits(&base), bits(&whole(&model, Stored::F32)));
}
