//! The settings' defaults, for the module that other pages use.

use deltabooth::config::{GenerateConfig, TrainConfig};
use serde::Serialize;
use serde_json::{Map, Value, to_value};

/// The whole file.
pub fn write() -> String {
    let mut whole = Vec::new();
    let (train, generate) = (train(), generate());
    for settings in [&train, &generate] {
        let numbers = settings.as_object().unwrap().iter();
        let counts = numbers.filter(|(_, value)| value.is_u64());
        whole.extend(counts.map(|(name, _)| Value::from(name.as_str())));
    }
    whole.sort_by_key(Value::to_string);
    whole.dedup();
    format!(
        "// Generated from src/config by `UPDATE_EMBED=1 cargo test --test embed_types`. Do not edit.

/** The settings of training on one subject; they suit the embedded model. */
export const TRAIN = {};

/** What differs for several subjects. The training steps are for each of them. */
export const SEVERAL = {};

/** The settings of pictures. */
export const GENERATE = {};

/** Settings that are whole numbers. */
export const WHOLE = {};
",
        text(&train),
        text(&several()),
        text(&generate),
        text(&Value::from(whole)),
    )
}

fn text(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// The settings that a page may choose, in camelCase.
pub fn train() -> Value {
    let mut settings = camel_case(&TrainConfig::default());
    let set_elsewhere = ["subjects", "ownCollages", "resolution"];
    settings.retain(|name, _| !set_elsewhere.contains(&name.as_str()));
    Value::Object(settings)
}

fn generate() -> Value {
    let mut settings = camel_case(&GenerateConfig::default());
    settings.retain(|name, _| name != "preview");
    Value::Object(settings)
}

/// The settings of several subjects that differ from those of one.
fn several() -> Value {
    let one = camel_case(&TrainConfig::for_subjects(1));
    let of = |subjects: usize| {
        let mut all = camel_case(&TrainConfig::for_subjects(subjects));
        all.retain(|name, value| one[name.as_str()] != *value);
        let steps = all["maxTrainSteps"].as_u64().unwrap();
        all["maxTrainSteps"] = Value::from(steps / subjects as u64);
        all
    };
    for subjects in 3..=8 {
        assert_eq!(of(subjects), of(2), "{subjects}");
    }
    Value::Object(of(2))
}

fn camel_case(settings: &impl Serialize) -> Map<String, Value> {
    fn renamed(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.into_iter();
                let fields = fields.map(|(name, value)| (camel(&name), renamed(value)));
                Value::Object(fields.collect())
            }
            other => other,
        }
    }
    match renamed(to_value(settings).unwrap()) {
        Value::Object(fields) => fields,
        other => panic!("no struct: {other}"),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| {
        let (first, rest) = word.split_at(1);
        name + &first.to_uppercase() + rest
    })
}

/// The name on the wire, as `requests.js` makes it: `learningRate1d` is `learning_rate_1d`.
pub fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() || c.is_ascii_digit() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
