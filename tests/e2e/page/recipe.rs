//! Advanced settings and captions reach the training run.

use deltabooth::recipe::{RateSchedule, TimestepSampling};
use deltabooth::spectral::delta::Delta;
use deltabooth::train::TrainSettings;

use crate::browser::Browser;
use crate::steps::{Work, gather, train};
use crate::turn;

#[tokio::test]
async fn a_run_follows_the_advanced_settings() {
    let _turn = turn().await;
    let browser = Browser::start().await;
    gather(&browser, "?device=cpu", "CPU").await;
    browser.set("schedule", "1").await;
    browser.set("timesteps", "2").await;
    browser.set("min-snr", "5").await;
    browser.set("ema", "0.5").await;
    browser.set("flip", "true").await;
    browser.set("caption-single", "a drawing of {a}").await;
    let work = Work {
        training_steps: "3",
        class_pictures: "0",
        batch: "2",
        sampling_steps: "2",
    };
    let delta = Delta::from_bytes(&train(&browser, &work).await).unwrap();
    let used: TrainSettings = serde_json::from_str(&delta.metadata.training).unwrap();
    let expected = TrainSettings {
        schedule: RateSchedule::Cosine,
        timesteps: TimestepSampling::Antithetic,
        min_snr_gamma: 5.0,
        ema_decay: 0.5,
        batch: 2,
        flip: true,
        ..used.clone()
    };
    assert_eq!(used, expected);
    assert_eq!(used.templates.single, "a drawing of {a}");
    assert_eq!(delta.metadata.prompts, ["a drawing of a sks robot"]);
    browser.close().await;
}
