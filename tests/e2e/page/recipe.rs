//! The finer points of the recipe and the captions reach the run.

use deltabooth::config::{LrScheduler, TimestepSampling, TrainConfig, file};
use deltabooth::spectral::delta::Delta;

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
    let used: TrainConfig = file::from_json(&delta.metadata.training).unwrap();
    let expected = TrainConfig {
        lr_scheduler: LrScheduler::Cosine,
        timestep_sampling: TimestepSampling::Antithetic,
        snr_gamma: 5.0,
        ema_decay: 0.5,
        train_batch_size: 2,
        random_flip: true,
        ..used.clone()
    };
    assert_eq!(used, expected);
    assert_eq!(used.captions.single, "a drawing of {a}");
    assert_eq!(delta.metadata.prompts, ["a drawing of a sks robot"]);
    browser.close().await;
}
