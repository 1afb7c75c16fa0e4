//! Memory: whether models fit, how much the GPU has, a model that was refused, the size of
//! pictures.

use leptos::prelude::*;

use super::state::Models;
use crate::ui::{engine::activity::Activity, text, widgets::field::NumberField};
use crate::worker::protocol::{BaseSource, CatalogueBase};

/// Whether a model of the catalogue fits in memory, and a button to find out.
#[component]
pub fn MemoryPlan(entry: CatalogueBase, source: BaseSource, title: String) -> impl IntoView {
    let models: Models = expect_context();
    let memory = models.memory;
    let of = source.clone();
    let known = Memo::new(move |_| memory.plans.with(|plans| plans.get(&of).map(text::fits)));
    let (to_make, to_train) = (entry.memory_to_generate, entry.memory_to_train);
    let words = move || {
        known.get().or_else(|| {
            let budget = memory.current()?.budget;
            text::guess(to_make, to_train, budget).map(str::to_owned)
        })
    };
    let of = source.clone();
    let asked = Signal::derive(move || memory.asked.with(|asked| asked.contains(&of)));
    view! {
        <p class="hint" data-testid="base-fits" role="status">
            {words} " "
            <Show when=move || known.with(Option::is_none)>
                <button
                    type="button"
                    class="link"
                    data-testid="plan-base"
                    aria-label=text::plan_label(&title)
                    disabled=move || asked.get() || !models.can_change()
                    on:click={
                        let source = source.clone();
                        move |_| models.ask_plan(source.clone())
                    }
                >
                    {move || if asked.get() { text::PLANNING } else { text::PLAN_BASE }}
                </button>
            </Show>
        </p>
    }
}

/// How much memory the GPU has, as the user states it.
#[component]
pub fn MemoryField() -> impl IntoView {
    let models: Models = expect_context();
    let stated = RwSignal::new(models.memory.stated.get_untracked());
    Effect::new(move |before: Option<f64>| {
        let now = stated.get();
        if before.is_some_and(|before| before != now) {
            models.memory.state(now);
        }
        now
    });
    view! {
        <NumberField
            id="memory"
            label=text::MEMORY
            hint=text::MEMORY_HINT
            value=stated
            min=0.0
            max=1000.0
            disabled=Signal::derive(move || !models.can_change())
        />
    }
}

/// A model that was refused because it does not fit, why, and what can be done.
#[component]
pub fn RefusedModel() -> impl IntoView {
    let models: Models = expect_context();
    let memory = models.memory;
    let why = move || {
        let source = memory.refused.get()?;
        memory
            .plans
            .with(|plans| plans.get(&source).map(text::does_not_fit))
    };
    view! {
        <Show when=move || memory.refused.with(Option::is_some)>
            <section class="card" aria-labelledby="refused-title" data-testid="does-not-fit">
                <h2 id="refused-title">{text::REFUSED_TITLE}</h2>
                <p role="alert">{why} " " {text::WHAT_TO_DO}</p>
                <div class="row">
                    <button type="button" class="button" data-testid="load-anyway" on:click=move |_| models.load_anyway()>
                        {text::LOAD_ANYWAY}
                    </button>
                    <button type="button" class="button" data-testid="leave-it" on:click=move |_| memory.refused.set(None)>
                        {text::LEAVE_IT}
                    </button>
                </div>
            </section>
        </Show>
    }
}

/// The size of pictures, for models with several sizes.
#[component]
pub fn SizeField() -> impl IntoView {
    let memory = expect_context::<Models>().memory;
    let activity: Activity = expect_context();
    let sizes = Memo::new(move |_| {
        memory
            .current()
            .map(|plan| (plan.sizes, plan.own_size))
            .unwrap_or_default()
    });
    // While another model is loading, the size is that of the previous one.
    let has_choice = move || {
        let size = memory.size.get();
        sizes.with(|(sizes, _)| sizes.len() > 1 && sizes.contains(&size))
    };
    let options = move || {
        let (sizes, own) = sizes.get();
        let option = |size: usize| {
            view! {
                <option value=size.to_string() selected=move || memory.size.get() == size>
                    {text::picture_size(size, own)}
                </option>
            }
        };
        sizes.into_iter().map(option).collect_view()
    };
    view! {
        <Show when=has_choice>
            <div class="field">
                <label for="picture-size">{text::PICTURE_SIZE}</label>
                <select
                    id="picture-size"
                    data-testid="picture-size"
                    disabled=move || activity.is_busy()
                    on:change=move |event| {
                        if let Ok(size) = event_target_value(&event).parse() {
                            memory.set_size(size);
                        }
                    }
                >
                    {options}
                </select>
            </div>
        </Show>
    }
}

/// Memory that training needs, how it is reduced, and what the last run used.
#[component]
pub fn TrainMemory() -> impl IntoView {
    let memory = expect_context::<Models>().memory;
    let planned = move || memory.current().map(|plan| text::train_memory(&plan));
    let used = move || memory.used.with(|all| all.iter().find_map(text::used));
    view! {
        <p class="hint" id="train-memory" data-testid="train-memory">{planned} " " {used}</p>
    }
}
