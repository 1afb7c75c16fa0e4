//! `static/embed`: its declarations are generated from the engine's types, its defaults from the
//! engine's settings.
//!
//! | file | content |
//! |---|---|
//! | `source` | the protocol's types, read from their Rust source |
//! | `typescript` | `protocol.d.ts`, written from them |
//! | `defaults` | `defaults.js`, written from the settings |
//! | `declarations` | `protocol.d.ts`, read to compare it with what serde does |
#![cfg(feature = "booth")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod declarations;
mod defaults;
mod source;
mod typescript;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use deltabooth::config::collage::Layout;
use deltabooth::config::{LayerPreset, LrScheduler, NormShift, SamplerKind, TimestepSampling};
use deltabooth::error::Error;
use deltabooth::worker::protocol::{
    Answer, BaseSource, BytesFrom, Combining, DeviceChoice, DeviceKind, Event, ExportFormat,
    Message, Origin, PictureFault, PlanVerdict, Prediction, Request, Saving, Task, TokenizerFrom,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

use declarations::Declarations;

fn embed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("static/embed")
}

fn protocol() -> Declarations {
    Declarations::read(&std::fs::read_to_string(embed().join("protocol.d.ts")).unwrap())
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
        ("LrScheduler", names::<LrScheduler>(json!("-"))),
        ("LayerPreset", names::<LayerPreset>(json!("-"))),
        ("NormShift", names::<NormShift>(json!("-"))),
        ("CollageLayout", names::<Layout>(json!("-"))),
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

/// Compares a generated file with what would be generated now, or writes it.
fn is_current(name: &str, generated: &str) {
    let path = embed().join(name);
    if std::env::var_os("UPDATE_EMBED").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == generated,
        "static/embed/{name} is not what the Rust types say. Write it again with\n\n    UPDATE_EMBED=1 cargo test --test embed_types\n"
    );
}

#[test]
fn the_declarations_are_generated_from_the_protocol() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let generated = typescript::write(&source::read(&source));
    is_current("protocol.d.ts", &generated);
}

#[test]
fn the_modules_defaults_are_generated_from_the_settings() {
    is_current("defaults.js", &defaults::write());
}

#[test]
fn every_setting_has_a_default_in_the_module() {
    let protocol = protocol();
    let fields = protocol.fields("TrainConfig").iter();
    let fields: BTreeSet<&str> = fields.map(|field| &*field.name).collect();
    let own = defaults::train();
    let names = own.as_object().unwrap().keys();
    let mut names: BTreeSet<String> = names.map(|name| defaults::snake(name)).collect();
    // Those that the module or the engine sets.
    names.extend(["subjects", "own_collages", "resolution"].map(str::to_owned));
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(names, fields);
}
