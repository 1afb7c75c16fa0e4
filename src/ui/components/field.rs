//! A number with its name.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// A number field that never holds anything but a number in its range: what is typed counts as
/// soon as it is one, and what is not is put right when the field is left.
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
                prop:value=move || shown.get().to_string()
                disabled=move || disabled.get()
                on:input=move |event| {
                    if let Some(number) = read(&event_target_value(&event)).filter(|number| (min..=max).contains(number)) {
                        value.set(number);
                    }
                }
                on:change=move |event| {
                    let number = read(&event_target_value(&event)).unwrap_or_else(|| value.get_untracked()).clamp(min, max);
                    value.set(number);
                    event_target::<HtmlInputElement>(&event).set_value(&number.to_string());
                }
            />
        </div>
    }
}
