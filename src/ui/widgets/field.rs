//! Labelled fields: a number, a choice, a checkbox, a slider.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::setting::{Number, Setting};

/// The largest whole number that a number field holds exactly.
pub const LARGEST_SEED: f64 = 9_007_199_254_740_991.0;

/// A number field. A typed number counts as soon as it is in the range; it is clamped to the range
/// when the field loses focus. The placeholder of an empty field is the current value.
#[component]
pub fn NumberField(
    /// The id of the element.
    #[prop(into)]
    id: String,
    /// For tests, if it differs from the id.
    #[prop(optional)]
    testid: Option<&'static str>,
    /// Its label.
    label: &'static str,
    /// Its value.
    #[prop(into)]
    value: Number,
    /// Smallest value.
    min: f64,
    /// Largest value.
    max: f64,
    /// An explanation.
    #[prop(optional)]
    hint: &'static str,
    /// Whole numbers only.
    #[prop(optional)]
    whole: bool,
    /// Disabled.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    // A memo, so that '0.50' is not replaced by '0.5' while the user types.
    let shown = Memo::new(move |_| value.get());
    let read = move |text: &str| parse(text, whole);
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
                    if let Some(number) = read(&event_target_value(&event)).filter(|n| (min..=max).contains(n)) {
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

/// The finite number in a text, rounded if only whole numbers count.
fn parse(text: &str, whole: bool) -> Option<f64> {
    let number = text
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())?;
    Some(if whole { number.round() } else { number })
}

/// A choice of several values.
#[component]
pub fn ChoiceField<T: Copy + PartialEq + Send + Sync + 'static>(
    /// The id of the element.
    #[prop(into)]
    id: String,
    /// For tests, if it differs from the id.
    #[prop(optional)]
    testid: Option<&'static str>,
    /// Its label.
    label: &'static str,
    /// The chosen value.
    #[prop(into)]
    value: Setting<T>,
    /// The values.
    choices: &'static [T],
    /// The name of a value.
    name: fn(T) -> &'static str,
    /// An explanation.
    #[prop(optional)]
    hint: &'static str,
    /// Disabled.
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

/// A checkbox.
#[component]
pub fn ToggleField(
    /// For tests.
    testid: &'static str,
    /// Its label.
    #[prop(into)]
    label: Signal<String>,
    /// Its value.
    #[prop(into)]
    value: Signal<bool>,
    /// Called when the user changes it.
    #[prop(into)]
    change: Callback<bool>,
    /// Disabled.
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

/// A field for one line of text.
#[component]
pub fn TextField(
    /// The id of the element, also for tests.
    id: &'static str,
    /// Its label.
    label: &'static str,
    /// An example, shown while the field is empty.
    #[prop(optional)]
    example: &'static str,
    /// Its value.
    #[prop(into)]
    value: Setting<String>,
    /// Largest number of characters.
    #[prop(default = 500)]
    maxlength: u32,
    /// Disabled.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                type="text"
                id=id
                data-testid=id
                maxlength=maxlength
                autocomplete="off"
                placeholder=(!example.is_empty()).then_some(example)
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                disabled=move || disabled.get()
            />
        </div>
    }
}

/// A slider that shows its value.
#[component]
pub fn RangeField(
    /// The id of the element.
    id: String,
    /// For tests.
    testid: &'static str,
    /// Its label.
    #[prop(into)]
    label: Signal<&'static str>,
    /// A label for screen readers, if `label` is too short.
    #[prop(optional, into)]
    full_label: Option<Signal<String>>,
    /// Its value.
    #[prop(into)]
    value: Signal<f32>,
    /// Smallest and largest value.
    range: [f32; 2],
    /// Step between values.
    #[prop(default = 0.01)]
    step: f32,
    /// Called when the user changes it.
    #[prop(into)]
    change: Callback<f32>,
    /// Disabled.
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
