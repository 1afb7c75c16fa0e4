//! Files of other programs that are damaged, do not fit or are something else: each has its own
//! message.

use std::collections::BTreeMap;

use deltabooth::model::layer_info::LayerShape;
use deltabooth::spectral::decompose::shapes::Shapes;
use deltabooth::spectral::delta::svdiff_pytorch;
use deltabooth::spectral::lora::file;
use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::{Dtype, from_f32};

type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

/// A linear layer, a 3×3 and a 1×1 convolution, a norm.
fn shapes() -> Shapes {
    let linear = LayerShape::Linear { c_out: 6, c_in: 4 };
    let conv = |kernel_size| LayerShape::Conv2d {
        c_out: 8,
        c_in: 3,
        kernel_size,
    };
    let attention = "down_blocks.0.attentions.0";
    [
        (
            format!("{attention}.transformer_blocks.0.attn1.to_q"),
            linear,
        ),
        (
            format!("{attention}.transformer_blocks.0.attn1.to_out.0"),
            linear,
        ),
        (format!("{attention}.proj_in"), conv(1)),
        ("conv_in".into(), conv(3)),
        ("conv_norm_out".into(), LayerShape::Norm { channels: 5 }),
    ]
    .into()
}

fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| 0.1 * (i + 1) as f32).collect();
    let bytes = from_f32(Dtype::F32, &values).unwrap();
    (name.into(), Dtype::F32, shape.to_vec(), bytes)
}

fn with_last(name: &str, shape: &[usize], last: f32) -> Tensor {
    let mut tensor = tensor(name, shape);
    let end = tensor.3.len();
    tensor.3[end - 4..].copy_from_slice(&last.to_le_bytes());
    tensor
}

fn file(tensors: &[Tensor]) -> Vec<u8> {
    safetensors::write(tensors, &BTreeMap::new()).unwrap()
}

fn svdiff(tensors: &[Tensor]) -> String {
    let result = svdiff_pytorch::read(&file(tensors), &shapes());
    result.unwrap_err().to_string()
}

fn lora(tensors: &[Tensor]) -> String {
    let result = file::read(&file(tensors), &shapes(), &Shapes::new());
    result.unwrap_err().to_string()
}

#[test]
fn a_good_file_is_taken() {
    let shifts = [
        tensor("conv_in.delta", &[8]),
        tensor("conv_norm_out.delta", &[1]),
    ];
    assert!(svdiff_pytorch::read(&file(&shifts), &shapes()).is_ok());
    let pair = [
        tensor("lora_unet_conv_in.lora_down.weight", &[2, 3, 3, 3]),
        tensor("lora_unet_conv_in.lora_up.weight", &[8, 2, 1, 1]),
    ];
    assert!(file::read(&file(&pair), &shapes(), &Shapes::new()).is_ok());
}

#[test]
fn each_wrong_delta_of_svdiff_pytorch_gets_its_own_message() {
    let cases = [
        (vec![tensor("conv_in.delta", &[7])], "8 singular values"),
        (
            vec![tensor("conv_in.delta", &[3])],
            "reshapes convolutions to (c_out·k·k) × c_in",
        ),
        (vec![tensor("conv_in.delta", &[2, 4])], "the shape [2, 4]"),
        (vec![tensor("conv_in.delta", &[])], "the shape []"),
        (vec![tensor("conv_norm_out.delta", &[4])], "takes 1 or 5"),
        (
            vec![tensor("conv_in.shift", &[8])],
            "only a norm has a '.shift'",
        ),
        (vec![tensor("conv_out.delta", &[8])], "no such layer"),
        (
            vec![tensor("conv_in.weight", &[8])],
            "no file of svdiff-pytorch",
        ),
        (
            vec![with_last("conv_in.delta", &[8], f32::NAN)],
            "it holds NaN",
        ),
        (
            vec![with_last("conv_in.delta", &[8], f32::INFINITY)],
            "it holds inf",
        ),
        (
            vec![
                tensor("conv_norm_out.delta", &[1]),
                tensor("conv_norm_out.shift", &[5]),
            ],
            "two shifts",
        ),
        (
            vec![("conv_in.delta".into(), Dtype::I64, vec![8], vec![0; 64])],
            "I64",
        ),
        (vec![], "no file of svdiff-pytorch"),
    ];
    for (tensors, expected) in cases {
        let found = svdiff(&tensors);
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn each_wrong_lora_gets_its_own_message() {
    let down = || tensor("lora_unet_conv_in.lora_down.weight", &[2, 3, 3, 3]);
    let up = || tensor("lora_unet_conv_in.lora_up.weight", &[8, 2, 1, 1]);
    let to_q = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    let cases = [
        (vec![down()], "one half of the pair"),
        (vec![up()], "one half of the pair"),
        (
            vec![
                down(),
                tensor("lora_unet_conv_in.lora_up.weight", &[8, 3, 1, 1]),
            ],
            "the ranks 2 and 3",
        ),
        (
            vec![
                tensor("lora_unet_conv_in.lora_down.weight", &[0, 3, 3, 3]),
                tensor("lora_unet_conv_in.lora_up.weight", &[8, 0, 1, 1]),
            ],
            "its rank is 0",
        ),
        (
            vec![
                tensor("lora_unet_conv_in.lora_down.weight", &[2, 3, 1, 1]),
                up(),
            ],
            "the base needs [2, 3, 3, 3]",
        ),
        (
            vec![tensor("lora_unet_conv_in.lora_down.weight", &[2, 27]), up()],
            "the base needs [2, 3, 3, 3]",
        ),
        (
            vec![
                down(),
                tensor("lora_unet_conv_in.lora_up.weight", &[7, 2, 1, 1]),
            ],
            "the base needs [8, 2]",
        ),
        (
            vec![down(), tensor("lora_unet_conv_in.lora_up.weight", &[])],
            "the ranks 2 and 0",
        ),
        (
            vec![
                with_last(
                    "lora_unet_conv_in.lora_down.weight",
                    &[2, 3, 3, 3],
                    f32::NAN,
                ),
                up(),
            ],
            "it holds NaN",
        ),
        (
            vec![
                down(),
                up(),
                with_last("lora_unet_conv_in.alpha", &[], f32::INFINITY),
            ],
            "it holds inf",
        ),
        (
            vec![down(), up(), tensor("lora_unet_conv_in.alpha", &[2])],
            "an alpha is one number",
        ),
        (
            vec![
                tensor("lora_unet_conv_out.lora_down.weight", &[2, 3, 3, 3]),
                tensor("lora_unet_conv_out.lora_up.weight", &[8, 2, 1, 1]),
            ],
            "made for another model",
        ),
        (
            vec![
                tensor("lora_unet_conv_norm_out.lora_down.weight", &[1, 5]),
                tensor("lora_unet_conv_norm_out.lora_up.weight", &[1, 1]),
            ],
            "a norm or an embedding",
        ),
        (
            vec![
                tensor(&format!("{to_q}.lora_A.weight"), &[1, 4]),
                tensor(&format!("{to_q}.lora_B.weight"), &[6, 1]),
                tensor(&format!("{to_q}.lora.up.weight"), &[6, 1]),
            ],
            "twice, under two names",
        ),
        (
            vec![
                down(),
                up(),
                tensor("lora_unet_conv_in.lora_mid.weight", &[2, 2, 3, 3]),
            ],
            "LyCORIS",
        ),
        (
            vec![
                down(),
                up(),
                tensor("lora_unet_conv_in.dora_scale", &[8, 1, 1, 1]),
            ],
            "DoRA",
        ),
        (
            vec![down(), up(), tensor("lora_unet_conv_in.lora_up.bias", &[8])],
            "changes a bias",
        ),
        (
            vec![down(), up(), tensor("conv_in.weight", &[1])],
            "not named as",
        ),
        (vec![tensor("conv_in.weight", &[1])], "This is no LoRA"),
        (vec![], "This is no LoRA"),
        (
            vec![
                (
                    "lora_unet_conv_in.lora_down.weight".into(),
                    Dtype::U8,
                    vec![2, 3, 3, 3],
                    vec![0; 54],
                ),
                up(),
            ],
            "U8",
        ),
    ];
    for (tensors, expected) in cases {
        let found = lora(&tensors);
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn names_of_many_programs_are_understood() {
    let block = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
    let flat = block.replace('.', "_");
    for (down, up, path) in [
        (
            format!("unet.{block}.to_q.lora_A.weight"),
            format!("unet.{block}.to_q.lora_B.weight"),
            format!("{block}.to_q"),
        ),
        (
            format!("{block}.processor.to_out_lora.down.weight"),
            format!("{block}.processor.to_out_lora.up.weight"),
            format!("{block}.to_out.0"),
        ),
        (
            format!("unet.{block}.processor.to_q_lora.down.weight"),
            format!("unet.{block}.processor.to_q_lora.up.weight"),
            format!("{block}.to_q"),
        ),
        (
            format!("base_model.model.{block}.to_out.0.lora_A.default.weight"),
            format!("base_model.model.{block}.to_out.0.lora_B.default.weight"),
            format!("{block}.to_out.0"),
        ),
        (
            format!("unet.{block}.to_q.lora.down.weight"),
            format!("unet.{block}.to_q.lora.up.weight"),
            format!("{block}.to_q"),
        ),
        (
            format!("lora_unet_{flat}_to_out_0.lora_down.weight"),
            format!("lora_unet_{flat}_to_out_0.lora_up.weight"),
            format!("{block}.to_out.0"),
        ),
    ] {
        let file = file(&[tensor(&down, &[2, 4]), tensor(&up, &[6, 2])]);
        let lora = file::read(&file, &shapes(), &Shapes::new()).unwrap();
        assert_eq!(lora.unet.keys().collect::<Vec<_>>(), [&path], "{down}");
        assert_eq!(lora.unet[&path].scale, 1.0);
    }
}

#[test]
fn the_scale_is_alpha_over_rank_wherever_the_alpha_stands() {
    let path = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
    let pair = [
        tensor(&format!("unet.{path}.lora_A.weight"), &[4, 4]),
        tensor(&format!("unet.{path}.lora_B.weight"), &[6, 4]),
    ];
    let scale = |metadata: &str| {
        let metadata = BTreeMap::from([("lora_adapter_metadata".to_owned(), metadata.to_owned())]);
        let file = safetensors::write(&pair, &metadata).unwrap();
        file::read(&file, &shapes(), &Shapes::new()).map(|lora| lora.unet[path].scale)
    };
    assert_eq!(scale("{}"), Ok(1.0));
    assert_eq!(scale(r#"{"unet.lora_alpha":8,"unet.r":4}"#), Ok(2.0));
    assert_eq!(
        scale(&format!(
            r#"{{"unet.lora_alpha":8,"unet.alpha_pattern":{{"{path}":2}}}}"#
        )),
        Ok(0.5)
    );
    assert_eq!(
        scale(r#"{"unet.lora_alpha":8,"unet.use_rslora":true}"#),
        Ok(4.0)
    );
    for bad in ["", "[]", "{"] {
        let error = scale(bad).unwrap_err().to_string();
        assert!(error.contains("lora_adapter_metadata"), "{error}");
    }
    let error = scale(r#"{"unet.lora_alpha":1e300}"#).unwrap_err();
    assert!(error.to_string().contains("scale"), "{error}");
}

#[test]
fn damaged_files_of_other_programs_never_panic() {
    let good = [
        file(&[
            tensor("conv_in.delta", &[8]),
            tensor("conv_norm_out.delta", &[1]),
        ]),
        file(&[
            tensor("lora_unet_conv_in.lora_down.weight", &[2, 3, 3, 3]),
            tensor("lora_unet_conv_in.lora_up.weight", &[8, 2, 1, 1]),
        ]),
    ];
    let read = |bytes: &[u8]| {
        let delta = svdiff_pytorch::read(bytes, &shapes());
        let lora = file::read(bytes, &shapes(), &Shapes::new());
        delta.is_ok() || lora.is_ok()
    };
    for file in good {
        assert!(read(&file));
        for length in 0..file.len() {
            assert!(!read(&file[..length]), "{length} bytes");
        }
        let mut damaged = file.clone();
        for i in 0..file.len() {
            for flip in [0x01, 0x20, 0xFF] {
                damaged[i] = file[i] ^ flip;
                let _ = read(&damaged);
            }
            damaged[i] = file[i];
        }
    }
    let mut long = vec![b' '; 10 << 20];
    long[..8].copy_from_slice(&(9_u64 << 20).to_le_bytes());
    for error in [
        svdiff_pytorch::read(&long, &shapes()).unwrap_err(),
        file::read(&long, &shapes(), &Shapes::new()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("header"), "{error}");
    }
}
