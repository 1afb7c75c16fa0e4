//! The list of messages, announced to screen readers as they come.

use leptos::prelude::*;

use super::state::{Message, Messages, Severity};
use crate::ui::text;

/// The stack of messages at the lower edge.
#[component]
pub fn MessageList(
    /// Copies a report of a failed task.
    report: Callback<Message>,
) -> impl IntoView {
    let messages: Messages = expect_context();
    view! {
        <section class="messages" id="messages" data-testid="messages" aria-label=text::MESSAGES_LABEL aria-live="polite">
            <For each=move || messages.list.get() key=|message| message.id let(message)>
                <MessageLine message=message report=report />
            </For>
        </section>
    }
}

#[component]
fn MessageLine(message: Message, report: Callback<Message>) -> impl IntoView {
    let messages: Messages = expect_context();
    let (class, role) = match message.severity {
        Severity::Note => ("message note", "status"),
        Severity::Warning => ("message warning", "status"),
        Severity::Error => ("message error", "alert"),
    };
    let (id, words) = (message.id, message.text.clone());
    view! {
        <div class=class role=role>
            <p>{words}</p>
            {message
                .failure
                .is_some()
                .then(|| {
                    view! {
                        <button type="button" class="chip" data-testid="copy-report" on:click=move |_| report.run(message.clone())>
                            {text::COPY_REPORT}
                        </button>
                    }
                })}
            <button
                type="button"
                class="icon"
                aria-label=text::DISMISS
                title=text::DISMISS
                on:click=move |_| messages.dismiss(id)
            >
                "×"
            </button>
        </div>
    }
}
