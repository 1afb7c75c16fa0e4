//! im2col: a picture `[c_in, h, w]` as a matrix of patches `[c_in·k·k, h'·w']`, and its transpose,
//! col2im.
//!
//! Column p is the patch that the kernel covers at output pixel p, so a convolution is the product
//! of the kernel `[c_out, c_in·k·k]` with this matrix.

use crate::ops::conv::params::ConvParams;
use crate::ops::scratch::with_scratch;

impl ConvParams {
    /// Whether the matrix of patches is the picture itself.
    fn is_pointwise(&self) -> bool {
        *self == Self::POINTWISE
    }

    /// Calls `f` with the patches of `picture` `[channels, height, width]`.
    pub(super) fn im2col<T>(
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

    /// Lets `f` write patches, then adds each element to the pixel of `picture` that it stands for.
    pub(super) fn col2im(
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

    /// Visits the matrix of patches in runs. `f(pixel, at, len)` means: elements `at..at + len` are
    /// the pixels `pixel`, `pixel + stride`, …, or padding if `pixel` is `None`.
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
                    // The output columns `first..end` have their pixel inside the picture.
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
            let params = ConvParams {
                kernel_size,
                stride,
                padding,
            };
            let (channels, height, width) = (2, 5, 7);
            let picture: Vec<f32> = (0..channels * height * width)
                .map(|value| value as f32 + 1.0)
                .collect();
            let (rows, cols) = (params.output(height), params.output(width));
            let columns = params.im2col(&picture, [height, width], <[f32]>::to_vec);
            let mut sums = vec![0.0; picture.len()];
            params.col2im(&mut sums, [height, width], |columns| columns.fill(1.0));
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
                                    "{params:?} at {at}"
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
            assert_eq!(sums, expected_sums, "{params:?}");
        }
    }
}
