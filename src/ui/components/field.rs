//! A number with its name.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// A number field: what is typed counts as soon as it is a number in the range, and is brought
/// into the range when the field is left. An empty field shows, as its placeholder, the number
/// that still counts.
#[component]
pub fn NumberField(
    /// Also the test id.
    id: &'static str,
    /// Its name.
    label: &'static str,
    /// What it holds.
    value: RwSignal<f64>,
    /// Smallest value.
    min: f64,
    /// Largest value.
    max: f64,
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
            <label for=id>{label}</label>
            <input
                type="number"
                id=id
                data-testid=id
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
        </div>
    }
}
