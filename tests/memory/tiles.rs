//! What tiles change in a picture.

use burn::tensor::Tensor;
use deltabooth::picture;

use super::{counting, models};

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

#[test]
fn a_picture_in_tiles_is_the_whole_one_but_for_a_little_and_shows_no_seams() {
    counting::alone(|| {
        let (size, tile) = (256, 128);
        let mut base = models::embedded_base();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::read(root.join("static/subjects/dog/0.png")).unwrap();
        let picture = picture::decode(&file).unwrap().square(0.5, size as u32);
        let pixels = Tensor::<1>::from_floats(&picture.to_model()[..], base.device());
        let pixels = pixels.reshape([1, 3, size, size]);
        let whole_latents = base.vae.encode(pixels.clone()).mean;
        let whole = values(base.vae.decode(whole_latents.clone()));
        base.vae.set_tiling(Some(tile)).unwrap();
        let tiled = values(base.vae.decode(whole_latents.clone()));
        let latents = values(base.vae.encode(pixels).mean);

        let rms = |a: &[f32], b: &[f32]| {
            let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
            (sum / a.len() as f32).sqrt()
        };
        let apart = rms(&tiled, &whole);
        let whole_latents = values(whole_latents);
        let spread = rms(&whole_latents, &vec![0.0; latents.len()]);
        let latents_apart = rms(&latents, &whole_latents) / spread;
        // The step from one column to the next, where a tile begins to be seen and elsewhere.
        let step = |at: usize| {
            let rows = (0..3 * size).map(|row| row * size + at);
            let difference = |i: usize| (tiled[i] - whole[i] - tiled[i - 1] + whole[i - 1]).powi(2);
            (rows.map(difference).sum::<f32>() / (3 * size) as f32).sqrt()
        };
        let limit = tile - tile / 4;
        let others: f32 = (1..size).map(step).sum::<f32>() / (size - 1) as f32;
        let seam = step(limit).max(step(2 * limit));
        println!(
            "pictures {apart:.4} of a range of 2, latents {latents_apart:.4}, seam {seam:.5}, elsewhere {others:.5}"
        );
        // 1.5 to 1.7 times what was measured.
        assert!(apart <= 0.03 && latents_apart <= 0.08);
        assert!(seam <= 4.0 * others, "{seam} at a seam, {others} elsewhere");
    });
}
