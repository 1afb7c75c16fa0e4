//! Fields with their names: a number, a slider, a choice.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// A number field: what is typed counts as soon as it is a number in the range, and is brought
/// into the range when the field is left. An empty field shows, as its placeholder, the number
/// that still counts.
#[component]
pub fn NumberField(
    /// Of this element only.
    #[prop(into)]
    id: String,
    /// For tests, where it is not the id.
    #[prop(optional)]
    testid: Option<&'static str>,
    /// Its name.
    label: &'static str,
    /// What it holds.
    value: RwSignal<f64>,
    /// Smallest value.
    min: f64,
    /// Largest value.
    max: f64,
    /// What it means, in plain words.
    #[prop(optional)]
    hint: &'static str,
    /// Only whole numbers.
    #[prop(optional)]
    whole: bool,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    // A memo, so that typing '0.50' is not put right to '0.5' under the person's hands.
    let shown = Memo::new(move |_| value.get());
    let read = move |text: &str| {
        let number = text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())?;
        Some(if whole { number.round() } else { number })
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                type="number"
                id=id.clone()
                aria-describedby=hint_id(&id, hint)
                data-testid=testid.map_or_else(|| id.clone(), str::to_owned)
                min=min.to_string()
                max=max.to_string()
                step=if whole { "1" } else { "any" }
                placeholder=move || shown.get().to_string()
                prop:value=move || shown.get().to_string()
                disabled=move || disabled.get()
                on:input=move |event| {
                    if let Some(number) = read(&event_target_value(&event)).filter(|number| (min..=max).contains(number)) {
                        value.set(number);
                    }
                }
                on:change=move |event| {
                    let input = event_target::<HtmlInputElement>(&event);
                    if let Some(number) = read(&input.value()) {
                        let number = number.clamp(min, max);
                        value.set(number);
                        input.set_value(&number.to_string());
                    }
                }
            />
            <Hint id=hint_id(&id, hint) hint=hint />
        </div>
    }
}

/// One of a few choices.
#[component]
pub fn ChoiceField<T: Copy + PartialEq + Send + Sync + 'static>(
    /// Of this element only.
    #[prop(into)]
    id: String,
    /// For tests, where it is not the id.
    #[prop(optional)]
    testid: Option<&'static str>,
    /// Its name.
    label: &'static str,
    /// What is chosen.
    value: RwSignal<T>,
    /// What there is.
    choices: &'static [T],
    /// What a choice is called.
    name: fn(T) -> &'static str,
    /// What it means, in plain words.
    #[prop(optional)]
    hint: &'static str,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let option = move |(index, &choice): (usize, &'static T)| {
        view! {
            <option value=index.to_string() selected=move || value.get() == choice>
                {name(choice)}
            </option>
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select
                id=id.clone()
                aria-describedby=hint_id(&id, hint)
                data-testid=testid.map_or_else(|| id.clone(), str::to_owned)
                disabled=move || disabled.get()
                on:change=move |event| {
                    let index = event_target_value(&event).parse::<usize>().ok();
                    if let Some(&choice) = index.and_then(|index| choices.get(index)) {
                        value.set(choice);
                    }
                }
            >
                {choices.iter().enumerate().map(option).collect_view()}
            </select>
            <Hint id=hint_id(&id, hint) hint=hint />
        </div>
    }
}

fn hint_id(of: &str, hint: &str) -> Option<String> {
    (!hint.is_empty()).then(|| format!("{of}-hint"))
}

#[component]
fn Hint(id: Option<String>, hint: &'static str) -> impl IntoView {
    id.map(|id| {
        view! {
            <p class="hint" id=id>
                {hint}
            </p>
        }
    })
}

/// Yes or no.
#[component]
pub fn ToggleField(
    /// For tests.
    testid: &'static str,
    /// What yes means.
    #[prop(into)]
    label: Signal<String>,
    /// What it shows.
    #[prop(into)]
    value: Signal<bool>,
    /// What a person chose.
    #[prop(into)]
    change: Callback<bool>,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <label class="toggle">
            <input
                type="checkbox"
                data-testid=testid
                prop:checked=move || value.get()
                disabled=move || disabled.get()
                on:change=move |event| change.run(event_target_checked(&event))
            />
            {move || label.get()}
        </label>
    }
}

/// A slider with its name and its value.
#[component]
pub fn RangeField(
    /// Of this element only.
    id: String,
    /// For tests.
    testid: &'static str,
    /// Its name.
    #[prop(into)]
    label: Signal<&'static str>,
    /// Its name by itself, where `label` says too little.
    #[prop(optional, into)]
    full_label: Option<Signal<String>>,
    /// What it shows.
    #[prop(into)]
    value: Signal<f32>,
    /// Smallest and largest value.
    range: [f32; 2],
    /// From one value to the next.
    #[prop(default = 0.01)]
    step: f32,
    /// What a person chose.
    #[prop(into)]
    change: Callback<f32>,
    /// Cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    let [min, max] = range;
    view! {
        <div class="field">
            <label for=id.clone()>
                {move || label.get()} " "
                <output for=id.clone()>{move || format!("{:.2}", value.get())}</output>
            </label>
            <input
                type="range"
                id=id
                data-testid=testid
                aria-label=move || full_label.map(|label| label.get())
                min=min.to_string()
                max=max.to_string()
                step=step.to_string()
                prop:value=move || value.get().to_string()
                disabled=move || disabled.get()
                on:input=move |event| {
                    if let Ok(value) = event_target_value(&event).parse::<f32>() {
                        change.run(value.clamp(min, max));
                    }
                }
            />
        </div>
    }
}
