//! Several subjects, other layers, the text encoder, one picture, and the judge.

use std::path::Path;

use deltabooth::picture::decode;
use deltabooth::spectral::delta::Delta;

use super::{Place, fails, folder, succeeds, succeeds_and_says};

fn subject(name: &str, token: &str, class: &str) -> String {
    let folder = folder("subjects").join(name);
    format!("{}|{token}|{class}", folder.display())
}

fn dog() -> String {
    subject("dog", "sks", "dog")
}

fn cat() -> String {
    subject("cat", "olis", "cat")
}

/// Two steps on both subjects.
fn train(place: &Place, name: &str, more: &[&str]) -> Delta {
    let out = place.at(name);
    let mut args = vec!["train", "--base", &place.base, "--out", &out];
    let (dog, cat) = (dog(), cat());
    args.extend(["--subject", &dog, "--subject", &cat]);
    args.extend(["--max-train-steps", "2", "--num-class-images", "1"]);
    args.extend(["--num-collages", "2"]);
    args.extend(more);
    succeeds(&args);
    Delta::from_bytes(&std::fs::read(out).unwrap()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_collages_and_names_what_they_show() {
    let place = Place::new();
    let collages = |out: &str, seed: &str| {
        let (dog, cat, out) = (&dog(), &cat(), place.at(out));
        let args = [
            "collage",
            "--subject",
            dog,
            "--subject",
            cat,
            "--num-collages",
            "3",
        ];
        succeeds(&[&args[..], &["--seed", seed, "--out", &out]].concat());
        let read = |name: &str| std::fs::read(Path::new(&out).join(name)).unwrap();
        let pictures = [0, 1, 2].map(|n| read(&format!("{n:03}.png")));
        (pictures, String::from_utf8(read("captions.txt")).unwrap())
    };
    let (first, again, other) = (collages("a", "1"), collages("b", "1"), collages("c", "2"));
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_eq!(first.1.lines().count(), 3);
    assert!(
        first
            .1
            .lines()
            .all(|line| line.contains("sks dog") && line.contains("olis cat"))
    );
    assert_eq!(decode(&first.0[0]).unwrap().width(), 64);
    let alone = ["collage", "--subject", &dog(), "--out", "x"];
    assert!(fails(&alone).contains("two subjects"));
}

#[test]
fn subjects_layers_and_text_encoder_are_in_one_delta_and_it_is_applied() {
    let place = Place::new();
    let delta = train(
        &place,
        "keys.safetensors",
        &["--layers", "key_value", "--unmix-loss-weight", "0.01"],
    );
    assert!(delta.text_encoder.is_empty());
    assert!(
        delta
            .unet
            .iter()
            .all(|(path, _)| path.ends_with("attn2.to_k") || path.ends_with("attn2.to_v"))
    );
    let words: Vec<&str> = delta
        .metadata
        .subjects
        .iter()
        .map(|s| s.token.as_str())
        .collect();
    assert_eq!(words, ["sks", "olis"]);
    assert_eq!(delta.metadata.title, "sks dog and olis cat");

    let delta = train(
        &place,
        "text.safetensors",
        &["--layers", "one_d", "--train-text-encoder"],
    );
    let paths: Vec<&str> = delta.text_encoder.iter().map(|(path, _)| path).collect();
    assert!(paths.contains(&"text_model.embeddings.token_embedding"));
    let picture = |more: &[&str]| {
        let out = place.at("picture.png");
        let args = [
            "generate",
            "--base",
            &place.base,
            "--num-inference-steps",
            "2",
            "--guidance-scale",
            "7.5",
            "--seed",
            "5",
        ];
        let prompt = [
            "--prompt",
            "photo of a sks dog and an olis cat",
            "--out",
            &out,
        ];
        succeeds(&[&args[..], &prompt, more].concat());
        std::fs::read(out).unwrap()
    };
    let file = place.at("text.safetensors");
    assert_ne!(picture(&[]), picture(&["--delta", &format!("{file}:20")]));
    assert_eq!(picture(&[]), picture(&["--delta", &format!("{file}:0")]));
}

#[test]
fn subjects_that_cannot_be_told_apart_are_refused_and_odd_words_are_named() {
    let place = Place::new();
    let same = subject("cat", "sks", "cat");
    let out = place.at("x.safetensors");
    let args = [
        "train",
        "--base",
        &place.base,
        "--subject",
        &dog(),
        "--out",
        &out,
    ];
    let error = fails(&[&args[..], &["--subject", &same]].concat());
    assert!(
        error.contains("identifier 'sks'") && error.contains("olis"),
        "{error}"
    );
    let known = subject("cat", "banana", "cat");
    let one_step = [
        "--subject",
        &known,
        "--max-train-steps",
        "1",
        "--prior-loss-weight",
        "0",
        "--num-collages",
        "1",
    ];
    let (_, said) = succeeds_and_says(&[&args[..], &one_step].concat());
    assert!(
        said.contains("knows the word 'banana'") && said.contains("olis"),
        "{said}"
    );
}

#[test]
fn one_picture_is_learned_by_its_prompt_and_edited() {
    let place = Place::new();
    let (image, out) = (folder("subjects/dog/1.png"), place.at("edit"));
    let image = image.display().to_string();
    let said = succeeds(&[
        "edit",
        "--base",
        &place.base,
        "--image",
        &image,
        "--prompt",
        "photo of a dog",
        "--target-prompt",
        "photo of a dog in the snow",
        "--max-train-steps",
        "2",
        "--num-inference-steps",
        "3",
        "--out",
        &out,
    ]);
    assert!(said.contains("The inversion lost"), "{said}");
    let file = |name: &str| std::fs::read(Path::new(&out).join(name)).unwrap();
    for name in ["before.png", "reconstruction.png", "after.png"] {
        assert_eq!(decode(&file(name)).unwrap().width(), 64, "{name}");
    }
    let delta = Delta::from_bytes(&file("delta.safetensors")).unwrap();
    assert_eq!(delta.metadata.prompts, ["photo of a dog"]);
    assert!(delta.metadata.subjects.is_empty());
}

#[test]
fn the_judge_knows_the_sample_subjects_and_an_evaluation_counts_its_pictures() {
    let place = Place::new();
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/base/judge");
    let args = [
        "eval",
        "--base",
        &place.base,
        "--judge",
        judge,
        "--together",
        "--max-train-steps",
        "1",
    ];
    let subjects = ["--subject", &dog(), "--subject", &cat()];
    let few = [
        "--prior-loss-weight",
        "0",
        "--num-collages",
        "1",
        "--num-images-per-prompt",
        "1",
        "--num-inference-steps",
        "1",
    ];
    let (table, said) = succeeds_and_says(&[&args[..], &subjects, &few].concat());
    assert!(said.contains("the judge sees dog (twitter)"), "{said}");
    assert!(said.contains("the judge sees cat (twitter)"), "{said}");
    // Ten prompts of both; eight scenes and three companions of each.
    assert!(
        table.contains("% of 10 |") && table.contains("% of 16 |"),
        "{table}"
    );
    assert!(table.contains("% of 6 |"), "{table}");
}
