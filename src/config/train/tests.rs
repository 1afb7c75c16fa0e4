#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::config::file;

fn good() -> TrainConfig {
    of(&[("sks", "robot")])
}

fn of(subjects: &[(&str, &str)]) -> TrainConfig {
    TrainConfig {
        subjects: subjects
            .iter()
            .map(|(token, class)| SubjectWords::new(*token, *class))
            .collect(),
        ..TrainConfig::default()
    }
}

#[test]
fn the_defaults_pass_unchanged() {
    assert_eq!(good().validated().unwrap(), good());
}

#[test]
fn settings_survive_json_exactly() {
    let odd = TrainConfig {
        learning_rate: 1.0 / 3.0,
        adam_epsilon: 1.234_567_890_123e-9,
        ..good()
    };
    let odd = odd.validated().unwrap();
    let text = serde_json::to_string(&odd).unwrap();
    assert_eq!(serde_json::from_str::<TrainConfig>(&text).unwrap(), odd);
    let text = file::to_json(&odd).unwrap();
    assert_eq!(file::from_json(&text).unwrap(), odd);
    assert_eq!(
        odd.clone().validated().unwrap(),
        odd,
        "a second check changes nothing"
    );
}

#[test]
fn each_setting_that_cannot_work_is_refused_by_name() {
    let changed = |change: fn(&mut TrainConfig)| {
        let mut config = good();
        change(&mut config);
        config
    };
    let prompt = SubjectWords {
        prompt: "a dog".into(),
        ..SubjectWords::default()
    };
    let free = TrainConfig {
        subjects: vec![prompt],
        ..good()
    };
    let cases: [(TrainConfig, &str); 14] = [
        (
            changed(|c| c.timestep_range = [0.5, 0.4]),
            "timestep_range[1]",
        ),
        (of(&[("sks", " ")]), "class word"),
        (of(&[("two words", "robot")]), "identifier"),
        (of(&[("a\u{7}", "robot")]), "identifier"),
        (of(&[]), "subjects"),
        (of(&[("sks", "dog"), ("SKS", "cat")]), "Two subjects"),
        (changed(|c| c.mix_probability = 1.5), "mix_probability"),
        (free, "prior weight of 0"),
        (changed(|c| c.max_train_steps = 0), "max_train_steps"),
        (changed(|c| c.learning_rate = f64::NAN), "learning_rate"),
        (changed(|c| c.learning_rate_1d = -1.0), "learning_rate_1d"),
        (changed(|c| c.adam_betas = [0.9, 1.0]), "adam_betas[1]"),
        (
            changed(|c| c.prior_loss_weight = f64::INFINITY),
            "prior_loss_weight",
        ),
        (changed(|c| c.num_class_images = 0), "num_class_images"),
    ];
    for (config, name) in cases {
        let message = config.validated().unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}
