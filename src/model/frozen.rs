//! Operations of our own on frozen matrices: a convolution, and a whole factored layer.
//!
//! Burn's convolution keeps its input for a weight gradient that a frozen kernel never gets, and
//! on the CPU it reaches half the speed of a matrix product. [`frozen_conv2d`] keeps nothing.
//! [`factored`] is the layer y = U (s ⊙ Vᵀx) + b in one step: it keeps z = Vᵀx only, r numbers
//! per token or pixel, and its backward pass is
//!
//! ```text
//! g = Uᵀ ∂y      ∂s = Σ g ⊙ z      ∂x = V (s ⊙ g)
//! ```
//!
//! The CPU's kernels are in [`super::frozen_flex`]; every other backend puts Burn's own together.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, ExtensionType, TensorMetadata, backend_extension,
};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Shape, Tensor};

use super::columns::Window;

/// Convolves `[batch, c_in, h, w]` with `[c_out, c_in, k, k]` and adds `bias` `[c_out]`.
///
/// Only x gets a gradient. A kernel that is tracked (a weight rebuilt inside the graph) takes
/// Burn's own convolution instead.
pub(super) fn frozen_conv2d(
    x: Tensor<4>,
    kernel: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: usize,
) -> Tensor<4> {
    if kernel.is_tracked() {
        return burn::tensor::module::conv2d(
            x,
            kernel,
            bias,
            ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1),
        );
    }
    let y = <Dispatch as FrozenOps>::conv(
        x.into_dispatch(),
        kernel.into_dispatch(),
        Bias::from(bias),
        stride,
        padding,
    );
    Tensor::from_dispatch(y)
}

/// `y = ((x V) ⊙ s) Uᵀ + b` over the last dimension of x `[n, c_in]`; x and s get gradients.
pub(super) fn factored_linear(
    x: Tensor<2>,
    [u, vt]: [Tensor<2>; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
) -> Tensor<2> {
    Tensor::from_dispatch(factored(x, [u, vt], s, bias, None))
}

/// A convolution with Vᵀ `[r, c_in·k·k]`, times s, then a 1×1 convolution with U; x
/// `[batch, c_in, h, w]` and s get gradients.
pub(super) fn factored_conv2d(
    x: Tensor<4>,
    [u, vt]: [Tensor<2>; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
    window: Window,
) -> Tensor<4> {
    Tensor::from_dispatch(factored(x, [u, vt], s, bias, Some(window)))
}

fn factored<const D: usize>(
    x: Tensor<D>,
    [u, vt]: [Tensor<2>; 2],
    s: Tensor<1>,
    bias: Option<Tensor<1>>,
    window: Option<Window>,
) -> FloatTensor<Dispatch> {
    <Dispatch as FrozenOps>::factored(
        x.into_dispatch(),
        u.into_dispatch(),
        s.into_dispatch(),
        vt.into_dispatch(),
        Bias::from(bias),
        window,
    )
}

/// An optional `[c_out]`, in a form that Burn's dispatch can take apart.
#[derive(ExtensionType)]
pub(super) enum Bias<B: Backend> {
    Some(FloatTensor<B>),
    None,
}

impl From<Option<Tensor<1>>> for Bias<Dispatch> {
    fn from(bias: Option<Tensor<1>>) -> Self {
        bias.map_or(Self::None, |bias| Self::Some(bias.into_dispatch()))
    }
}

impl<B: Backend> Bias<B> {
    fn into_option(self) -> Option<FloatTensor<B>> {
        match self {
            Self::Some(bias) => Some(bias),
            Self::None => None,
        }
    }
}

/// The two operations, sent to the backend that holds the tensors.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff)]
pub(super) trait FrozenOps: Backend {
    fn conv(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        #[extension_type] bias: Bias<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;

    fn factored(
        x: FloatTensor<Self>,
        u: FloatTensor<Self>,
        s: FloatTensor<Self>,
        vt: FloatTensor<Self>,
        #[extension_type] bias: Bias<Self>,
        window: Option<Window>,
    ) -> FloatTensor<Self>;
}

/// U, s and Vᵀ on one backend, and what kind of layer they make: a convolution with `window`, or
/// a linear layer.
#[derive(Clone, Debug)]
pub(super) struct Factors<B: Backend> {
    /// `[c_out, r]`.
    pub(super) u: FloatTensor<B>,
    /// `[r]`.
    pub(super) s: FloatTensor<B>,
    /// `[r, fan_in]`.
    pub(super) vt: FloatTensor<B>,
    /// The convolution's shape.
    pub(super) window: Option<Window>,
}

/// What a backend must be able to do: the forward and backward passes, without a graph.
pub(super) trait Frozen: Backend {
    /// conv(x, kernel) + bias.
    fn conv_forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
        window: Window,
    ) -> FloatTensor<Self> {
        Self::conv2d(x, kernel, bias, options(window))
    }

    /// ∂x of shape `x` from ∂y.
    fn conv_backward(
        grad: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        x: Shape,
        window: Window,
    ) -> FloatTensor<Self> {
        // Only the shape of x is read.
        let x = Self::float_empty(x, &grad.device(), grad.dtype().into());
        Self::conv2d_x_backward(x, kernel, grad, options(window))
    }

    /// y and z = Vᵀx, the latter to be given back to `factored_backward`.
    fn factored_forward(
        x: FloatTensor<Self>,
        factors: Factors<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> [FloatTensor<Self>; 2] {
        let Factors { u, s, vt, window } = factors;
        let Some(window) = window else {
            let z = Self::float_matmul(x, Self::float_transpose(vt));
            let scaled = Self::float_mul(z.clone(), row::<Self>(s));
            let y = Self::float_matmul(scaled, Self::float_transpose(u));
            let y = match bias {
                Some(bias) => Self::float_add(y, row::<Self>(bias)),
                None => y,
            };
            return [y, z];
        };
        let z = Self::conv2d(
            x,
            kernel::<Self>(vt, window.kernel_size),
            None,
            options(window),
        );
        let scaled = Self::float_mul(z.clone(), channels::<Self>(s));
        [
            Self::conv2d(scaled, kernel::<Self>(u, 1), bias, options(POINTWISE)),
            z,
        ]
    }

    /// ∂x of shape `x` (if asked for) and ∂s from ∂y.
    fn factored_backward(
        grad: FloatTensor<Self>,
        z: FloatTensor<Self>,
        factors: Factors<Self>,
        x: Option<Shape>,
    ) -> [Option<FloatTensor<Self>>; 2] {
        let Factors { u, s, vt, window } = factors;
        let rank = s.shape();
        let Some(window) = window else {
            let g = Self::float_matmul(grad, u);
            let ds = Self::float_sum_dim(Self::float_mul(g.clone(), z), 0);
            let dx = x.map(|_| Self::float_matmul(Self::float_mul(g, row::<Self>(s)), vt));
            return [dx, Some(Self::float_reshape(ds, rank))];
        };
        let g = Self::conv2d_x_backward(z.clone(), kernel::<Self>(u, 1), grad, options(POINTWISE));
        let product = Self::float_mul(g.clone(), z);
        let ds = [0, 2, 3].into_iter().fold(product, Self::float_sum_dim);
        let dx = x.map(|x| {
            let scaled = Self::float_mul(g, channels::<Self>(s));
            Self::conv_backward(scaled, kernel::<Self>(vt, window.kernel_size), x, window)
        });
        [dx, Some(Self::float_reshape(ds, rank))]
    }
}

#[cfg(feature = "gpu")]
impl Frozen for burn::backend::Cube {}

const POINTWISE: Window = Window {
    kernel_size: 1,
    stride: 1,
    padding: 0,
};

fn options(window: Window) -> ConvOptions<2> {
    ConvOptions::new([window.stride; 2], [window.padding; 2], [1; 2], 1)
}

/// `[n]` to `[1, n]`.
fn row<B: Backend>(values: FloatTensor<B>) -> FloatTensor<B> {
    let n = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, n]))
}

/// `[n]` to `[1, n, 1, 1]`.
fn channels<B: Backend>(values: FloatTensor<B>) -> FloatTensor<B> {
    let n = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, n, 1, 1]))
}

/// `[rows, c·k·k]` to `[rows, c, k, k]`.
fn kernel<B: Backend>(matrix: FloatTensor<B>, k: usize) -> FloatTensor<B> {
    let [rows, fan_in] = matrix.shape().dims();
    B::float_reshape(matrix, Shape::from([rows, fan_in / (k * k), k, k]))
}

macro_rules! without_graph {
    ($backend:ty) => {
        impl FrozenOps for $backend {
            fn conv(
                x: FloatTensor<Self>,
                kernel: FloatTensor<Self>,
                bias: Bias<Self>,
                stride: usize,
                padding: usize,
            ) -> FloatTensor<Self> {
                let [_, _, _, kernel_size] = kernel.shape().dims();
                Self::conv_forward(
                    x,
                    kernel,
                    bias.into_option(),
                    Window {
                        kernel_size,
                        stride,
                        padding,
                    },
                )
            }

            fn factored(
                x: FloatTensor<Self>,
                u: FloatTensor<Self>,
                s: FloatTensor<Self>,
                vt: FloatTensor<Self>,
                bias: Bias<Self>,
                window: Option<Window>,
            ) -> FloatTensor<Self> {
                let [y, _] =
                    Self::factored_forward(x, Factors { u, s, vt, window }, bias.into_option());
                y
            }
        }
    };
}
without_graph!(burn::backend::Flex);
#[cfg(feature = "gpu")]
without_graph!(burn::backend::Cube);

impl<B: Frozen, C: CheckpointStrategy> FrozenOps for Autodiff<B, C> {
    fn conv(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        bias: Bias<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct FrozenConv;

        impl<B: Frozen> Backward<B, 1> for FrozenConv {
            type State = (FloatTensor<B>, Shape, Window);

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let [node_x] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (kernel, x, window) = ops.state;
                if let Some(node) = node_x {
                    grads.register::<B>(node.id, B::conv_backward(grad, kernel, x, window));
                }
            }
        }

        let (x, guard) = x.into_parts();
        let kernel = kernel.into_primitive();
        let bias = bias.into_option().map(|bias| bias.into_primitive());
        let [_, _, _, kernel_size] = kernel.shape().dims();
        let window = Window {
            kernel_size,
            stride,
            padding,
        };
        match FrozenConv.prepare::<C>([guard]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = (kernel.clone(), x.shape(), window);
                prep.finish(state, B::conv_forward(x, kernel, bias, window))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::conv_forward(x, kernel, bias, window)),
        }
    }

    fn factored(
        x: FloatTensor<Self>,
        u: FloatTensor<Self>,
        s: FloatTensor<Self>,
        vt: FloatTensor<Self>,
        bias: Bias<Self>,
        window: Option<Window>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Factored;

        impl<B: Frozen> Backward<B, 2> for Factored {
            type State = (FloatTensor<B>, Factors<B>, Shape);

            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let [node_x, node_s] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (z, factors, x) = ops.state;
                let [dx, ds] = B::factored_backward(grad, z, factors, node_x.as_ref().map(|_| x));
                for (node, grad) in [(node_x, dx), (node_s, ds)] {
                    if let (Some(node), Some(grad)) = (node, grad) {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }

        let ((x, guard_x), (s, guard_s)) = (x.into_parts(), s.into_parts());
        let factors = Factors {
            u: u.into_primitive(),
            s,
            vt: vt.into_primitive(),
            window,
        };
        let bias = bias.into_option().map(|bias| bias.into_primitive());
        match Factored
            .prepare::<C>([guard_x, guard_s])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let shape = x.shape();
                let [y, z] = B::factored_forward(x, factors.clone(), bias);
                prep.finish((z, factors, shape), y)
            }
            OpsKind::UnTracked(prep) => {
                let [y, _] = B::factored_forward(x, factors, bias);
                prep.finish(y)
            }
        }
    }
}

#[cfg(test)]
#[path = "frozen_tests.rs"]
mod tests;
