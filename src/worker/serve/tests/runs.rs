//! Training: to the end, cancelled, paused, gone on with.

use super::fake::{FakeBooth, add_picture};
use super::{generate, train};
use crate::config::LayerPreset;
use crate::worker::protocol::{Event, Message, Origin, Request, RequestId, Task};

fn steps(events: &[Event]) -> Vec<(usize, f32)> {
    let steps = events.iter().filter_map(|event| match event {
        Event::Step { step, loss, .. } => Some((*step, *loss)),
        _ => None,
    });
    steps.collect()
}

fn has_delta(events: &[Event]) -> bool {
    events.iter().any(|event| {
        matches!(
            event,
            Event::Delta {
                origin: Origin::Trained,
                ..
            }
        )
    })
}

fn booth() -> FakeBooth {
    let mut booth = FakeBooth::loaded();
    booth.ask(add_picture(0));
    booth
}

#[test]
fn two_steps_end_in_a_delta_and_leave_no_checkpoint() {
    let mut booth = booth();
    let events = booth.ask(Request::Train(train(2)));
    let steps = steps(&events);
    assert_eq!(steps.iter().map(|of| of.0).collect::<Vec<_>>(), [1, 2]);
    assert!(steps.iter().all(|(_, loss)| loss.is_finite()));
    assert!(events.contains(&Event::Checkpoint { step: 0 }));
    assert!(has_delta(&events));
    assert_eq!(events.last(), Some(&Event::Done));
    let events = booth.ask(Request::ResumeRun);
    assert!(
        matches!(
            events.last(),
            Some(Event::Failed {
                task: Task::Train,
                ..
            })
        ),
        "{events:?}"
    );
}

#[test]
fn layers_are_decomposed_before_they_are_trained() {
    let mut booth = booth();
    let mut request = train(2);
    request.config.layers = LayerPreset::KeyValue;
    request.config.validation_steps = 2;
    let events = booth.ask(Request::Train(request));
    let decomposed = events.iter().any(|event| {
        matches!(
            event,
            Event::Progress {
                task: Task::Decompose,
                ..
            }
        )
    });
    assert!(decomposed && has_delta(&events), "{:?}", events.last());
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Preview { step: 2, .. }))
    );
    let events = booth.ask(Request::KeepPreview { step: 2 });
    assert!(matches!(
        events[0],
        Event::Delta {
            origin: Origin::Preview,
            ..
        }
    ));
}

#[test]
fn a_run_is_cancelled_by_its_id_and_keeps_what_it_has_learned() {
    let mut booth = booth();
    booth.react(|answer| match answer.event {
        // The first is about a request that is done, and changes nothing.
        Event::Step { step: 1, .. } => Some(Message::Cancel { id: RequestId(1) }),
        Event::Step { step: 3, .. } => answer.id.map(|id| Message::Cancel { id }),
        _ => None,
    });
    let events = booth.ask(Request::Train(train(50)));
    assert_eq!(steps(&events).len(), 3);
    assert!(has_delta(&events));
    assert_eq!(events.last(), Some(&Event::Stopped { task: Task::Train }));
    // The cancellation was that run's alone.
    let events = booth.ask(generate(Vec::new()));
    assert_eq!(events.last(), Some(&Event::Done));
}

#[test]
fn a_request_that_waits_is_cancelled_without_being_begun() {
    let mut booth = booth();
    let first = booth.send(generate(Vec::new()));
    let second = booth.send(Request::Train(train(2)));
    booth
        .cx
        .hear(Message::Cancel { id: second }, Default::default());
    let stopped = booth.answers();
    assert_eq!(stopped.len(), 1);
    assert!(stopped[0].ends(second));
    assert_eq!(stopped[0].event, Event::Stopped { task: Task::Train });
    assert!(booth.serve().last().unwrap().ends(first));
}

#[test]
fn a_paused_run_waits_until_it_is_resumed() {
    let mut booth = booth();
    booth.react(|answer| {
        let id = answer.id?;
        match answer.event {
            Event::Step { step: 1, .. } => Some(Message::Pause { id }),
            Event::Paused { paused: true } => Some(Message::Resume { id }),
            _ => None,
        }
    });
    let events = booth.ask(Request::Train(train(2)));
    let paused: Vec<bool> = events
        .iter()
        .filter_map(|event| match event {
            Event::Paused { paused } => Some(*paused),
            _ => None,
        })
        .collect();
    assert_eq!(paused, [true, false]);
    assert_eq!(events.last(), Some(&Event::Done));
}
