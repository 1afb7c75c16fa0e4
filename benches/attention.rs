//! Attention with P kept against attention by rows: a forward and a backward pass on the CPU.
//!
//! `cargo bench --profile dev --bench attention`

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use deltabooth::ops::attention::{attention_saving, saves_weights};

/// Batch, pixels, keys, channels, heads: the embedded base's; Stable Diffusion 1.5's at 128, 256 and
/// 512 px.
const SIZES: [[usize; 5]; 8] = [
    [1, 256, 256, 64, 4],
    [1, 256, 32, 64, 4],
    [1, 64, 64, 96, 4],
    [1, 256, 256, 320, 8],
    [1, 576, 576, 320, 8],
    [1, 1024, 1024, 320, 8],
    [1, 4096, 77, 320, 8],
    [1, 4096, 4096, 320, 8],
];

fn main() {
    deltabooth::memory::keep_freed();
    println!("batch × queries × keys × channels, heads\tP, MiB\tP kept, ms\tby rows, ms\tchosen");
    for [batch, queries, keys, channels, heads] in SIZES {
        let random = |tokens| {
            let size = [batch, tokens, channels];
            let x = Tensor::<3>::random(size, Distribution::Normal(0.0, 1.0), &Device::flex());
            x.autodiff().require_grad()
        };
        let (q, k, v) = (random(queries), random(keys), random(keys));
        let repeats = ((1 << 25) / (queries * keys * heads)).clamp(3, 100);
        let [kept, by_rows] = [true, false].map(|keep| {
            let mut times: Vec<f64> = (0..repeats)
                .map(|_| {
                    let start = Instant::now();
                    let y = attention_saving(q.clone(), k.clone(), v.clone(), heads, keep);
                    drop(y.sum().backward());
                    start.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        });
        let chosen = if saves_weights(batch, heads, queries, keys) {
            "kept"
        } else {
            "by rows"
        };
        println!(
            "{batch} × {queries} × {keys} × {channels}, {heads}\t{:.1}\t{kept:.2}\t{by_rows:.2}\t{chosen}",
            (batch * heads * queries * keys * 4) as f64 / f64::from(1 << 20),
        );
    }
}
