//! The collage editor: one collage, large, to change by dragging, by sliders or by keys.

use leptos::prelude::*;

use super::{geometry, stage::Stage, state::Collages};
use crate::ui::{engine::activity::Activity, text, widgets::field::RangeField};
use crate::worker::protocol::{Collage, ShownCollage};

/// Below the strip.
#[component]
pub fn CollageEditor(number: usize, shown: ArcRwSignal<ShownCollage>) -> impl IntoView {
    let collages: Collages = expect_context();
    let activity: Activity = expect_context();
    let picture = {
        let shown = shown.clone();
        Signal::derive(move || Some(shown.with(|shown| shown.picture.clone())))
    };
    let caption = {
        let shown = shown.clone();
        Memo::new(move |_| shown.with(|shown| shown.caption.clone()))
    };
    let collage = Memo::new(move |_| shown.with(|shown| shown.collage));
    view! {
        <div
            class="editor"
            role="group"
            aria-label=text::collage_number(number)
            data-testid="collage-editor"
            inert=move || activity.is_training()
        >
            <Stage number=number collage=collage picture=picture caption=caption />
            <p class="hint">{move || caption.get()} ". " {text::STAGE_HINT}</p>
            <LayoutChips number=number collage=collage />
            <RangeField
                id="collage-seam".to_owned()
                testid="collage-seam"
                label=text::SEAM
                value=Signal::derive(move || collage.get().seam)
                range=geometry::SEAM
                change=move |seam| collages.arrange(number, |collage| collage.seam = seam)
            />
            <HalfFields number=number collage=collage half=0 />
            <HalfFields number=number collage=collage half=1 />
            <div class="row">
                <button type="button" class="button small" data-testid="collage-as-drawn" on:click=move |_| collages.reset(number)>
                    {text::AS_DRAWN}
                </button>
                <button type="button" class="button small" data-testid="collage-done" on:click=move |_| collages.open.set(None)>
                    {text::DONE}
                </button>
            </div>
        </div>
    }
}

/// Left and right, or top and bottom.
#[component]
fn LayoutChips(number: usize, collage: Memo<Collage>) -> impl IntoView {
    let collages: Collages = expect_context();
    let layouts = [(text::LEFT_RIGHT, false), (text::TOP_BOTTOM, true)];
    view! {
        <div class="chips" role="group" aria-label=text::LAYOUT_LABEL>
            {layouts
                .map(|(label, top_bottom)| {
                    view! {
                        <button
                            type="button"
                            class="chip"
                            data-testid=if top_bottom { "layout-top-bottom" } else { "layout-left-right" }
                            aria-pressed=move || (collage.get().top_bottom == top_bottom).to_string()
                            on:click=move |_| collages.arrange(number, |collage| collage.top_bottom = top_bottom)
                        >
                            {label}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}

/// Scale and offsets of one half.
#[component]
fn HalfFields(number: usize, collage: Memo<Collage>, half: usize) -> impl IntoView {
    let collages: Collages = expect_context();
    let name = move || text::half(collage.get().top_bottom, half);
    let values = move || collage.get().halves[half];
    view! {
        <fieldset class="half">
            <legend>{name}</legend>
            <RangeField
                id=format!("collage-scale-{half}")
                testid="collage-scale"
                label=text::SCALE
                value=Signal::derive(move || values().scale)
                range=geometry::SCALE
                change=move |scale| collages.arrange(number, |collage| collage.halves[half].scale = scale)
            />
            {[text::ACROSS, text::DOWN]
                .into_iter()
                .enumerate()
                .map(|(axis, label)| {
                    view! {
                        <RangeField
                            id=format!("collage-offset-{half}-{axis}")
                            testid="collage-offset"
                            label=label
                            value=Signal::derive(move || values().offset[axis])
                            range=geometry::OFFSET
                            change=move |offset| collages.arrange(number, |collage| collage.halves[half].offset[axis] = offset)
                        />
                    }
                })
                .collect_view()}
        </fieldset>
    }
}
