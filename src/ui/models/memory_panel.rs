//! What models and training take of memory: beside the choice, beside Train, and where one is refused.

use leptos::prelude::*;

use crate::ui::state::booth;
use crate::ui::text;
use crate::ui::widgets::field::NumberField;
use crate::worker::protocol::{BaseSource, CatalogueBase};

/// Whether a model of the catalogue fits, as far as that is known; and the way to know more.
#[component]
pub fn OfferPlan(base: CatalogueBase, source: BaseSource, title: String) -> impl IntoView {
    let booth = booth();
    let plans = booth.plans;
    let of = source.clone();
    let known = Memo::new(move |_| plans.of.with(|plans| plans.get(&of).map(text::fits)));
    let (to_make, to_train) = (base.memory_to_generate, base.memory_to_train);
    let words = move || {
        known.get().or_else(|| {
            let budget = booth.plan()?.budget;
            text::guess(to_make, to_train, budget).map(str::to_owned)
        })
    };
    let of = source.clone();
    let asked = Signal::derive(move || plans.asked.with(|asked| asked.contains(&of)));
    view! {
        <p class="hint" data-testid="base-fits" role="status">
            {words} " "
            <Show when=move || known.with(Option::is_none)>
                <button
                    type="button"
                    class="link"
                    data-testid="plan-base"
                    aria-label=text::plan_label(&title)
                    disabled=move || asked.get() || !booth.can_change_base()
                    on:click={
                        let source = source.clone();
                        move |_| booth.ask_plan(source.clone())
                    }
                >
                    {move || if asked.get() { text::PLANNING } else { text::PLAN_BASE }}
                </button>
            </Show>
        </p>
    }
}

/// How much memory the GPU has.
#[component]
pub fn MemoryField() -> impl IntoView {
    let booth = booth();
    let stated = RwSignal::new(booth.plans.stated.get_untracked());
    Effect::new(move |before: Option<f64>| {
        let now = stated.get();
        if before.is_some_and(|before| before != now) {
            booth.state_memory(now);
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
            disabled=Signal::derive(move || !booth.can_change_base())
        />
    }
}

/// A model that was refused, why, and what can be done.
#[component]
pub fn Refused() -> impl IntoView {
    let booth = booth();
    let plans = booth.plans;
    let why = move || {
        let source = plans.refused.get()?;
        plans.of.with(|of| of.get(&source).map(text::does_not_fit))
    };
    view! {
        <Show when=move || plans.refused.with(Option::is_some)>
            <section class="card" aria-labelledby="refused-title" data-testid="does-not-fit">
                <h2 id="refused-title">{text::REFUSED_TITLE}</h2>
                <p role="alert">{why} " " {text::WHAT_TO_DO}</p>
                <div class="row">
                    <button type="button" class="button" data-testid="load-anyway" on:click=move |_| booth.load_anyway()>
                        {text::LOAD_ANYWAY}
                    </button>
                    <button type="button" class="button" data-testid="leave-it" on:click=move |_| plans.refused.set(None)>
                        {text::LEAVE_IT}
                    </button>
                </div>
            </section>
        </Show>
    }
}

/// The size of pictures, where a model has several.
#[component]
pub fn SizeField() -> impl IntoView {
    let booth = booth();
    let sizes = Memo::new(move |_| {
        booth
            .plan()
            .map(|plan| (plan.sizes, plan.own_size))
            .unwrap_or_default()
    });
    // Until another model is loaded the size is that of the one before.
    let has_choice = move || {
        let size = booth.plans.size.get();
        sizes.with(|(sizes, _)| sizes.len() > 1 && sizes.contains(&size))
    };
    let options = move || {
        let (sizes, own) = sizes.get();
        let option = |size: usize| {
            view! {
                <option value=size.to_string() selected=move || booth.plans.size.get() == size>
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
                    disabled=move || booth.is_training() || booth.is_generating()
                    on:change=move |event| {
                        if let Ok(size) = event_target_value(&event).parse() {
                            booth.set_size(size);
                        }
                    }
                >
                    {options}
                </select>
            </div>
        </Show>
    }
}

/// What training takes, how memory is saved, and what the last one took.
#[component]
pub fn TrainMemory() -> impl IntoView {
    let booth = booth();
    let planned = move || booth.plan().map(|plan| text::train_memory(&plan));
    let used = move || booth.plans.used.with(|all| all.iter().find_map(text::used));
    view! {
        <p class="hint" id="train-memory" data-testid="train-memory">{planned} " " {used}</p>
    }
}
