//! The effect of tiles on a picture.

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
        // A seam crosses all rows, an edge of the subject only few. So compare the median over the rows of the
        // differences between neighbouring columns that tiles add.
        let added = |at: usize| {
            let rows = (0..3 * size).map(|row| row * size + at);
            let step = |i: usize| (tiled[i] - whole[i] - tiled[i - 1] + whole[i - 1]).abs();
            let mut steps: Vec<f32> = rows.map(step).collect();
            steps.sort_by(f32::total_cmp);
            steps[steps.len() / 2]
        };
        let seam = (1..size).map(added).fold(0.0, f32::max);
        println!(
            "pictures {apart:.4} of a range of 2, latents {latents_apart:.4}, largest seam {seam:.5}"
        );
        // 1.4 to 1.7 times the measured values; one of 255 levels is 0.0078.
        assert!(apart <= 0.03 && latents_apart <= 0.08);
        assert!(seam <= 0.012, "a seam of {seam}");
    });
}
