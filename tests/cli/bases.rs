//! Other bases than the embedded one: files, LoRAs for few steps, plans, factors.

use std::path::Path;

use super::{Place, fails, folder, succeeds, tensor};

/// The files that stand-ins of the shapes of published bases are made of, with few channels.
fn stand_in(like: &str, layout: &str, out: &str) {
    succeeds(&[
        "synth", "--like", like, "--small", "--layout", layout, "--dtype", "bf16", "--out", out,
    ]);
}

#[test]
fn a_checkpoint_of_one_file_is_a_base_as_its_folder_is_at_any_size() {
    let place = Place::new();
    stand_in("bk-sdm-tiny", "folder", &place.at("folder"));
    stand_in("bk-sdm-tiny", "single-file", &place.at("file"));
    let (file, tokenizer) = (
        place.at("file/model.safetensors"),
        place.at("folder/tokenizer"),
    );
    let make = |base: &str, name: &str, more: &[&str]| {
        let (out, dump) = (
            place.at(&format!("{name}.png")),
            place.at(&format!("{name}.st")),
        );
        let mut args = vec!["generate", "--base", base, "--prompt", "a robot"];
        args.extend(["--num-inference-steps", "2", "--out", &out, "--dump", &dump]);
        args.extend(more);
        succeeds(&args);
        tensor(Path::new(&dump), "images")
    };
    let (shape, of_folder) = make(&place.at("folder"), "a", &["--resolution", "96"]);
    assert_eq!(shape, [1, 3, 96, 96]);
    let (_, of_file) = make(
        &file,
        "b",
        &["--resolution", "96", "--tokenizer", &tokenizer],
    );
    assert_eq!(of_folder, of_file);
    let picture = deltabooth::picture::decode(&std::fs::read(place.at("a.png")).unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (96, 96));
    let own = make(&place.at("folder"), "c", &[]).0;
    assert_eq!(own, [1, 3, 64, 64], "the base's own size");

    // What was trained on the file at one size is applied to the folder at another.
    std::fs::create_dir(place.at("images")).unwrap();
    let png = deltabooth::picture::encode_png(&[120; 3 * 40 * 40], 40, 40).unwrap();
    std::fs::write(place.at("images/a.png"), png).unwrap();
    let (images, delta) = (place.at("images"), place.at("delta.safetensors"));
    let mut train = vec![
        "train",
        "--base",
        &file,
        "--resolution",
        "32",
        "--images",
        &images,
    ];
    train.extend(["--token", "sks", "--class", "robot"]);
    train.extend(["--max-train-steps", "1"]);
    train.extend([
        "--prior-loss-weight",
        "0",
        "--layers",
        "key_value",
        "--out",
        &delta,
    ]);
    succeeds(&train);
    make(&place.at("folder"), "d", &["--delta", &delta]);

    let wrong = |more: &[&str]| {
        let mut args = vec!["generate", "--prompt", "a robot"];
        args.extend(["--num-inference-steps", "1"]);
        let out = place.at("none.png");
        args.extend(["--out", &out]);
        args.extend(more);
        fails(&args)
    };
    assert!(wrong(&["--base", &file, "--resolution", "100"]).contains("multiple of 32"));
    std::fs::write(
        place.at("model.ckpt"),
        b"PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl",
    )
    .unwrap();
    assert!(wrong(&["--base", &place.at("model.ckpt")]).contains("pickle"));
    assert!(wrong(&["--base", &delta]).contains("no UNet"));
    std::fs::rename(&file, place.at("alone.safetensors")).unwrap();
    assert!(wrong(&["--base", &place.at("alone.safetensors")]).contains("tokenizer"));
}

#[test]
fn a_lora_for_few_steps_goes_onto_the_base_that_it_was_made_for() {
    let place = Place::new();
    stand_in("sd15", "folder", &place.at("base"));
    stand_in("bk-sdm-tiny", "folder", &place.at("other"));
    stand_in("lcm-lora", "folder", &place.at("lora"));
    let lora = place.at("lora/pytorch_lora_weights.safetensors");
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
            "--num-inference-steps",
            "2",
            "--guidance-scale",
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
        let (lora, out) = (format!("{lora}:{strength}"), place.at("out.png"));
        let args = args(&place.at("base"), &lora, &out);
        succeeds(&args.iter().map(String::as_str).collect::<Vec<_>>());
        std::fs::read(out).unwrap()
    };
    assert_ne!(run("1"), run("0"));
    let args = args(&place.at("other"), &lora, &place.at("out.png"));
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
    let saved = plan(&["--train", "--resolution", "512", "--limit", "0.5"]);
    assert!(saved.contains("To save memory, "), "{saved}");
    let smaller = plan(&["--train", "--resolution", "512", "--limit", "0.15"]);
    assert!(smaller.contains("It fits at "), "{smaller}");
    let never = plan(&["--train", "--limit", "0.01"]);
    let why = "It does not fit, because even at 128 px ";
    assert!(
        !never.contains("It fits") && never.contains("It does not fit, because"),
        "{never}"
    );
    assert!(plan(&["--limit", "0.01", "--resolution", "128"]).contains(why));
    for wrong in [
        ["--resolution", "100"],
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
