//! [`crate::ops::attention_map`] against Burn's own operations.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use burn::tensor::{Device, Distribution};

use crate::ops::attention_map::*;
use crate::ops::close::assert_close;

#[test]
fn maps_and_gradients_are_those_of_burns_operations() {
    let random = |shape: [usize; 3]| -> Tensor<3> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.5), &Device::flex())
    };
    for [batch, queries, keys, channels, heads] in [
        [1, 4, 3, 2, 1],
        [2, 64, 32, 24, 4],
        [3, 35, 7, 16, 2],
        [1, 300, 77, 10, 1],
    ] {
        let what = format!("{batch} × {queries} × {keys} × {channels}, {heads} heads");
        let q = random([batch, queries, channels]).autodiff().require_grad();
        let k = random([batch, keys, channels]).autodiff().require_grad();
        let seed = random([batch, queries, keys]);
        let [own, burns] = [attention_map, generic::attention_map].map(|f| {
            let map = f(q.clone(), k.clone(), heads);
            let gradients = (map.clone() * seed.clone()).sum().backward();
            let of = |x: &Tensor<3>| x.grad(&gradients).unwrap();
            [map.inner(), of(&q), of(&k)]
        });
        for ((own, burns), part) in own.into_iter().zip(burns).zip(["P", "∂q", "∂k"]) {
            assert_close(own, burns, 1e-5, &format!("{part} of {what}"));
        }
        let plain = attention_map(q.clone().inner(), k.clone().inner(), heads);
        let burns = generic::attention_map(q.inner(), k.inner(), heads);
        assert_close(plain, burns, 1e-5, &what);
    }
}
