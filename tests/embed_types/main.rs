//! `static/embed`: its declarations are the engine's types, its defaults the engine's recipe.
#![cfg(feature = "booth")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod declarations;

use std::collections::BTreeSet;
use std::path::Path;

use deltabooth::error::Error;
use deltabooth::recipe::{self, RateSchedule, TimestepSampling};
use deltabooth::worker::protocol::{
    Answer, BaseSource, BytesFrom, Captions, Combining, DeviceChoice, DeviceKind, Event,
    ExportFormat, Message, Origin, PictureFault, PlanVerdict, Prediction, Request, SamplerKind,
    Saving, Task, TokenizerFrom,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

use declarations::Declarations;

fn file(name: &str) -> String {
    let embed = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/embed");
    std::fs::read_to_string(embed.join(name)).unwrap()
}

fn protocol() -> Declarations {
    Declarations::read(&file("protocol.d.ts"))
}

/// Every name of an enum, from what serde says of one that it does not know.
fn names<T: DeserializeOwned>(unknown: Value) -> BTreeSet<String> {
    let error = from_value::<T>(unknown).err().unwrap().to_string();
    let (_, expected) = error
        .split_once("expected")
        .unwrap_or_else(|| panic!("{error}"));
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

/// The same value with every number as F64: serde writes 1 as 1.0 where Rust has a float.
fn floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(floats).collect(),
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, floats(value)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// Holds a union of interfaces against a tagged enum, and returns the names that it uses: what is
/// declared must be read whole and written back as it was.
fn hold<T: Serialize + DeserializeOwned>(declared: &Declarations, union: &str) -> Vec<String> {
    let members = declared.members(union);
    let tags: BTreeSet<String> = members
        .iter()
        .map(|of| declared.tag(of).to_owned())
        .collect();
    assert_eq!(tags.len(), members.len(), "{union} has a type twice");
    assert_eq!(tags, names::<T>(json!({ "type": "-" })), "{union}");
    let mut seen = vec![union.to_owned()];
    for member in members {
        crosses::<T>(declared, member, &mut seen);
    }
    seen
}

/// What an interface declares must be read whole and written back as it was, except an error's
/// message, which is made of its fields.
fn crosses<T: Serialize + DeserializeOwned>(
    declared: &Declarations,
    name: &str,
    seen: &mut Vec<String>,
) {
    let sample = declared.sample(name, seen);
    let read: T = from_value(sample.clone()).unwrap_or_else(|why| panic!("{name}: {why}"));
    let mut back = to_value(&read).unwrap();
    if name.ends_with("Error") && back.get("message").is_some() {
        back["message"] = sample["message"].clone();
    }
    assert_eq!(floats(back), floats(sample), "{name}");
}

#[test]
fn the_declared_types_are_those_of_the_wire() {
    let declared = protocol();
    let mut seen = hold::<Message>(&declared, "Message");
    seen.extend(hold::<Request>(&declared, "Request"));
    seen.extend(hold::<Event>(&declared, "Event"));
    seen.extend(hold::<BaseSource>(&declared, "BaseSource"));
    crosses::<Answer>(&declared, "Answer", &mut seen);
    for member in declared.members("EngineError") {
        crosses::<Error>(&declared, member, &mut seen);
    }
    let seen: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
    let all = declared.interfaces.keys().chain(declared.unions.keys());
    let unused: Vec<&String> = all.filter(|name| !seen.contains(name.as_str())).collect();
    assert!(unused.is_empty(), "declared but never sent: {unused:?}");
}

#[test]
fn the_declared_names_are_those_of_the_enums() {
    let declared = protocol();
    let enums = [
        ("DeviceChoice", names::<DeviceChoice>(json!("-"))),
        ("DeviceKind", names::<DeviceKind>(json!("-"))),
        ("SamplerKind", names::<SamplerKind>(json!("-"))),
        ("TimestepSampling", names::<TimestepSampling>(json!("-"))),
        ("RateSchedule", names::<RateSchedule>(json!("-"))),
        ("Combining", names::<Combining>(json!("-"))),
        ("ExportFormat", names::<ExportFormat>(json!("-"))),
        ("Origin", names::<Origin>(json!("-"))),
        ("PictureFault", names::<PictureFault>(json!("-"))),
        ("Task", names::<Task>(json!("-"))),
        ("BytesFrom", names::<BytesFrom>(json!("-"))),
        ("Prediction", names::<Prediction>(json!("-"))),
        ("TokenizerFrom", names::<TokenizerFrom>(json!("-"))),
        ("PlanVerdict", names::<PlanVerdict>(json!("-"))),
        ("Saving", names::<Saving>(json!("-"))),
        ("EngineErrorKind", names::<Error>(json!({ "kind": "-" }))),
    ];
    for (name, rust) in &enums {
        let literals = declared.literals(name).unwrap().into_iter();
        let literals: BTreeSet<String> = literals.map(str::to_owned).collect();
        assert_eq!(&literals, rust, "{name}");
    }
    let unions = declared.unions.keys();
    let literal: Vec<&String> = unions
        .filter(|name| declared.literals(name).is_some())
        .collect();
    assert_eq!(literal.len(), enums.len(), "{literal:?}");
}

#[test]
fn exactly_the_fields_with_a_question_mark_may_be_left_out() {
    let declared = protocol();
    for member in declared.members("Request") {
        let whole = declared.sample(member, &mut Vec::new());
        for field in declared.fields(member) {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().remove(&field.name);
            let read = from_value::<Request>(without).is_ok();
            assert_eq!(read, field.optional, "{member}.{}", field.name);
        }
    }
    assert_eq!(
        to_value(Error::Cancelled).unwrap(),
        json!({ "kind": "cancelled" })
    );
}

/// A constant of requests.js, which is written as JSON.
fn constant(name: &str) -> Value {
    let script = file("requests.js");
    let start = format!("const {name} = ");
    let (_, rest) = script.split_once(&start).unwrap();
    let (text, _) = rest.split_once("\n};").unwrap();
    serde_json::from_str(&format!("{text}\n}}")).unwrap()
}

#[test]
fn the_modules_defaults_are_the_recipe() {
    let one = recipe::effort(1);
    let expected = json!({
        "steps": one.steps,
        "learningRate": one.learning_rate,
        "learningRate1d": recipe::LEARNING_RATE_1D,
        "schedule": recipe::SCHEDULE,
        "batch": one.batch,
        "priorBatch": one.prior_batch,
        "timesteps": recipe::TIMESTEPS,
        "minSnrGamma": recipe::MIN_SNR_GAMMA,
        "emaDecay": recipe::EMA_DECAY,
        "priorWeight": recipe::PRIOR_WEIGHT,
        "priorImages": recipe::PRIOR_IMAGES,
        "mixProbability": recipe::MIX_PROBABILITY,
        "unmixWeight": recipe::UNMIX_WEIGHT,
        "layers": "all",
        "textEncoder": false,
        "flip": false,
        "seed": 0,
        "previewEvery": recipe::PREVIEW_EVERY,
        "checkpointEvery": recipe::CHECKPOINT_EVERY,
    });
    assert_eq!(floats(constant("RECIPE")), floats(expected));
    for subjects in 2..=8 {
        let several = recipe::effort(subjects);
        let expected = json!({
            "steps": several.steps / subjects,
            "learningRate": several.learning_rate,
            "batch": several.batch,
            "priorBatch": several.prior_batch,
        });
        assert!(several.steps.is_multiple_of(subjects));
        assert_eq!(floats(constant("SEVERAL")), floats(expected), "{subjects}");
    }
    let captions = Captions::default();
    let expected = json!({
        "single": captions.single,
        "leftRight": captions.left_right,
        "topBottom": captions.top_bottom,
        "together": captions.together,
        "classScenes": captions.class_scenes,
    });
    assert_eq!(constant("CAPTIONS"), expected);
}

#[test]
fn every_option_of_the_recipe_is_declared_and_sent() {
    let declarations = file("deltabooth.d.ts");
    let (_, rest) = declarations
        .split_once("export interface Recipe {")
        .unwrap();
    let (fields, _) = rest.split_once("\n}").unwrap();
    let declared = fields
        .lines()
        .filter_map(|line| line.trim().split_once("?: "));
    let declared: BTreeSet<&str> = declared.map(|(name, _)| name).collect();
    let options = constant("RECIPE");
    let mut defaults: BTreeSet<&str> = options
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    defaults.insert("captions");
    assert_eq!(declared, defaults);

    let script = file("requests.js");
    let (_, rest) = script.split_once("type: \"train\",").unwrap();
    let (fields, _) = rest.split_once("\n  };").unwrap();
    let sent = fields
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let sent: BTreeSet<&str> = sent
        .map(|line| line.split([':', ',']).next().unwrap())
        .collect();
    let protocol = protocol();
    let fields = protocol.fields("TrainOptions").iter();
    let fields: BTreeSet<&str> = fields.map(|field| &*field.name).collect();
    assert_eq!(sent, fields);
}
