//! `booth`, run as a person runs it, on the embedded base.
#![cfg(feature = "booth")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deltabooth::sampler::Noise;
use deltabooth::spectral::delta::Delta;
use deltabooth::weights::safetensors::{self, Dtype, Header, from_f32, to_f32};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("static")
        .join(name)
}

fn booth(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_booth"))
        .args(args)
        .output()
        .unwrap()
}

fn succeeds(args: &[&str]) -> String {
    let output = booth(args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The sentence of a command that must fail.
fn fails(args: &[&str]) -> String {
    let output = booth(args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
    assert!(output.stdout.is_empty(), "{args:?}");
    let text = text.trim_end();
    assert!(
        text.ends_with('.') && text.contains(' '),
        "no sentence: {text}"
    );
    assert!(!text.contains("panicked"), "{text}");
    text.to_owned()
}

/// Shape and values of a tensor of a file.
fn tensor(file: &Path, name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = std::fs::read(file).unwrap();
    let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
    let info = &header.tensors[name];
    assert_eq!(info.dtype, Dtype::F32);
    let at = |offset: u64| (header.data_start + offset) as usize;
    (
        info.shape.clone(),
        to_f32(info.dtype, &bytes[at(info.start)..at(info.end)]).unwrap(),
    )
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0.0, |largest, (a, b)| largest.max((a - b).abs()))
}

#[test]
fn a_seed_gives_its_pictures_alone_and_among_others_and_from_its_noise() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let base = folder("base");
    let make = |name: &str, more: &[&str]| {
        let (out, dump) = (
            at(&format!("{name}.png")),
            at(&format!("{name}.safetensors")),
        );
        let mut args = vec![
            "generate",
            "--base",
            base.to_str().unwrap(),
            "--prompt",
            "a red robot",
            "--steps",
            "3",
        ];
        args.extend(["--out", &out, "--dump", &dump]);
        args.extend(more);
        succeeds(&args);
        (
            tensor(Path::new(&dump), "latents"),
            tensor(Path::new(&dump), "images"),
        )
    };
    let (latents, images) = make("both", &["--seed", "7", "--count", "2"]);
    let side = latents.0[2];
    assert_eq!(latents.0, [2, 4, side, side]);
    assert_eq!(images.0[..2], [2, 3]);
    assert!(images.1.iter().all(|x| (0.0..=1.0).contains(x)));
    assert!(
        images.1.iter().any(|x| (x - images.1[0]).abs() > 0.05),
        "an empty picture"
    );

    let (second, _) = make("second", &["--seed", "8"]);
    assert!(largest_difference(&latents.1[4 * side * side..], &second.1) < 1e-3);
    let (again, _) = make("again", &["--seed", "8"]);
    assert_eq!(second, again);
    let (other, _) = make("other", &["--seed", "9"]);
    assert!(largest_difference(&second.1, &other.1) > 0.1);

    let noise = Noise::new(8, 1).normal(4 * side * side);
    let bytes = from_f32(Dtype::F32, &noise).unwrap();
    let file = safetensors::write(
        &[("latents".into(), Dtype::F32, vec![1, 4, side, side], bytes)],
        &BTreeMap::new(),
    );
    std::fs::write(at("noise.safetensors"), file.unwrap()).unwrap();
    let (from_noise, _) = make("from-noise", &["--latents", &at("noise.safetensors")]);
    assert_eq!(second, from_noise);

    let size = |name: &str| {
        let picture = deltabooth::picture::decode(&std::fs::read(at(name)).unwrap()).unwrap();
        (picture.width() as usize, picture.height() as usize)
    };
    let (height, width) = (images.0[2], images.0[3]);
    assert_eq!(size("both.png"), (2 * width, height), "the grid");
    assert_eq!(size("both-1.png"), (width, height));
    assert_eq!(size("both-2.png"), (width, height));
    assert!(!Path::new(&at("second-1.png")).exists());
}

#[test]
fn what_goes_wrong_is_said_in_a_sentence() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let base = folder("base").to_str().unwrap().to_owned();
    let (out, missing) = (at("out.png"), at("missing"));
    std::fs::write(at("broken.safetensors"), b"\x10\0\0\0\0\0\0\0{\"a\":").unwrap();
    let broken = at("broken.safetensors");
    let generate = |more: &[&str]| {
        let mut args = vec!["generate", "--base", &base, "--prompt", "a robot"];
        args.extend(more);
        fails(&args)
    };
    assert!(
        fails(&[
            "generate", "--base", &missing, "--prompt", "x", "--out", &out
        ])
        .contains("missing")
    );
    assert!(
        generate(&[
            "--out",
            &out,
            "--delta",
            &format!("{missing}.safetensors:0.5")
        ])
        .contains("missing.safetensors")
    );
    assert!(generate(&["--out", &out, "--delta", &broken]).contains("broken.safetensors"));
    assert!(generate(&["--out", &out, "--latents", &broken]).contains("broken.safetensors"));
    assert!(generate(&["--out", &out, "--steps", "0"]).contains("0 sampling steps"));
    assert!(generate(&["--out", &out, "--steps", "5000"]).contains("5000"));
    assert!(generate(&["--out", &out, "--count", "0"]).contains("0 pictures"));
    assert!(generate(&["--out", &out, "--eta", "2"]).contains("Eta is 2"));
    assert!(generate(&["--out", &at("out.jpg")]).contains(".png"));
    assert!(generate(&["--out", &at("nowhere/out.png")]).contains("nowhere"));
    #[cfg(not(feature = "gpu"))]
    assert!(generate(&["--out", &out, "--device", "gpu"]).contains("--features gpu"));
    fails(&["inspect", &broken]);
    let delta = at("delta.safetensors");
    let train = ["train", "--base", &base, "--out", &delta];
    assert!(fails(&[&train[..], &["--resume"]].concat()).contains("no checkpoint"));
    let words = ["--token", "sks", "--class", "robot"];
    let nothing = place.path().to_str().unwrap();
    assert!(fails(&[&train[..], &words, &["--images", nothing]].concat()).contains("no picture"));
    assert!(
        fails(&[&train[..], &words, &["--images", nothing, "--lr", "7"]].concat())
            .contains("learning_rate")
    );
    assert!(!Path::new(&out).exists() && !Path::new(&delta).exists());
}

#[test]
fn hostile_text_in_a_file_stays_text() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hostile.safetensors");
    let metadata = BTreeMap::from([(
        "title\u{202e}".to_owned(),
        "a\x1b[2J\nmetadata\n  author: me\u{0}".to_owned(),
    )]);
    let tensors = [(
        "x\x1b]0;owned\x07".to_owned(),
        Dtype::F32,
        vec![1],
        vec![0; 4],
    )];
    std::fs::write(&file, safetensors::write(&tensors, &metadata).unwrap()).unwrap();
    let text = succeeds(&["inspect", file.to_str().unwrap()]);
    assert!(
        text.contains(r"title\u{202e}: a\u{1b}[2J\nmetadata\n  author: me\u{0}"),
        "{text}"
    );
    assert!(text.contains(r"x\u{1b}]0;owned\u{7}"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn a_base_is_described_without_reading_its_weights() {
    let file = folder("base/unet/diffusion_pytorch_model.safetensors");
    let text = succeeds(&["inspect", file.to_str().unwrap()]);
    assert!(
        text.contains("conv_in.weight") && text.contains("tensors"),
        "{text}"
    );
}

#[test]
fn a_delta_is_trained_described_and_applied() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let base = folder("base").to_str().unwrap().to_owned();
    std::fs::create_dir(at("images")).unwrap();
    for (name, red) in [("a.png", 200_u8), ("b.png", 90)] {
        let rgb: Vec<u8> = (0..80 * 64)
            .flat_map(|i| [red, (i % 80) as u8, (i / 80) as u8])
            .collect();
        let png = deltabooth::picture::encode_png(&rgb, 80, 64).unwrap();
        std::fs::write(Path::new(&at("images")).join(name), png).unwrap();
    }
    let delta = at("delta.safetensors");
    let images = at("images");
    succeeds(&[
        "train",
        "--base",
        &base,
        "--images",
        &images,
        "--token",
        "sks",
        "--class",
        "robot",
        "--steps",
        "2",
        "--prior-images",
        "1",
        "--seed",
        "3",
        "--out",
        &delta,
    ]);
    assert!(std::fs::metadata(&delta).unwrap().len() <= 100_000);
    assert!(
        !Path::new(&at("delta.checkpoint")).exists(),
        "a finished run leaves no checkpoint"
    );

    // Through a link and back: rounded, but the same subject on the same base.
    let link = succeeds(&["link", "--delta", &delta, "--limit", "14000"]);
    assert!(link.starts_with("#d=") && link.trim().len() <= 14_003);
    std::fs::write(at("link.txt"), format!("https://a.example/{}", link.trim())).unwrap();
    let linked = at("linked.safetensors");
    succeeds(&["link", "--link", &at("link.txt"), "--out", &linked]);
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
            at(&format!("{name}.png")),
            at(&format!("{name}.dump.safetensors")),
        );
        let mut args = vec![
            "generate",
            "--base",
            &base,
            "--prompt",
            "a sks robot",
            "--steps",
            "2",
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
    let edits = at("edits");
    let mut edit = vec!["edit", "--base", &base, "--image", image, "--steps", "4"];
    edit.extend(["--prompt", "a sks robot", "--delta", &delta]);
    edit.extend(["--slerp", "0.3", "--out", &edits]);
    let text = succeeds(&[&edit[..], &["--target", "a sks robot in the snow"]].concat());
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
    let empty = fails(&[&edit[..], &["--target", " "]].concat());
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
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let base = folder("base").to_str().unwrap().to_owned();
    let with_base = |args: &[&str]| succeeds(&[args, &["--base", &base]].concat());
    let shifts = at("spectral_shifts.safetensors");
    svdiff_pytorch_file(&shifts, 1);
    let delta = at("delta.safetensors");
    with_base(&["import", &shifts, "--out", &delta]);
    std::fs::create_dir(at("out")).unwrap();
    let format = ["export", &delta, "--format"];
    with_base(&[&format[..], &["svdiff-pytorch", "--out", &at("out")]].concat());
    let back = std::fs::read(at("out/spectral_shifts.safetensors")).unwrap();
    assert_eq!(back, std::fs::read(&shifts).unwrap(), "byte for byte");

    let make = |more: &[&str]| {
        let dump = at("dump.safetensors");
        let prompt = ["--prompt", "photo of a dog", "--steps", "5"];
        let out = ["--out", &at("out.png"), "--dump", &dump];
        with_base(&[&["generate"], &prompt[..], &out, more].concat());
        tensor(Path::new(&dump), "images").1
    };
    let relative = |a: &[f32], b: &[f32]| {
        let difference = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f32>();
        (difference / b.iter().map(|y| y * y).sum::<f32>()).sqrt()
    };
    let (plain, shifted) = (make(&[]), make(&["--delta", &delta]));
    assert!(relative(&plain, &shifted) > 0.05, "the delta does nothing");
    for name in ["lora-kohya", "lora-diffusers"] {
        let lora = at(&format!("{name}.safetensors"));
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
        let import = ["import", &lora, "--out", &at("x.safetensors")];
        let refusal = fails(&[&import[..], &["--base", &base]].concat());
        assert!(refusal.contains("--lora"), "{refusal}");
    }
    let high = ["lora-kohya", "--rank", "257", "--out", &at("x.safetensors")];
    let refusal = fails(&[&format[..], &high, &["--base", &base]].concat());
    assert!(refusal.contains("at most 256"), "{refusal}");
    assert!(!Path::new(&at("x.safetensors")).exists());
}

#[test]
fn deltas_are_combined_and_say_of_what() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let base = folder("base").to_str().unwrap().to_owned();
    let (a, b, out) = (
        at("a.safetensors"),
        at("b.safetensors"),
        at("c.safetensors"),
    );
    for (seed, delta) in [(1, &a), (2, &b)] {
        let shifts = at("spectral_shifts.safetensors");
        svdiff_pytorch_file(&shifts, seed);
        let name = format!("subject {seed}");
        let import = ["import", &shifts, "--base", &base, "--title", &name];
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
    for (path, parent) in [("mid_block.resnets.0.conv1", &first), ("conv_in", &second)] {
        assert!(nearly(&layer(&mixed, path), &layer(parent, path)), "{path}");
    }
    let limited = combine(&["--weights", "1,0", "--rank", "3", "--base", &base]);
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
        "combine", &a, "--rank", "257", "--base", &base, "--out", &out,
    ]);
    assert!(text.contains("at most 256"), "{text}");
}

/// The files that stand-ins of the shapes of published bases are made of, with few channels.
fn stand_in(like: &str, layout: &str, out: &str) {
    succeeds(&[
        "synth", "--like", like, "--small", "--layout", layout, "--dtype", "bf16", "--out", out,
    ]);
}

#[test]
fn a_checkpoint_of_one_file_is_a_base_as_its_folder_is_at_any_size() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    stand_in("bk-sdm-tiny", "folder", &at("folder"));
    stand_in("bk-sdm-tiny", "single-file", &at("file"));
    let (file, tokenizer) = (at("file/model.safetensors"), at("folder/tokenizer"));
    let make = |base: &str, name: &str, more: &[&str]| {
        let (out, dump) = (at(&format!("{name}.png")), at(&format!("{name}.st")));
        let mut args = vec!["generate", "--base", base, "--prompt", "a robot"];
        args.extend(["--steps", "2", "--out", &out, "--dump", &dump]);
        args.extend(more);
        succeeds(&args);
        tensor(Path::new(&dump), "images")
    };
    let (shape, of_folder) = make(&at("folder"), "a", &["--size", "96"]);
    assert_eq!(shape, [1, 3, 96, 96]);
    let (_, of_file) = make(&file, "b", &["--size", "96", "--tokenizer", &tokenizer]);
    assert_eq!(of_folder, of_file);
    let picture = deltabooth::picture::decode(&std::fs::read(at("a.png")).unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (96, 96));
    let own = make(&at("folder"), "c", &[]).0;
    assert_eq!(own, [1, 3, 64, 64], "the base's own size");

    // What was trained on the file at one size is applied to the folder at another.
    std::fs::create_dir(at("images")).unwrap();
    let png = deltabooth::picture::encode_png(&[120; 3 * 40 * 40], 40, 40).unwrap();
    std::fs::write(at("images/a.png"), png).unwrap();
    let (images, delta) = (at("images"), at("delta.safetensors"));
    let mut train = vec![
        "train", "--base", &file, "--size", "32", "--images", &images,
    ];
    train.extend(["--token", "sks", "--class", "robot", "--steps", "1"]);
    train.extend([
        "--prior-weight",
        "0",
        "--layers",
        "key_value",
        "--out",
        &delta,
    ]);
    succeeds(&train);
    make(&at("folder"), "d", &["--delta", &delta]);

    let wrong = |more: &[&str]| {
        let mut args = vec!["generate", "--prompt", "a robot", "--steps", "1"];
        let out = at("none.png");
        args.extend(["--out", &out]);
        args.extend(more);
        fails(&args)
    };
    assert!(wrong(&["--base", &file, "--size", "100"]).contains("multiple of 32"));
    std::fs::write(
        at("model.ckpt"),
        b"PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl",
    )
    .unwrap();
    assert!(wrong(&["--base", &at("model.ckpt")]).contains("pickle"));
    assert!(wrong(&["--base", &delta]).contains("no UNet"));
    std::fs::rename(&file, at("alone.safetensors")).unwrap();
    assert!(wrong(&["--base", &at("alone.safetensors")]).contains("tokenizer"));
}

#[test]
fn a_lora_for_few_steps_goes_onto_the_base_that_it_was_made_for() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    stand_in("sd15", "folder", &at("base"));
    stand_in("bk-sdm-tiny", "folder", &at("other"));
    stand_in("lcm-lora", "folder", &at("lora"));
    let lora = at("lora/pytorch_lora_weights.safetensors");
    let args = |base: &str, lora: &str, out: &str| -> Vec<String> {
        [
            "generate",
            "--base",
            base,
            "--prompt",
            "a robot",
            "--sampler",
            "lcm",
        ]
        .into_iter()
        .chain([
            "--steps",
            "2",
            "--guidance",
            "1",
            "--lora",
            lora,
            "--out",
            out,
        ])
        .map(str::to_owned)
        .collect()
    };
    let run = |strength: &str| {
        let (lora, out) = (format!("{lora}:{strength}"), at("out.png"));
        let args = args(&at("base"), &lora, &out);
        succeeds(&args.iter().map(String::as_str).collect::<Vec<_>>());
        std::fs::read(out).unwrap()
    };
    assert_ne!(run("1"), run("0"));
    let args = args(&at("other"), &lora, &at("out.png"));
    let error = fails(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(error.contains("'lora_unet_down_blocks_0_") && error.contains("another model"));
}

#[test]
fn a_plan_says_whether_a_job_fits_and_why_not() {
    let base = folder("base");
    let base = base.to_str().unwrap();
    let plan = |more: &[&str]| succeeds(&[&["plan", "--base", base][..], more].concat());
    let picture = plan(&[]);
    assert!(picture.contains("| denoising | UNet |"), "{picture}");
    assert!(picture.contains("It fits: "), "{picture}");
    let saved = plan(&["--train", "--size", "512", "--limit", "0.5"]);
    assert!(saved.contains("To save memory, "), "{saved}");
    let smaller = plan(&["--train", "--size", "512", "--limit", "0.15"]);
    assert!(smaller.contains("It fits at "), "{smaller}");
    let never = plan(&["--train", "--limit", "0.01"]);
    let why = "It does not fit, because even at 128 px ";
    assert!(
        !never.contains("It fits") && never.contains("It does not fit, because"),
        "{never}"
    );
    assert!(plan(&["--limit", "0.01", "--size", "128"]).contains(why));
    for wrong in [
        ["--size", "100"],
        ["--limit", "0"],
        ["--preset", "nothing"],
        ["--samples", "0"],
    ] {
        fails(&[&["plan", "--base", base][..], &wrong].concat());
    }
    fails(&["plan", "--base", "/nowhere"]);
}

#[test]
fn factors_are_made_as_they_are_asked_for_and_kept_for_the_next_time() {
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path().to_str().unwrap();
    let made = |more: &[&str]| {
        let args = [
            "decompose",
            "--base",
            "static/base",
            "--layers",
            "key_value",
        ];
        succeeds(&[&args, more].concat())
    };
    let row = |text: &str, name: &str| -> String {
        let line = text.lines().find(|line| line.contains(name)).unwrap();
        line.split('|').nth(2).unwrap().trim().to_owned()
    };
    let wide = made(&[]);
    let first = made(&["--stored", "f16", "--cache", cache]);
    assert_ne!(row(&wide, "U, σ"), row(&first, "U, σ"));
    let count = row(&first, "decomposed");
    assert_ne!(count, "0");
    assert_eq!(row(&wide, "decomposed"), count);
    let second = made(&["--stored", "f16", "--cache", cache]);
    assert_eq!(row(&second, "decomposed"), "0");
    assert_eq!(row(&second, "found in"), count);
}
