//! Convolution.

pub(crate) mod im2col;
