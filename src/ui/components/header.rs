//! Name, what it does, and the line that says which device is used and why.

use leptos::prelude::*;

use crate::ui::{
    state::{Check, Engine, booth},
    text,
};

/// The top of the page; `index.html` paints the same before it.
#[component]
pub fn Header() -> impl IntoView {
    let booth = booth();
    let status = move || match booth.engine.get() {
        Engine::Asking => text::ENGINE_ASKING.to_owned(),
        Engine::Starting => text::ENGINE_STARTING.to_owned(),
        Engine::Down => text::ENGINE_FAILED.to_owned(),
        Engine::Ready => String::new(),
        Engine::Loading => match booth.stages.get().load {
            Some((done, total)) if total > 0 => text::loading(done.min(total) * 100 / total),
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
            <Show when=move || booth.engine.get() == Engine::Down>
                <button type="button" class="button" data-testid="restart" on:click=move |_| booth.restart()>
                    {text::RESTART}
                </button>
            </Show>
        </header>
    }
}
