//! Seconds for one matrix of each kind that Stable Diffusion 1.5 has, on one thread: as
//! `spectral::svd` does it, beside faer's thin decomposition in F64 and F32; one line each: what,
//! measured, what it missed by, separated by tabs.
//!
//! `cargo bench --profile dev --bench decomposition [-- ROWSxCOLS …]`
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say"
)]

use std::time::Instant;

use deltabooth::spectral::svd::accuracy::estimate;
use deltabooth::spectral::svd::{Accuracy, Decomposition, decompose};
use faer::Mat;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Par, diag::Diag};

const SHAPES: [(usize, usize); 8] = [
    (320, 320),
    (640, 640),
    (1280, 768),
    (1280, 1280),
    (1280, 5120),
    (10240, 1280),
    (1280, 11520),
    (1280, 23040),
];

fn main() {
    let given: Vec<(usize, usize)> = std::env::args().filter_map(|text| shape(&text)).collect();
    let shapes = if given.is_empty() {
        &SHAPES[..]
    } else {
        &given
    };
    for &(rows, cols) in shapes {
        let matrix = random(rows * cols);
        row(rows, cols, "as it is done", &matrix, decompose_here);
        row(rows, cols, "faer, F64", &matrix, thin_f64);
        row(rows, cols, "faer, F32", &matrix, thin_f32);
    }
}

fn shape(text: &str) -> Option<(usize, usize)> {
    let (rows, cols) = text.split_once('x')?;
    Some((rows.parse().ok()?, cols.parse().ok()?))
}

/// About normal, with the deviation of a layer's weights.
fn random(len: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..len)
        .map(|_| 0.03 * (next() + next() + next() + next() - 2.0))
        .collect()
}

fn row(
    rows: usize,
    cols: usize,
    how: &str,
    matrix: &[f32],
    decompose: fn(&[f32], usize, usize) -> Decomposition,
) {
    let began = Instant::now();
    let factors = decompose(matrix, rows, cols);
    let seconds = began.elapsed().as_secs_f64();
    let Accuracy {
        residual,
        orthogonality_error,
    } = estimate(&factors, matrix);
    println!(
        "{rows} × {cols}, {how}\t{seconds:.2} s\tresidual {residual:.1e}, orthogonality error {orthogonality_error:.1e}"
    );
}

fn decompose_here(matrix: &[f32], rows: usize, cols: usize) -> Decomposition {
    decompose(matrix, rows, cols).unwrap()
}

macro_rules! thin {
    ($name:ident, $number:ty) => {
        fn $name(matrix: &[f32], rows: usize, cols: usize) -> Decomposition {
            let (r, thin) = (rows.min(cols), ComputeSvdVectors::Thin);
            let a = Mat::from_fn(rows, cols, |i, j| <$number>::from(matrix[i * cols + j]));
            let (mut u, mut v) = (Mat::zeros(rows, r), Mat::zeros(cols, r));
            let mut sigma = Diag::<$number>::zeros(r);
            let settings = Default::default();
            let scratch = svd_scratch::<$number>(rows, cols, thin, thin, Par::Seq, settings);
            svd(
                a.as_ref(),
                sigma.as_mut(),
                Some(u.as_mut()),
                Some(v.as_mut()),
                Par::Seq,
                MemStack::new(&mut MemBuffer::new(scratch)),
                settings,
            )
            .unwrap();
            let sigma = sigma.column_vector();
            Decomposition {
                u: (0..rows * r).map(|at| u[(at / r, at % r)] as f32).collect(),
                sigma: (0..r).map(|k| sigma[k] as f32).collect(),
                vt: (0..r * cols)
                    .map(|at| v[(at % cols, at / cols)] as f32)
                    .collect(),
                rows,
                cols,
                accuracy: Accuracy::default(),
            }
        }
    };
}

thin!(thin_f64, f64);
thin!(thin_f32, f32);
