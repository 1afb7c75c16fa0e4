//! Products of F32 matrices on the CPU (the `gemm` crate), over borrowed slices.

/// A matrix in a borrowed slice.
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

    /// `[rows, cols]`, with `row_stride` elements from the start of a row to the start of the next.
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

    /// The transpose; the elements stay where they are.
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

/// Where a product is written: rows that start `row_stride` elements apart.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    data: &'a mut [f32],
    row_stride: usize,
}

impl<'a> Target<'a> {
    /// Rows that start `row_stride` elements apart.
    pub(crate) fn new(data: &'a mut [f32], row_stride: usize) -> Self {
        Self { data, row_stride }
    }
}

/// `product` = `left` · `right`, row-major; with `add`, `product` += `left` · `right`.
///
/// With `threads`, a large product runs on all cores. In a browser there is one core.
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

/// As [`multiply`], into rows that need not be adjacent.
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
    // is the largest offset of a matrix plus one, and the rows of `product` do not overlap.
    // `product` is borrowed mutably, so it overlaps neither factor.
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

/// Length of the slice that a matrix spans.
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
