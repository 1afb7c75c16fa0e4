//! [`crate::ops::attention`] against Burn's own operations.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Distribution};

use crate::ops::attention::chunked;
use crate::ops::attention::*;
use crate::ops::close::assert_close;

fn random(shape: [usize; 3]) -> Tensor<3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.5), &Device::flex())
}

/// The operation composed of Burn's own.
fn composed(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, heads: usize) -> Tensor<3> {
    let size = q.dims();
    let [q, k, v] = [q, k, v].map(|x| {
        let [batch, tokens, channels] = x.dims();
        x.reshape([batch, tokens, heads, channels / heads])
            .swap_dims(1, 2)
    });
    let scale = (q.dims()[3] as f64).sqrt().recip();
    let weights = softmax(q.matmul(k.swap_dims(2, 3)) * scale, 3);
    weights.matmul(v).swap_dims(1, 2).reshape(size)
}

/// Batch, queries, keys, channels and heads.
const SIZES: [[usize; 5]; 8] = [
    [1, 1, 1, 1, 1],
    [2, 64, 64, 24, 4],
    [3, 35, 32, 16, 2],
    [1, 300, 77, 10, 1],
    [2, 513, 9, 12, 3],
    [1, 7, 1, 64, 64],
    [1, 700, 1501, 16, 4],
    [2, 1025, 259, 24, 8],
];

/// y, ∂q, ∂k and ∂v of ⟨y, seed⟩.
fn differentiated(
    f: impl Fn(Tensor<3>, Tensor<3>, Tensor<3>, usize) -> Tensor<3>,
    given: &[Tensor<3>; 4],
    heads: usize,
) -> [Tensor<3>; 4] {
    let [q, k, v, seed] = given.clone();
    let [q, k, v] = [q, k, v].map(|x| x.autodiff().require_grad());
    let y = f(q.clone(), k.clone(), v.clone(), heads);
    let gradients = (y.clone() * seed).sum().backward();
    let of = |x: &Tensor<3>| x.grad(&gradients).unwrap();
    [y.inner(), of(&q), of(&k), of(&v)]
}

fn given([batch, queries, keys, channels, _]: [usize; 5]) -> [Tensor<3>; 4] {
    [queries, keys, keys, queries].map(|tokens| random([batch, tokens, channels]))
}

fn compare(own: [Tensor<3>; 4], burns: [Tensor<3>; 4], size: [usize; 5]) {
    // The softmax over a single key is 1 for any score, so ∂q and ∂k are 0.
    let off = [0.0, 1.0, 1.0, 0.0].map(|off| if size[2] == 1 { off } else { 0.0 });
    let parts = ["y", "∂q", "∂k", "∂v"];
    for (((own, burns), part), off) in own.into_iter().zip(burns).zip(parts).zip(off) {
        assert_close(own + off, burns + off, 1e-5, &format!("{part} of {size:?}"));
    }
}

#[test]
fn values_and_gradients_are_those_of_burns_operations() {
    for size in SIZES {
        let (given, heads) = (given(size), size[4]);
        let expected = differentiated(composed, &given, heads);
        for save_weights in [true, false] {
            let own = |q, k, v, heads| attention_saving(q, k, v, heads, save_weights);
            compare(differentiated(own, &given, heads), expected.clone(), size);
        }
    }
}

#[test]
fn in_chunks_of_any_length_values_and_gradients_are_those_of_burns_operations() {
    for size in SIZES {
        let [q, k, v, seed] = given(size);
        let heads = size[4];
        let expected = differentiated(
            composed,
            &[q.clone(), k.clone(), v.clone(), seed.clone()],
            heads,
        );
        for rows in [1, 48, 4096].map(|rows| rows.max(size[1] / 16)) {
            for save_weights in [false, true] {
                let [q, k, v, seed] = [&q, &k, &v, &seed].map(|x| x.clone().into_dispatch());
                let (y, saved) = chunked::forward::<Dispatch>(
                    q.clone(),
                    k.clone(),
                    v.clone(),
                    heads,
                    rows,
                    save_weights,
                );
                let [dq, dk, dv] = chunked::backward::<Dispatch>(seed, saved, rows);
                let own = [y, dq, dk, dv].map(Tensor::from_dispatch);
                compare(own, expected.clone(), size);
                let inference = chunked::inference::<Dispatch>(q, k, v, heads, rows);
                assert_close(
                    Tensor::from_dispatch(inference),
                    expected[0].clone(),
                    1e-5,
                    "y",
                );
            }
        }
    }
}

#[test]
fn values_without_a_graph_are_the_same() {
    for size in SIZES {
        let [q, k, v, _] = given(size);
        let own = attention(q.clone(), k.clone(), v.clone(), size[4]);
        assert_close(own, composed(q, k, v, size[4]), 1e-5, "y");
    }
}

#[test]
fn scores_far_apart_overflow_nothing() {
    let q = random([1, 20, 8]) * 1e4;
    let y = attention(q.clone(), q.clone(), q.clone(), 2);
    assert_close(y, composed(q.clone(), q.clone(), q, 2), 1e-5, "y");
}
