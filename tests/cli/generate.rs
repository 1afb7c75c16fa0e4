//! Pictures, and what goes wrong on the way to them.

use std::collections::BTreeMap;
use std::path::Path;

use deltabooth::sampler::Noise;
use deltabooth::weights::format::safetensors;
use deltabooth::weights::format::safetensors::{Dtype, from_f32};

use super::{Place, fails, folder, largest_difference, succeeds, tensor};

#[test]
fn a_seed_gives_its_pictures_alone_and_among_others_and_from_its_noise() {
    let place = Place::new();
    let base = folder("base");
    let make = |name: &str, more: &[&str]| {
        let (out, dump) = (
            place.at(&format!("{name}.png")),
            place.at(&format!("{name}.safetensors")),
        );
        let mut args = vec![
            "generate",
            "--base",
            base.to_str().unwrap(),
            "--prompt",
            "a red robot",
            "--num-inference-steps",
            "3",
            "--guidance-scale",
            "7.5",
        ];
        args.extend(["--out", &out, "--dump", &dump]);
        args.extend(more);
        succeeds(&args);
        (
            tensor(Path::new(&dump), "latents"),
            tensor(Path::new(&dump), "images"),
        )
    };
    let (latents, images) = make("both", &["--seed", "7", "--num-images-per-prompt", "2"]);
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
    std::fs::write(place.at("noise.safetensors"), file.unwrap()).unwrap();
    let (from_noise, _) = make("from-noise", &["--latents", &place.at("noise.safetensors")]);
    assert_eq!(second, from_noise);

    let size = |name: &str| {
        let picture = deltabooth::picture::decode(&std::fs::read(place.at(name)).unwrap()).unwrap();
        (picture.width() as usize, picture.height() as usize)
    };
    let (height, width) = (images.0[2], images.0[3]);
    assert_eq!(size("both.png"), (2 * width, height), "the grid");
    assert_eq!(size("both-1.png"), (width, height));
    assert_eq!(size("both-2.png"), (width, height));
    assert!(!Path::new(&place.at("second-1.png")).exists());
}

#[test]
fn what_goes_wrong_is_said_in_a_sentence() {
    let place = Place::new();
    let base = &place.base;
    let (out, missing) = (place.at("out.png"), place.at("missing"));
    std::fs::write(place.at("broken.safetensors"), b"\x10\0\0\0\0\0\0\0{\"a\":").unwrap();
    let broken = place.at("broken.safetensors");
    let generate = |more: &[&str]| {
        let mut args = vec!["generate", "--base", base, "--prompt", "a robot"];
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
    assert!(generate(&["--out", &out, "--num-inference-steps", "0"]).contains("0 sampling steps"));
    assert!(generate(&["--out", &out, "--num-inference-steps", "5000"]).contains("5000"));
    assert!(generate(&["--out", &out, "--num-images-per-prompt", "0"]).contains("0 pictures"));
    assert!(generate(&["--out", &out, "--eta", "2"]).contains("Eta is 2"));
    assert!(generate(&["--out", &place.at("out.jpg")]).contains(".png"));
    assert!(generate(&["--out", &place.at("nowhere/out.png")]).contains("nowhere"));
    #[cfg(not(feature = "gpu"))]
    assert!(generate(&["--out", &out, "--device", "gpu"]).contains("--features gpu"));
    fails(&["inspect", &broken]);
    let delta = place.at("delta.safetensors");
    let train = ["train", "--base", base, "--out", &delta];
    assert!(fails(&[&train[..], &["--resume"]].concat()).contains("no checkpoint"));
    let words = ["--token", "sks", "--class", "robot"];
    let nothing = place.folder.path().to_str().unwrap();
    assert!(fails(&[&train[..], &words, &["--images", nothing]].concat()).contains("no picture"));
    assert!(
        fails(
            &[
                &train[..],
                &words,
                &["--images", nothing, "--learning-rate", "7"]
            ]
            .concat()
        )
        .contains("learning_rate")
    );
    assert!(!Path::new(&out).exists() && !Path::new(&delta).exists());
}
