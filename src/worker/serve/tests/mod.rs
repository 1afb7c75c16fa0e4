//! Handlers with a fake page, each as a request of the protocol.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod fake;
mod runs;

use self::fake::{FakeBooth, add_picture, load};
use crate::config::{GenerateConfig, LayerPreset, SubjectWords, TrainConfig};
use crate::error::Error;
use crate::spectral::delta::Delta;
use crate::worker::protocol::{
    DeltaStrength, DeviceKind, Event, GenerateRequest, Message, Origin, Pixels, Request, RequestId,
    Task, TrainRun,
};

/// To train two steps on the norms of the dog that was added.
fn train(steps: usize) -> TrainRun {
    TrainRun {
        config: TrainConfig {
            subjects: vec![SubjectWords::new("sks", "dog")],
            layers: LayerPreset::OneD,
            mix_probability: 0.0,
            train_batch_size: 1,
            prior_batch_size: 1,
            max_train_steps: steps,
            learning_rate: 1e-3,
            learning_rate_1d: 1e-3,
            prior_loss_weight: 0.0,
            num_class_images: 0,
            validation_steps: 0,
            checkpointing_steps: 0,
            ..TrainConfig::default()
        },
        subject_numbers: vec![1],
        arranged: Vec::new(),
    }
}

fn generate(deltas: Vec<DeltaStrength>) -> Request {
    Request::Generate(GenerateRequest {
        id: 7,
        config: GenerateConfig {
            prompt: "photo of a dog".into(),
            seed: 1,
            num_inference_steps: 2,
            guidance_scale: 1.0,
            ..GenerateConfig::default()
        },
        deltas,
        ..GenerateRequest::default()
    })
}

fn open(bytes: Vec<u8>, apply_anyway: bool) -> Request {
    Request::OpenDelta {
        name: "dog.safetensors".into(),
        bytes,
        apply_anyway,
    }
}

/// An engine that has trained two steps, and the delta's id and file.
fn trained() -> (FakeBooth, String, Vec<u8>) {
    let mut booth = FakeBooth::loaded();
    booth.ask(add_picture(0));
    let events = booth.ask(Request::Train(train(2)));
    let delta = events.into_iter().find_map(|event| match event {
        Event::Delta { id, file, .. } => Some((id, file)),
        _ => None,
    });
    let (id, file) = delta.unwrap();
    (booth, id, file)
}

/// The error that a request ends with.
fn failure(events: &[Event]) -> (Task, &Error) {
    match events.last() {
        Some(Event::Failed { task, error }) => (*task, error),
        other => panic!("no failure: {other:?}"),
    }
}

fn pictures(events: &[Event]) -> &[Pixels] {
    let found = events.iter().find_map(|event| match event {
        Event::Generated {
            id: 7, pictures, ..
        } => Some(pictures),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn the_embedded_base_is_loaded_from_its_plan_to_its_presets() {
    let mut booth = FakeBooth::new();
    let events = booth.ask(load(None));
    let at = |found: fn(&Event) -> bool| events.iter().position(found).unwrap();
    let device = at(|event| matches!(event, Event::Device { .. }));
    let planned = at(|event| matches!(event, Event::Planned { .. }));
    let loaded = at(|event| matches!(event, Event::Loaded { .. }));
    assert!(device < planned && planned < loaded);
    let Event::Loaded {
        size,
        presets,
        unfinished_run,
        ..
    } = &events[loaded]
    else {
        unreachable!()
    };
    assert_eq!(*size, 64);
    assert!(presets.iter().any(|preset| preset.name == LayerPreset::All));
    assert_eq!(*unfinished_run, None);
    assert_eq!(booth.work(), Some((None, Task::Load)));
}

#[test]
fn a_model_that_does_not_fit_is_refused_with_its_numbers() {
    let mut booth = FakeBooth::on(DeviceKind::Gpu);
    let events = booth.ask(load(Some(1_000_000)));
    let (Task::Load, Error::DoesNotFit(refused)) = failure(&events) else {
        panic!("{events:?}");
    };
    assert!(refused.needed > refused.limit, "{refused:?}");
    assert_eq!(refused.limit, 1_000_000);
    let events = booth.ask(Request::SetSize { size: 64 });
    assert!(matches!(failure(&events), (_, Error::Settings(_))));
}

#[test]
fn work_that_needs_a_model_fails_without_one() {
    let mut booth = FakeBooth::new();
    for (request, task) in [
        (generate(Vec::new()), Task::Generate),
        (Request::CheckDevice, Task::Check),
        (open(Vec::new(), false), Task::OpenDelta),
        (Request::SetSize { size: 64 }, Task::Picture),
    ] {
        let events = booth.ask(request);
        let (failed, error) = failure(&events);
        assert_eq!(failed, task);
        assert!(matches!(error, Error::Settings(_)), "{error}");
    }
    // A picture is refused by an event of its own.
    let events = booth.ask(add_picture(0));
    assert!(matches!(events[0], Event::PictureRefused { id: 0, .. }));
}

#[test]
fn a_picture_is_added_turned_and_removed() {
    let mut booth = FakeBooth::loaded();
    let Event::Picture {
        id, size, pixels, ..
    } = &booth.ask(add_picture(0))[0]
    else {
        panic!("no picture");
    };
    assert_eq!((*id, *size, pixels.len()), (0, 64, 64 * 64 * 4));
    let turn = Request::TurnPicture { id: 0, quarters: 1 };
    let Event::Picture { pixels: turned, .. } = &booth.ask(turn)[0] else {
        panic!("no picture");
    };
    assert_ne!(pixels, turned);
    let damaged = Request::AddPicture {
        id: 1,
        subject: 1,
        bytes: b"no picture".to_vec(),
    };
    let events = booth.ask(damaged);
    let Event::PictureRefused { id: 1, error } = &events[0] else {
        panic!("{events:?}");
    };
    assert!(matches!(error, Error::Picture(_)));
    let events = booth.ask(Request::RemovePicture { id: 0 });
    assert_eq!(events, [Event::PictureRemoved { id: 0 }, Event::Done]);
}

#[test]
fn pictures_are_generated_with_and_without_a_delta() {
    let (mut booth, id, _) = trained();
    let events = booth.ask(generate(Vec::new()));
    let plain = pictures(&events)[0].clone();
    assert_eq!((plain.width, plain.height), (64, 64));
    let progress = events.iter().filter(|event| {
        matches!(
            event,
            Event::Progress {
                task: Task::Generate,
                ..
            }
        )
    });
    assert_eq!(progress.count(), 2);
    let events = booth.ask(generate(vec![DeltaStrength { id, strength: 1.0 }]));
    assert_ne!(pictures(&events)[0], plain);
    let gone = DeltaStrength {
        id: "none".into(),
        strength: 1.0,
    };
    let events = booth.ask(generate(vec![gone]));
    assert!(matches!(
        failure(&events),
        (Task::Generate, Error::Delta(_))
    ));
}

#[test]
fn a_delta_is_opened_and_one_for_another_base_is_told_from_a_damaged_one() {
    let (mut booth, id, file) = trained();
    let mut booth_anew = FakeBooth::loaded();
    let events = booth_anew.ask(open(file.clone(), false));
    let Event::Delta {
        origin: Origin::Opened,
        id: opened,
        summary,
        ..
    } = &events[0]
    else {
        panic!("{events:?}");
    };
    assert_eq!(*opened, id);
    assert_eq!(summary.subjects[0].token, "sks");

    let mut other = Delta::from_bytes(&file).unwrap();
    let base = std::mem::replace(&mut other.metadata.base_sha256, "ab".repeat(32));
    assert_eq!(summary.base_sha256, base);
    let other = other.to_bytes().unwrap();
    let events = booth.ask(open(other.clone(), false));
    let (Task::OpenDelta, Error::WrongBaseModel(wrong)) = failure(&events) else {
        panic!("{events:?}");
    };
    assert_eq!(wrong.expected, "ab".repeat(32));
    assert_eq!(wrong.found, base);
    assert!(matches!(
        booth.ask(open(other, true))[0],
        Event::Delta { .. }
    ));

    let mut damaged = file;
    *damaged.last_mut().unwrap() ^= 1;
    let events = booth.ask(open(damaged, false));
    assert!(matches!(
        failure(&events),
        (Task::OpenDelta, Error::Delta(_))
    ));
}

#[test]
fn an_unknown_request_is_refused_by_its_id_and_the_next_one_is_served() {
    let mut booth = FakeBooth::new();
    let wire = serde_json::json!({ "type": "request", "id": 9, "request": { "type": "juggle" } });
    let why = serde_json::from_value::<Message>(wire).unwrap_err();
    booth.cx.refuse(Some(RequestId(9)), &why.to_string());
    let answers = booth.answers();
    assert!(answers[0].ends(RequestId(9)));
    let Event::Refused { error } = &answers[0].event else {
        panic!("{answers:?}");
    };
    assert!(error.to_string().contains("juggle"), "{error}");
    let events = booth.ask(Request::ListStored);
    assert_eq!(events, [Event::Stored { bases: Vec::new() }, Event::Done]);
}
