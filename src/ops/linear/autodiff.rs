//! What [`crate::ops::linear`]'s operations keep for the backward pass: matrices as they are stored.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};
use burn::tensor::Shape;

use crate::ops::conv::im2col::Window;
use crate::ops::linear::generic::{Factors, Frozen};
use crate::ops::linear::{Bias, FrozenOps};
use crate::ops::matmul::stored_matrix::Held;

impl<B: Frozen, C: CheckpointStrategy> FrozenOps for Autodiff<B, C> {
    fn linear(x: FloatTensor<Self>, weight: Held<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct FrozenLinear;

        impl<B: Frozen> Backward<B, 1> for FrozenLinear {
            type State = Held<B>;

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let [node_x] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                if let Some(node) = node_x {
                    grads.register::<B>(node.id, B::linear_backward(grad, ops.state));
                }
            }
        }

        let (x, guard) = x.into_parts();
        let weight = weight.primitive();
        match FrozenLinear
            .prepare::<C>([guard])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(weight.clone(), B::linear_forward(x, weight)),
            OpsKind::UnTracked(prep) => prep.finish(B::linear_forward(x, weight)),
        }
    }

    fn conv(
        x: FloatTensor<Self>,
        kernel: Held<Self>,
        bias: Bias<Self>,
        window: Window,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct FrozenConv;

        impl<B: Frozen> Backward<B, 1> for FrozenConv {
            type State = (Held<B>, Shape, Window);

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
        let kernel = kernel.primitive();
        let bias = bias.into_option().map(|bias| bias.into_primitive());
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
        u: Held<Self>,
        s: FloatTensor<Self>,
        vt: Held<Self>,
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
            u: u.primitive(),
            s,
            vt: vt.primitive(),
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

    fn rebuilt(s: FloatTensor<Self>, u: Held<Self>, vt: Held<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Rebuilt;

        impl<B: Frozen> Backward<B, 1> for Rebuilt {
            type State = [Held<B>; 2];

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let [node_s] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let [u, vt] = ops.state;
                if let Some(node) = node_s {
                    grads.register::<B>(node.id, B::rebuilt_backward(grad, u, vt));
                }
            }
        }

        let (s, guard) = s.into_parts();
        let [u, vt] = [u, vt].map(Held::primitive);
        match Rebuilt.prepare::<C>([guard]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let w = B::rebuilt_forward(s, u.clone(), vt.clone());
                prep.finish([u, vt], w)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::rebuilt_forward(s, u, vt)),
        }
    }
}
