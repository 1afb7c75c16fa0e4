//! Deltas: learned, taken to other programs and back, combined.

use std::collections::BTreeMap;
use std::path::Path;

use deltabooth::sampler::Noise;
use deltabooth::spectral::delta::Delta;
use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::{Dtype, Header, from_f32};

use super::{Place, fails, folder, largest_difference, succeeds, tensor};

#[test]
fn a_delta_is_trained_described_and_applied() {
    let place = Place::new();
    let base = &place.base;
    std::fs::create_dir(place.at("images")).unwrap();
    for (name, red) in [("a.png", 200_u8), ("b.png", 90)] {
        let rgb: Vec<u8> = (0..80 * 64)
            .flat_map(|i| [red, (i % 80) as u8, (i / 80) as u8])
            .collect();
        let png = deltabooth::picture::encode_png(&rgb, 80, 64).unwrap();
        std::fs::write(Path::new(&place.at("images")).join(name), png).unwrap();
    }
    let delta = place.at("delta.safetensors");
    let images = place.at("images");
    succeeds(&[
        "train",
        "--base",
        base,
        "--images",
        &images,
        "--token",
        "sks",
        "--class",
        "robot",
        "--max-train-steps",
        "2",
        "--num-class-images",
        "1",
        "--seed",
        "3",
        "--out",
        &delta,
    ]);
    assert!(std::fs::metadata(&delta).unwrap().len() <= 100_000);
    assert!(
        !Path::new(&place.at("delta.checkpoint")).exists(),
        "a finished run leaves no checkpoint"
    );

    // Through a link and back: rounded, but the same subject on the same base.
    let link = succeeds(&["link", "--delta", &delta, "--limit", "14000"]);
    assert!(link.starts_with("#d=") && link.trim().len() <= 14_003);
    std::fs::write(
        place.at("link.txt"),
        format!("https://a.example/{}", link.trim()),
    )
    .unwrap();
    let linked = place.at("linked.safetensors");
    succeeds(&["link", "--link", &place.at("link.txt"), "--out", &linked]);
    let [sent, received] = [&delta, &linked].map(|path| {
        let delta = Delta::from_bytes(&std::fs::read(path).unwrap()).unwrap();
        (delta.metadata.base_sha256, delta.metadata.subjects)
    });
    assert_eq!(sent, received);
    let refused = fails(&["link", "--delta", &delta, "--limit", "500"]);
    assert!(refused.contains("too large for a link"), "{refused}");

    let text = succeeds(&["inspect", &delta]);
    for part in ["sks robot", "steps      2", "unet.conv_in", "shifts of"] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let make = |name: &str, delta: Option<&str>| {
        let (out, dump) = (
            place.at(&format!("{name}.png")),
            place.at(&format!("{name}.dump.safetensors")),
        );
        let mut args = vec![
            "generate",
            "--base",
            base,
            "--prompt",
            "a sks robot",
            "--num-inference-steps",
            "2",
            "--guidance-scale",
            "7.5",
            "--out",
            &out,
        ];
        args.extend(["--dump", &dump]);
        args.extend(delta.iter().flat_map(|delta| ["--delta", delta]));
        succeeds(&args);
        tensor(Path::new(&dump), "latents").1
    };
    let plain = make("plain", None);
    let off = make("off", Some(&format!("{delta}:0")));
    assert_eq!(plain, off, "strength 0 is the base");
    assert!(
        largest_difference(&plain, &make("on", Some(&delta))) > 1e-4,
        "the delta does nothing"
    );

    let image = folder("subjects/robot/0.png");
    let image = image.to_str().unwrap();
    let edits = place.at("edits");
    let mut edit = vec!["edit", "--base", base, "--image", image];
    edit.extend(["--num-inference-steps", "4"]);
    edit.extend(["--prompt", "a sks robot", "--delta", &delta]);
    edit.extend(["--slerp", "0.3", "--out", &edits]);
    let text = succeeds(&[&edit[..], &["--target-prompt", "a sks robot in the snow"]].concat());
    assert!(text.contains(" % of the picture."), "{text}");
    for (name, width) in [
        ("before", 64),
        ("reconstruction", 64),
        ("after", 64),
        ("comparison", 192),
    ] {
        let bytes = std::fs::read(Path::new(&edits).join(format!("{name}.png"))).unwrap();
        let picture = deltabooth::picture::decode(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (width, 64), "{name}");
    }
    let empty = fails(&[&edit[..], &["--target-prompt", " "]].concat());
    assert!(empty.contains("target"), "{empty}");
}

/// Shifts of every matrix of the embedded UNet in svdiff-pytorch's format, large enough to be seen.
fn svdiff_pytorch_file(path: &str, seed: u64) {
    let weights = folder("base/unet/diffusion_pytorch_model.safetensors");
    let bytes = std::fs::read(weights).unwrap();
    let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
    let mut noise = Noise::new(seed, 1);
    let tensors: Vec<_> = header
        .tensors
        .iter()
        .filter(|(_, info)| info.shape.len() > 1)
        .map(|(name, info)| {
            let rank = info.shape[0].min(info.shape[1..].iter().product());
            let delta: Vec<f32> = noise.normal(rank).iter().map(|d| 0.05 * d).collect();
            (
                name.replace(".weight", ".delta"),
                Dtype::F32,
                vec![rank],
                from_f32(Dtype::F32, &delta).unwrap(),
            )
        })
        .collect();
    let file = safetensors::write(&tensors, &BTreeMap::new()).unwrap();
    std::fs::write(path, file).unwrap();
}

#[test]
fn a_delta_goes_to_other_programs_and_comes_back() {
    let place = Place::new();
    let base = &place.base;
    let with_base = |args: &[&str]| succeeds(&[args, &["--base", base]].concat());
    let shifts = place.at("spectral_shifts.safetensors");
    svdiff_pytorch_file(&shifts, 1);
    let delta = place.at("delta.safetensors");
    with_base(&["import", &shifts, "--out", &delta]);
    std::fs::create_dir(place.at("out")).unwrap();
    let format = ["export", &delta, "--format"];
    with_base(&[&format[..], &["svdiff-pytorch", "--out", &place.at("out")]].concat());
    let back = std::fs::read(place.at("out/spectral_shifts.safetensors")).unwrap();
    assert_eq!(back, std::fs::read(&shifts).unwrap(), "byte for byte");

    let make = |more: &[&str]| {
        let dump = place.at("dump.safetensors");
        let prompt = ["--prompt", "photo of a dog", "--guidance-scale", "7.5"];
        let steps = ["--num-inference-steps", "5"];
        let out = ["--out", &place.at("out.png"), "--dump", &dump];
        with_base(&[&["generate"], &prompt[..], &steps, &out, more].concat());
        tensor(Path::new(&dump), "images").1
    };
    let relative = |a: &[f32], b: &[f32]| {
        let difference = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f32>();
        (difference / b.iter().map(|y| y * y).sum::<f32>()).sqrt()
    };
    let (plain, shifted) = (make(&[]), make(&["--delta", &delta]));
    assert!(relative(&plain, &shifted) > 0.05, "the delta does nothing");
    for name in ["lora-kohya", "lora-diffusers"] {
        let lora = place.at(&format!("{name}.safetensors"));
        with_base(&[&format[..], &[name, "--rank", "256", "--out", &lora]].concat());
        let bytes = std::fs::read(&lora).unwrap();
        let said = Header::parse(&bytes, bytes.len() as u64).unwrap().metadata;
        assert_eq!(said["ss_network_dim"], "256");
        assert_eq!(said["modelspec.architecture"], "stable-diffusion/lora");
        assert_eq!(said["deltabooth.energy_kept"], "1.000000");
        // It must not be offered for Stable Diffusion 1 or 2.
        assert!(!said.contains_key("ss_base_model_version"), "{said:?}");
        let error = relative(&make(&["--lora", &lora]), &shifted);
        println!("{name} of full rank: {error:.1e}");
        assert!(error <= 1e-3, "{name}: {error}");
        assert_eq!(make(&["--lora", &format!("{lora}:0")]), plain);
        let import = ["import", &lora, "--out", &place.at("x.safetensors")];
        let refusal = fails(&[&import[..], &["--base", base]].concat());
        assert!(refusal.contains("--lora"), "{refusal}");
    }
    let high = [
        "lora-kohya",
        "--rank",
        "257",
        "--out",
        &place.at("x.safetensors"),
    ];
    let refusal = fails(&[&format[..], &high, &["--base", base]].concat());
    assert!(refusal.contains("at most 256"), "{refusal}");
    assert!(!Path::new(&place.at("x.safetensors")).exists());
}

#[test]
fn deltas_are_combined_and_say_of_what() {
    let place = Place::new();
    let base = &place.base;
    let (a, b, out) = (
        place.at("a.safetensors"),
        place.at("b.safetensors"),
        place.at("c.safetensors"),
    );
    for (seed, delta) in [(1, &a), (2, &b)] {
        let shifts = place.at("spectral_shifts.safetensors");
        svdiff_pytorch_file(&shifts, seed);
        let name = format!("subject {seed}");
        let import = ["import", &shifts, "--base", base, "--title", &name];
        succeeds(&[&import[..], &["--out", delta]].concat());
    }
    let read = |path: &str| Delta::from_bytes(&std::fs::read(path).unwrap()).unwrap();
    let combine = |how: &[&str]| {
        succeeds(&[&["combine", &a, &b, "--out", &out], how].concat());
        read(&out)
    };
    let layer = |delta: &Delta, path: &str| delta.unet.get(path).unwrap().delta.clone();
    let (first, second) = (read(&a), read(&b));
    let sum = combine(&["--weights", "-0.5,1.5"]);
    let parents: Vec<_> = sum
        .metadata
        .parents
        .iter()
        .map(|p| (&p.title[..], p.strength))
        .collect();
    assert_eq!(parents, [("subject 1", -0.5), ("subject 2", 1.5)]);
    let expected: Vec<f32> = layer(&first, "conv_in")
        .iter()
        .zip(layer(&second, "conv_in"))
        .map(|(x, y)| 1.5 * y - 0.5 * x)
        .collect();
    assert!(largest_difference(&layer(&sum, "conv_in"), &expected) < 1e-3);
    let nearly = |x: &[f32], y: &[f32]| largest_difference(x, y) < 1e-3;
    let ends = combine(&["--interpolate", "1"]);
    assert!(nearly(&layer(&ends, "conv_in"), &layer(&first, "conv_in")));
    let mixed = combine(&["--style-mix"]);
    for (path, parent) in [
        ("down_blocks.2.resnets.0.conv1", &first),
        ("conv_in", &second),
    ] {
        assert!(nearly(&layer(&mixed, path), &layer(parent, path)), "{path}");
    }
    let limited = combine(&["--weights", "1,0", "--rank", "3", "--base", base]);
    let kept = layer(&limited, "conv_in");
    assert_eq!(kept.iter().filter(|&&d| d != 0.0).count(), 3);
    assert_eq!(limited.metadata.combination.unwrap().rank, Some(3));
    assert!(succeeds(&["inspect", &out]).contains("subject 2"));

    let mut elsewhere = second;
    elsewhere.metadata.base_sha256 = "0".repeat(64);
    std::fs::write(&b, elsewhere.to_bytes().unwrap()).unwrap();
    let text = fails(&["combine", &a, &b, "--out", &out]);
    assert!(text.contains("different bases"), "{text}");
    let text = fails(&["combine", &a, "--weights", "1,2", "--out", &out]);
    assert!(text.contains("one weight for each"), "{text}");
    let text = fails(&[
        "combine", &a, "--rank", "257", "--base", base, "--out", &out,
    ]);
    assert!(text.contains("at most 256"), "{text}");
}
