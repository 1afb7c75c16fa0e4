//! The CPU's kernels below [`super::frozen`]: a matrix product, and a picture as columns.
//!
//! A convolution is a product of the kernel `[c_out, c_in·k·k]` with the columns
//! `[c_in·k·k, h'·w']` of a picture `[c_in, h, w]`: column p holds what the kernel sees at pixel p.

use std::cell::RefCell;

/// The shape of a convolution: square kernel, same stride and padding both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Kernel side k.
    pub(super) kernel_size: usize,
    /// Step in pixels.
    pub(super) stride: usize,
    /// Zeros added on every side.
    pub(super) padding: usize,
}

impl Window {
    /// h' of h, or w' of w.
    pub(super) fn output(&self, size: usize) -> usize {
        (size + 2 * self.padding - self.kernel_size) / self.stride + 1
    }

    /// Whether the columns are the picture itself.
    fn is_pointwise(&self) -> bool {
        *self
            == Self {
                kernel_size: 1,
                stride: 1,
                padding: 0,
            }
    }

    /// Runs `f` with the columns of `picture` `[channels, height, width]`.
    pub(super) fn columns<T>(
        &self,
        picture: &[f32],
        [height, width]: [usize; 2],
        f: impl FnOnce(&[f32]) -> T,
    ) -> T {
        if self.is_pointwise() {
            return f(picture);
        }
        let channels = picture.len() / (height * width);
        let pixels = self.output(height) * self.output(width);
        with_scratch(
            channels * self.kernel_size * self.kernel_size * pixels,
            |columns| {
                self.visit(channels, [height, width], |pixel, at, len| {
                    let target = &mut columns[at..at + len];
                    match pixel {
                        None => target.fill(0.0),
                        Some(from) if self.stride == 1 => {
                            target.copy_from_slice(&picture[from..from + len])
                        }
                        Some(from) => {
                            target
                                .iter_mut()
                                .enumerate()
                                .for_each(|(x, value)| *value = picture[from + x * self.stride]);
                        }
                    }
                });
                f(columns)
            },
        )
    }

    /// Lets `f` write columns, then adds each of them to the pixels of `picture` that it came from.
    pub(super) fn add_columns(
        &self,
        picture: &mut [f32],
        [height, width]: [usize; 2],
        f: impl FnOnce(&mut [f32]),
    ) {
        if self.is_pointwise() {
            return f(picture);
        }
        let channels = picture.len() / (height * width);
        let pixels = self.output(height) * self.output(width);
        with_scratch(
            channels * self.kernel_size * self.kernel_size * pixels,
            |columns| {
                f(columns);
                self.visit(channels, [height, width], |pixel, at, len| {
                    let Some(from) = pixel else { return };
                    let source = &columns[at..at + len];
                    if self.stride == 1 {
                        picture[from..from + len]
                            .iter_mut()
                            .zip(source)
                            .for_each(|(pixel, value)| *pixel += value);
                    } else {
                        source
                            .iter()
                            .enumerate()
                            .for_each(|(x, value)| picture[from + x * self.stride] += value);
                    }
                });
            },
        );
    }

    /// Walks the columns in runs: `f(pixel, at, len)` says that the elements `at..at + len` are the
    /// pixels `pixel`, `pixel + stride`, …, or padding where it is `None`.
    fn visit(
        &self,
        channels: usize,
        [height, width]: [usize; 2],
        mut f: impl FnMut(Option<usize>, usize, usize),
    ) {
        let (k, stride, padding) = (self.kernel_size, self.stride, self.padding);
        let (rows, cols) = (self.output(height), self.output(width));
        let mut at = 0;
        for channel in 0..channels {
            for ky in 0..k {
                for kx in 0..k {
                    // The first and the last output column whose pixel lies inside the picture.
                    let first = padding.saturating_sub(kx).div_ceil(stride).min(cols);
                    let end = (width + padding)
                        .saturating_sub(kx)
                        .div_ceil(stride)
                        .min(cols)
                        .max(first);
                    for row in 0..rows {
                        let y = (row * stride + ky).wrapping_sub(padding);
                        if y < height {
                            let start = channel * height * width + y * width;
                            f(None, at, first);
                            if end > first {
                                f(
                                    Some(start + first * stride + kx - padding),
                                    at + first,
                                    end - first,
                                );
                            }
                            f(None, at + end, cols - end);
                        } else {
                            f(None, at, cols);
                        }
                        at += cols;
                    }
                }
            }
        }
    }
}

/// A matrix of borrowed numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> View<'a> {
    /// Row-major `[rows, cols]`.
    pub(super) fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a matrix [{rows}, {cols}]");
        Self::strided(data, rows, cols, cols)
    }

    /// `[rows, cols]`, of which each row starts `row_stride` after the one before.
    pub(super) fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
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
    pub(super) fn t(self) -> Self {
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
pub(super) struct Target<'a> {
    data: &'a mut [f32],
    row_stride: usize,
}

impl<'a> Target<'a> {
    /// Rows one after the other.
    pub(super) fn whole(data: &'a mut [f32], cols: usize) -> Self {
        Self::strided(data, cols)
    }

    /// Rows of which each starts `row_stride` after the one before.
    pub(super) fn strided(data: &'a mut [f32], row_stride: usize) -> Self {
        Self { data, row_stride }
    }
}

/// Row-major `product` = `left` · `right`, added to what is there if `add`.
///
/// `threads` lets a large product run on all cores; in a browser there is one.
pub(super) fn multiply(
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
    multiply_into(
        Target::whole(product, right.cols),
        left,
        right,
        add,
        threads,
    );
}

/// As [`multiply`], into rows that may lie apart.
pub(super) fn multiply_into(
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
pub(super) fn for_pieces<const N: usize>(
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

/// Runs `f` with a buffer whose contents are left over, kept for the next call on this thread:
/// a fresh one would cost a page fault every 4 KiB.
pub(super) fn with_scratch<T>(len: usize, f: impl FnOnce(&mut [f32]) -> T) -> T {
    thread_local! {
        static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
    }
    // Taken out while in use, so that nested calls on this thread (rayon may start one while it
    // waits) each have their own.
    let mut buffer = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let result = f(&mut buffer[..len]);
    FREE.with_borrow_mut(|free| free.push(buffer));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_what_the_kernel_sees() {
        for (kernel_size, stride, padding) in [
            (1, 1, 0),
            (3, 1, 1),
            (3, 2, 1),
            (3, 1, 0),
            (3, 2, 0),
            (1, 2, 0),
            (2, 3, 1),
        ] {
            let window = Window {
                kernel_size,
                stride,
                padding,
            };
            let (channels, height, width) = (2, 5, 7);
            let picture: Vec<f32> = (0..channels * height * width)
                .map(|value| value as f32 + 1.0)
                .collect();
            let (rows, cols) = (window.output(height), window.output(width));
            let columns = window.columns(&picture, [height, width], <[f32]>::to_vec);
            let mut sums = vec![0.0; picture.len()];
            window.add_columns(&mut sums, [height, width], |columns| columns.fill(1.0));
            let mut expected_sums = vec![0.0; picture.len()];
            let mut at = 0;
            for c in 0..channels {
                for ky in 0..kernel_size {
                    for kx in 0..kernel_size {
                        for row in 0..rows {
                            for col in 0..cols {
                                let (y, x) = (row * stride + ky, col * stride + kx);
                                let inside = (padding..height + padding).contains(&y)
                                    && (padding..width + padding).contains(&x);
                                let pixel = inside
                                    .then(|| (c * height + y - padding) * width + x - padding);
                                assert_eq!(
                                    columns[at],
                                    pixel.map_or(0.0, |pixel| picture[pixel]),
                                    "{window:?} at {at}"
                                );
                                if let Some(pixel) = pixel {
                                    expected_sums[pixel] += 1.0;
                                }
                                at += 1;
                            }
                        }
                    }
                }
            }
            assert_eq!(at, columns.len());
            assert_eq!(sums, expected_sums, "{window:?}");
        }
    }
}
