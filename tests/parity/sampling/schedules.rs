//! Noise schedules against diffusers (fixtures of schedules.py).

use deltabooth::model::config::SchedulerConfig;
use deltabooth::sampler::NoiseSchedule;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

#[test]
fn alphas_and_timesteps_are_those_of_diffusers() {
    let Some(file) = crate::fixture("schedules/schedules.json") else {
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(cases.len() >= 10);
    let mut worst = 0.0_f64;
    for case in &cases {
        let name = &case["name"];
        let mut config = case["config"].clone();
        let parse = |config: &Value| SchedulerConfig::parse(config.to_string().as_bytes()).unwrap();
        let schedule = NoiseSchedule::new(&parse(&config)).unwrap();
        let expected = numbers(&case["alphas_cumprod"]);
        assert_eq!(schedule.alphas_cumprod().len(), expected.len(), "{name}");
        for (ours, theirs) in schedule.alphas_cumprod().iter().zip(&expected) {
            worst = worst.max((f64::from(*ours) - theirs).abs());
        }
        assert!(worst <= 1e-6, "{name}: alphas_cumprod differ by {worst:e}");
        let last = f64::from(schedule.final_alpha_cumprod());
        assert!(
            (last - case["final_alpha_cumprod"].as_f64().unwrap()).abs() <= 1e-6,
            "{name}"
        );

        for run in case["runs"].as_array().unwrap() {
            config["timestep_spacing"] = run["timestep_spacing"].clone();
            config["steps_offset"] = run["steps_offset"].clone();
            let steps = run["steps"].as_u64().unwrap() as usize;
            let timesteps = NoiseSchedule::new(&parse(&config))
                .unwrap()
                .timesteps(steps)
                .unwrap();
            let ours: Vec<f64> = timesteps.into_iter().map(|t| t as f64).collect();
            assert_eq!(ours, numbers(&run["timesteps"]), "{name}: {run}");
        }
    }
    println!("schedules: alphas_cumprod differ by {worst:e} at most");
}
