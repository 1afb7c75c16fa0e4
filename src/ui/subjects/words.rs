//! The words of a subject: identifier and class word.

use leptos::prelude::*;

use super::state::Subject;
use crate::ui::{engine::activity::Activity, text};

/// Identifier and class word.
#[component]
pub fn Words(subject: Subject) -> impl IntoView {
    view! {
        <div class="fields two words">
            <Word
                id=subject.element_id("token")
                label=text::TOKEN
                hint=text::TOKEN_HINT
                value=subject.token
            />
            <Word
                id=subject.element_id("class-word")
                label=text::CLASS_WORD
                hint=text::CLASS_WORD_HINT
                value=subject.class_word
                known=true
            />
        </div>
    }
}

#[component]
fn Word(
    id: String,
    label: &'static str,
    hint: &'static str,
    value: RwSignal<String>,
    /// Suggests what the embedded model knows.
    #[prop(optional)]
    known: bool,
) -> impl IntoView {
    let activity: Activity = expect_context();
    let (hint_id, list_id) = (format!("{id}-hint"), format!("{id}-known"));
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                type="text"
                id=id.clone()
                data-testid=id
                maxlength="40"
                list=known.then(|| list_id.clone())
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=hint_id.clone()
                bind:value=value
                disabled=move || activity.is_training()
            />
            <p class="hint" id=hint_id>{hint}</p>
            {known
                .then(|| {
                    view! {
                        <datalist id=list_id>
                            {text::KNOWN_THINGS.iter().map(|thing| view! { <option value=*thing></option> }).collect_view()}
                        </datalist>
                    }
                })}
        </div>
    }
}
