//! What all of the CPU's kernels are made of: products of matrices, pieces of work for the cores,
//! and buffers that are used again.

use std::cell::RefCell;

/// A matrix of borrowed numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> View<'a> {
    /// Row-major `[rows, cols]`.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a matrix [{rows}, {cols}]");
        Self::strided(data, rows, cols, cols)
    }

    /// `[rows, cols]`, of which each row starts `row_stride` after the one before.
    pub(crate) fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(
            reach(rows, cols, row_stride) <= data.len(),
            "a matrix [{rows}, {cols}]"
        );
        Self {
            data,
            rows,
            cols,
            row_stride,
            col_stride: 1,
        }
    }

    /// The transpose; nothing is moved.
    pub(crate) fn t(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// Where a product is written: rows of numbers, `row_stride` apart.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    data: &'a mut [f32],
    row_stride: usize,
}

impl<'a> Target<'a> {
    /// Rows of which each starts `row_stride` after the one before.
    pub(crate) fn new(data: &'a mut [f32], row_stride: usize) -> Self {
        Self { data, row_stride }
    }
}

/// Row-major `product` = `left` · `right`, added to what is there if `add`.
///
/// `threads` lets a large product run on all cores; in a browser there is one.
pub(crate) fn multiply(
    product: &mut [f32],
    left: View<'_>,
    right: View<'_>,
    add: bool,
    threads: bool,
) {
    assert_eq!(
        product.len(),
        left.rows * right.cols,
        "a product [{}, {}]",
        left.rows,
        right.cols
    );
    multiply_into(Target::new(product, right.cols), left, right, add, threads);
}

/// As [`multiply`], into rows that may lie apart.
pub(crate) fn multiply_into(
    product: Target<'_>,
    left: View<'_>,
    right: View<'_>,
    add: bool,
    threads: bool,
) {
    let (m, k, n) = (left.rows, left.cols, right.cols);
    assert_eq!(k, right.rows, "the inner sizes of a product");
    assert!(
        n <= product.row_stride && reach(m, n, product.row_stride) <= product.data.len(),
        "a product [{m}, {n}]"
    );
    // SAFETY: the asserts here and in `View` keep every read and write inside the slices: `reach`
    // is one more than the largest offset of a matrix, and its rows do not overlap. `product` is
    // borrowed mutably, so it overlaps neither factor.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            product.data.as_mut_ptr(),
            1,
            product.row_stride as isize,
            add,
            left.data.as_ptr(),
            left.col_stride as isize,
            left.row_stride as isize,
            right.data.as_ptr(),
            right.col_stride as isize,
            right.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism(threads && m * n * k >= 1 << 20),
        );
    }
}

/// Numbers from a matrix's first to its last.
fn reach(rows: usize, cols: usize, row_stride: usize) -> usize {
    if rows == 0 || cols == 0 {
        0
    } else {
        (rows - 1) * row_stride + cols
    }
}

#[cfg(not(target_family = "wasm"))]
fn parallelism(threads: bool) -> gemm::Parallelism {
    if threads {
        gemm::Parallelism::Rayon(0)
    } else {
        gemm::Parallelism::None
    }
}

#[cfg(target_family = "wasm")]
fn parallelism(_threads: bool) -> gemm::Parallelism {
    gemm::Parallelism::None
}

/// Cuts each output into pieces of its size and runs `f(index, the outputs' pieces)` on all cores.
pub(crate) fn for_pieces<const N: usize>(
    outputs: [(&mut [f32], usize); N],
    f: impl Fn(usize, [&mut [f32]; N]) + Sync,
) {
    let mut outputs = outputs.map(|(output, size)| output.chunks_mut(size));
    let pieces: Vec<[&mut [f32]; N]> = core::iter::from_fn(|| {
        let next = outputs.each_mut().map(Iterator::next);
        let whole = next.iter().all(Option::is_some);
        whole.then(|| next.map(Option::unwrap_or_default))
    })
    .collect();
    #[cfg(not(target_family = "wasm"))]
    if pieces.len() > 1 {
        use rayon::prelude::*;
        pieces
            .into_par_iter()
            .enumerate()
            .for_each(|(index, pieces)| f(index, pieces));
        return;
    }
    for (index, pieces) in pieces.into_iter().enumerate() {
        f(index, pieces);
    }
}

/// Adds all pieces of `len` numbers to the first, in their order, and leaves that one.
pub(crate) fn sum_pieces(mut pieces: Vec<f32>, len: usize) -> Vec<f32> {
    let (first, rest) = pieces.split_at_mut(len);
    for piece in rest.chunks_exact(len) {
        first
            .iter_mut()
            .zip(piece)
            .for_each(|(sum, value)| *sum += value);
    }
    pieces.truncate(len);
    pieces
}

/// Runs `f` with a buffer whose contents are left over, kept for the next call on this thread:
/// a fresh one would cost a page fault every 4 KiB.
pub(crate) fn with_scratch<T>(len: usize, f: impl FnOnce(&mut [f32]) -> T) -> T {
    thread_local! {
        static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
    }
    // Taken out while in use, so that nested calls on this thread (rayon may start one while it
    // waits) each have their own.
    let mut buffer = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        // The old one goes first: nothing in it is wanted, and both may be large.
        drop(buffer);
        buffer = vec![0.0; len];
    }
    let result = f(&mut buffer[..len]);
    FREE.with_borrow_mut(|free| free.push(buffer));
    result
}
