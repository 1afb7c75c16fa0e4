//! What a matrix of halves takes: two bytes a number, and F32 only while a product is computed.

use burn::tensor::{Device, Distribution, Tensor};
use deltabooth::model::layers::{Conv2d, Linear, Weight};
use deltabooth::model::unet::UNet2DConditionModel;
use deltabooth::ops::matmul::stored_matrix::Matrix;
use deltabooth::spectral::DecomposedModel;
use deltabooth::spectral::shift::NormShift;
use deltabooth::weights::Stored;

use super::{counting, models};

const SIDE: usize = 1024;
/// The embedded base's text encoder's.
const WIDTH: usize = 128;
/// Of a matrix in F32.
const BYTES: usize = 4 * SIDE * SIDE;
/// Inputs, outputs and what a graph keeps of itself, beside such a matrix.
const SMALL: usize = BYTES / 16;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn matrix(shape: [usize; 2]) -> Matrix {
    Matrix::rounded(random(shape), Stored::F16)
}

/// Fails unless the forward pass of `layer` with a graph leaves little behind, and so does the
/// backward pass; both have widened something.
fn assert_let_go<const D: usize>(
    what: &str,
    shape: [usize; D],
    layer: impl Fn(Tensor<D>) -> Tensor<D>,
) {
    let x = random(shape).autodiff().require_grad();
    // Scratch space is made once for each thread.
    drop(layer(x.clone()).sum().backward());
    let before = counting::held();
    let (peak, y) = counting::peak(|| layer(x.clone()));
    let kept = counting::held().saturating_sub(before);
    let (backward_peak, gradients) = counting::peak(|| y.sum().backward());
    assert!(x.grad(&gradients).is_some());
    let left = counting::held().saturating_sub(before);
    println!("{what}: {peak} and {backward_peak} bytes at most, {kept} and {left} kept");
    assert!(peak >= BYTES && backward_peak >= BYTES, "{what}");
    assert!(kept < SMALL && left < SMALL, "{what}: {kept} and {left}");
}

#[test]
fn a_matrix_of_halves_takes_two_bytes_a_number() {
    counting::alone(|| {
        let before = counting::held();
        let halves = matrix([SIDE, SIDE]);
        let held = counting::held().saturating_sub(before);
        assert!((BYTES / 2..BYTES / 2 + 4096).contains(&held), "{held}");
        drop(halves);
    });
}

#[test]
fn no_widened_copy_outlives_a_layers_forward_or_backward_pass() {
    counting::alone(|| {
        let linear = Linear {
            weight: Weight::Full(matrix([SIDE, SIDE])),
            bias: None,
        };
        assert_let_go("linear", [2, SIDE], |x| linear.forward_2d(x));
        let factored = |fan_in| Weight::Factored {
            u: matrix([SIDE, SIDE]),
            s: random([SIDE]).autodiff().require_grad(),
            vt: matrix([SIDE, fan_in]),
        };
        let linear = Linear {
            weight: factored(SIDE),
            bias: None,
        };
        assert_let_go("factored linear", [2, SIDE], |x| linear.forward_2d(x));
        let conv = |weight| Conv2d {
            weight,
            bias: None,
            in_channels: SIDE,
            kernel_size: 1,
            stride: 1,
            padding: 0,
        };
        let shape = [1, SIDE, 2, 2];
        let whole = conv(Weight::Full(matrix([SIDE, SIDE])));
        assert_let_go("convolution", shape, |x| whole.forward(x));
        let factored = conv(factored(SIDE));
        assert_let_go("factored convolution", shape, |x| factored.forward(x));
    });
}

/// With U and V as halves the model in training is the base but for their rounding; without them, or
/// baked, it is the base itself.
#[test]
fn factors_of_halves_change_what_the_embedded_base_predicts_by_a_thousandth() {
    // What it holds would be counted among the others'.
    counting::alone(|| {
        let base = models::embedded_base_stored(Stored::F16);
        let spectral = DecomposedModel::decompose(&base.unet, "0", async |_, _| Ok(()));
        let spectral = pollster::block_on(spectral).unwrap();
        let side = base.latent_size();
        let channels = base.latent_channels();
        let sample: Tensor<4> = random([2, channels, side, side]);
        let text: Tensor<3> = random([2, 8, WIDTH]);
        let predict = |unet: &UNet2DConditionModel| {
            let steps = Tensor::<1>::from_data([700.0, 200.0], &Device::flex());
            unet.forward(sample.clone(), steps, text.clone())
        };
        let right = predict(&base.unet);
        let norm = |x: Tensor<4>| -> f32 {
            let values = x.into_data().try_to_vec::<f32>().unwrap();
            values.iter().map(|x| x * x).sum::<f32>().sqrt()
        };
        for (stored, mark) in [(Stored::F32, 1e-5), (Stored::F16, 2e-3)] {
            let factors = spectral.stored_as(stored);
            let shifted = factors
                .shifted_model(&base.unet, NormShift::FullLength)
                .unwrap();
            let zero = Tensor::zeros([shifted.len()], &Device::flex());
            let in_training = shifted.with_graph(zero).unwrap().without_graph().unwrap();
            let off = norm(predict(&in_training) - right.clone()) / norm(right.clone());
            println!("U and V as {stored:?}, no shift: predictions differ by {off:.1e}");
            assert!(off <= mark, "{stored:?}: {off}");
        }
    });
}
