//! Attention that keeps no scores.

use burn::tensor::{Device, Distribution, Tensor};
use deltabooth::ops::attention::attention_saving;

use super::counting;

/// The peak of a forward and a backward pass over `tokens` queries and keys.
fn peak(tokens: usize, keep: bool) -> usize {
    let random = || {
        let size = [1, tokens, 16];
        Tensor::<3>::random(size, Distribution::Normal(0.0, 1.0), &Device::flex())
    };
    let [q, k, v] = [random(), random(), random()].map(|x| x.autodiff().require_grad());
    let pass = || {
        let y = attention_saving(q.clone(), k.clone(), v.clone(), 2, keep);
        y.sum().backward()
    };
    // Scratch space is made once for each thread.
    pass();
    counting::peak(pass).0
}

#[test]
fn without_the_scores_memory_grows_with_the_tokens_and_not_with_their_square() {
    counting::alone(|| {
        let [short, long] = [512, 2048].map(|tokens| peak(tokens, false));
        let [short_kept, long_kept] = [512, 2048].map(|tokens| peak(tokens, true));
        println!("by rows {short} and {long} bytes, P kept {short_kept} and {long_kept}");
        assert!(long <= 5 * short, "{long} of {short}");
        assert!(long_kept >= 12 * short_kept, "{long_kept} of {short_kept}");
        // q, k, v, y, their gradients and what a sum's gradient takes: a dozen such tensors at most.
        assert!(long <= 12 * 2048 * 16 * 4, "{long}");
    });
}
