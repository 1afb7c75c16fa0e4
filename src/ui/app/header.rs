//! Name, what it does, and the line that says which device is used and why.

use leptos::prelude::*;

use crate::ui::models::actions::Download;
use crate::ui::state::{Check, Engine, booth};
use crate::ui::text;
use crate::worker::protocol::Request;

/// The top of the page; `index.html` paints the same before it.
#[component]
pub fn Header() -> impl IntoView {
    let booth = booth();
    let status = move || match booth.engine.get() {
        Engine::Asking => text::ENGINE_ASKING.to_owned(),
        Engine::Starting => text::ENGINE_STARTING.to_owned(),
        Engine::Down => text::ENGINE_FAILED.to_owned(),
        Engine::Ready => String::new(),
        Engine::Loading => match (booth.bases.download.get(), booth.stages.get().load) {
            (
                Some(Download {
                    retry: Some((reason, seconds)),
                    ..
                }),
                _,
            ) => text::retry(&reason, seconds),
            (Some(download), _) => {
                let Download {
                    from,
                    done,
                    total,
                    rate,
                    ..
                } = download;
                text::download(from, done, total, rate)
            }
            (None, Some((done, total))) if total > 0 => {
                text::loading(done.min(total) * 100 / total)
            }
            _ if booth.device.with(Option::is_none) => text::DEVICE_CHOOSING.to_owned(),
            _ => text::loading(0),
        },
    };
    let device = move || {
        booth.device.get().map(|device| {
            let (name, reason) = text::device(device.kind, &device.name, &device.reason);
            view! { <span>{text::shorten(&name, 160)}</span> {text::shorten(&reason, 300)} ". " }
        })
    };
    let checked = move || match booth.check.get() {
        None => String::new(),
        Some(Check::Running) => {
            let (done, total) = booth.stages.get().check.unwrap_or((0, 1));
            text::checking(done.min(total) * 100 / total.max(1))
        }
        Some(Check::Done(differences, tolerance)) => text::checked(&differences, tolerance).0,
    };
    let can_check = move || {
        booth.engine.get() == Engine::Ready
            && booth.check.with(Option::is_none)
            && !booth.is_training()
            && !booth.is_generating()
    };
    view! {
        <header class="top">
            <div class="brand">
                <span class="logo" aria-hidden="true"></span>
                <h1>{text::NAME}</h1>
            </div>
            <p class="tagline">{text::TAGLINE}</p>
            <p class="device" id="device-line" data-testid="device-line">
                {device} {status}
                <Show when=can_check>
                    <button
                        type="button"
                        class="link"
                        data-testid="check-device"
                        title=text::CHECK_DEVICE_TITLE
                        on:click=move |_| booth.check_device()
                    >
                        {text::CHECK_DEVICE}
                    </button>
                </Show>
                <span role="status" data-testid="device-check">{checked}</span>
            </p>
            <ModelLine />
            <Show when=move || booth.engine.get() == Engine::Down>
                <button type="button" class="button" data-testid="restart" on:click=move |_| booth.restart()>
                    {text::RESTART}
                </button>
            </Show>
        </header>
    }
}

/// Which model it is, and the way to others; while one is on its way, how to stop that.
#[component]
fn ModelLine() -> impl IntoView {
    let booth = booth();
    let bases = booth.bases;
    let name = move || {
        bases.name.with(|name| {
            if name.is_empty() {
                String::new()
            } else {
                text::model(name)
            }
        })
    };
    let on_its_way =
        move || booth.engine.get() == Engine::Loading && bases.download.with(Option::is_some);
    view! {
        <p class="device model" data-testid="model-line">
            {name}
            <Show when=move || booth.can_change_base()>
                <button
                    type="button"
                    class="link"
                    data-testid="change-base"
                    aria-expanded=move || bases.shown.get().to_string()
                    on:click=move |_| booth.toggle_bases()
                >
                    {text::CHANGE_BASE}
                </button>
            </Show>
            <Show when=on_its_way>
                <button type="button" class="link" data-testid="pause-download" on:click=move |_| booth.pause_download()>
                    {move || if bases.paused.get() { text::RESUME_DOWNLOAD } else { text::PAUSE_DOWNLOAD }}
                </button>
                " "
                <button type="button" class="link" data-testid="cancel-download" on:click=move |_| booth.post(Request::Cancel)>
                    {text::CANCEL_DOWNLOAD}
                </button>
            </Show>
        </p>
    }
}
