//! The header: name, device, base model, and the state of the engine.

use leptos::prelude::*;

use crate::ui::{
    engine::{
        activity::Activity,
        connection::{Engine, EngineStatus},
        device::{Check, Device},
    },
    models::{download::DownloadProgress, state::Models},
    text,
};

/// The top of the page. `index.html` contains the same before the page is loaded.
#[component]
pub fn Header() -> impl IntoView {
    let engine: Engine = expect_context();
    let activity: Activity = expect_context();
    let device: Device = expect_context();
    let restart = move |_| {
        device.check.set(None);
        activity.reset();
        engine.start();
    };
    view! {
        <header class="top">
            <div class="brand">
                <span class="logo" aria-hidden="true"></span>
                <h1>{text::NAME}</h1>
            </div>
            <p class="tagline">{text::TAGLINE}</p>
            <DeviceLine />
            <ModelLine />
            <Show when=move || engine.status.get() == EngineStatus::Down>
                <button type="button" class="button" data-testid="restart" on:click=restart>
                    {text::RESTART}
                </button>
            </Show>
        </header>
    }
}

/// The device and why it was chosen, the state of the engine, the check of the device.
#[component]
fn DeviceLine() -> impl IntoView {
    let activity: Activity = expect_context();
    let device: Device = expect_context();
    let models: Models = expect_context();
    let engine: Engine = expect_context();
    let status = move || engine_status(engine, activity, device, models);
    let info = move || {
        device.info.get().map(|info| {
            let (name, reason) = text::device(info.kind, &info.name, &info.reason);
            view! { <span>{text::shorten(&name, 160)}</span> {text::shorten(&reason, 300)} ". " }
        })
    };
    let checked = move || match device.check.get() {
        None => String::new(),
        Some(Check::Running) => {
            let (done, total) = activity.stages.get().check.unwrap_or((0, 1));
            text::checking(done.min(total) * 100 / total.max(1))
        }
        Some(Check::Done(differences, tolerance)) => text::checked(&differences, tolerance).0,
    };
    view! {
        <p class="device" id="device-line" data-testid="device-line">
            {info} {status}
            <Show when=move || device.can_check()>
                <button
                    type="button"
                    class="link"
                    data-testid="check-device"
                    title=text::CHECK_DEVICE_TITLE
                    on:click=move |_| device.start_check()
                >
                    {text::CHECK_DEVICE}
                </button>
            </Show>
            <span role="status" data-testid="device-check">{checked}</span>
        </p>
    }
}

/// The state of the engine in words; tracked.
fn engine_status(engine: Engine, activity: Activity, device: Device, models: Models) -> String {
    match engine.status.get() {
        EngineStatus::AwaitingConsent => text::ENGINE_ASKING.to_owned(),
        EngineStatus::Starting => text::ENGINE_STARTING.to_owned(),
        EngineStatus::Down => text::ENGINE_FAILED.to_owned(),
        EngineStatus::Ready => String::new(),
        EngineStatus::Loading => {
            match (models.download.progress.get(), activity.stages.get().load) {
                (Some(download), _) => download_status(download),
                (None, Some((done, total))) if total > 0 => {
                    text::loading(done.min(total) * 100 / total)
                }
                _ if device.info.with(Option::is_none) => text::DEVICE_CHOOSING.to_owned(),
                _ => text::loading(0),
            }
        }
    }
}

fn download_status(download: DownloadProgress) -> String {
    let DownloadProgress {
        from,
        done,
        total,
        rate,
        retry,
    } = download;
    match retry {
        Some((reason, seconds)) => text::retry(&reason, seconds),
        None => text::download(from, done, total, rate),
    }
}

/// The base model, and the way to others; during a download, buttons to pause and cancel it.
#[component]
fn ModelLine() -> impl IntoView {
    let engine: Engine = expect_context();
    let models: Models = expect_context();
    let download = models.download;
    let name = move || {
        models.name.with(|name| {
            if name.is_empty() {
                String::new()
            } else {
                text::model(name)
            }
        })
    };
    let downloading = move || {
        engine.status.get() == EngineStatus::Loading && download.progress.with(Option::is_some)
    };
    view! {
        <p class="device model" data-testid="model-line">
            {name}
            <Show when=move || models.can_change()>
                <button
                    type="button"
                    class="link"
                    data-testid="change-base"
                    aria-expanded=move || models.panel_open.get().to_string()
                    on:click=move |_| models.toggle_panel()
                >
                    {text::CHANGE_BASE}
                </button>
            </Show>
            <Show when=downloading>
                <button type="button" class="link" data-testid="pause-download" on:click=move |_| download.toggle_pause()>
                    {move || if download.paused.get() { text::RESUME_DOWNLOAD } else { text::PAUSE_DOWNLOAD }}
                </button>
                " "
                <button type="button" class="link" data-testid="cancel-download" on:click=move |_| download.cancel()>
                    {text::CANCEL_DOWNLOAD}
                </button>
            </Show>
        </p>
    }
}
