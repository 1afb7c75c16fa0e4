//! Notes, warnings and errors, read out as they come.

use leptos::prelude::*;

use crate::ui::state::{Gravity, Message, booth};
use crate::ui::text;

/// The stack of messages at the lower edge.
#[component]
pub fn Messages() -> impl IntoView {
    let booth = booth();
    view! {
        <section class="messages" id="messages" data-testid="messages" aria-label=text::MESSAGES_LABEL aria-live="polite">
            <For each=move || booth.messages.get() key=|message| message.id let(message)>
                <MessageLine message=message />
            </For>
        </section>
    }
}

#[component]
fn MessageLine(message: Message) -> impl IntoView {
    let booth = booth();
    let Message {
        id,
        gravity,
        text: words,
        failed,
    } = message;
    let (class, role) = match gravity {
        Gravity::Note => ("message note", "status"),
        Gravity::Warning => ("message warning", "status"),
        Gravity::Error => ("message error", "alert"),
    };
    view! {
        <div class=class role=role>
            <p>{words.clone()}</p>
            {failed
                .map(|(task, kind)| {
                    view! {
                        <button type="button" class="chip" data-testid="copy-report" on:click=move |_| booth.copy_report(task, &kind, &words)>
                            {text::COPY_REPORT}
                        </button>
                    }
                })}
            <button
                type="button"
                class="icon"
                aria-label=text::DISMISS
                title=text::DISMISS
                on:click=move |_| booth.messages.update(|messages| messages.retain(|message| message.id != id))
            >
                "×"
            </button>
        </div>
    }
}
