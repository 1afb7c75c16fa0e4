//! One collage, large: seam, scale and offsets by dragging on it, or by sliders and keys.

use leptos::{html, prelude::*};
use web_sys::PointerEvent;

use crate::ui::collages::arrange::{self, Grip, corner, drag, grip};
use crate::ui::state::booth;
use crate::ui::text;
use crate::ui::widgets::canvas::Picture;
use crate::ui::widgets::field::RangeField;
use crate::worker::protocol::{Collage, ShownCollage};

/// Below the strip.
#[component]
pub fn CollageEditor(number: usize, shown: ArcRwSignal<ShownCollage>) -> impl IntoView {
    let booth = booth();
    let picture = {
        let shown = shown.clone();
        Signal::derive(move || Some(shown.with(|shown| shown.picture.clone())))
    };
    let caption = {
        let shown = shown.clone();
        Memo::new(move |_| shown.with(|shown| shown.caption.clone()))
    };
    let collage = Memo::new(move |_| shown.with(|shown| shown.collage));
    let layouts = [(text::LEFT_RIGHT, false), (text::TOP_BOTTOM, true)];
    view! {
        <div
            class="editor"
            role="group"
            aria-label=text::collage_number(number)
            data-testid="collage-editor"
            inert=move || booth.is_training()
        >
            <Stage number=number collage=collage picture=picture caption=caption />
            <p class="hint">{move || caption.get()} ". " {text::STAGE_HINT}</p>
            <div class="chips" role="group" aria-label=text::LAYOUT_LABEL>
                {layouts
                    .map(|(label, top_bottom)| {
                        view! {
                            <button
                                type="button"
                                class="chip"
                                data-testid=if top_bottom { "layout-top-bottom" } else { "layout-left-right" }
                                aria-pressed=move || (collage.get().top_bottom == top_bottom).to_string()
                                on:click=move |_| booth.arrange(number, |collage| collage.top_bottom = top_bottom)
                            >
                                {label}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <RangeField
                id="collage-seam".to_owned()
                testid="collage-seam"
                label=text::SEAM
                value=Signal::derive(move || collage.get().seam)
                range=arrange::SEAM
                change=move |seam| booth.arrange(number, |collage| collage.seam = seam)
            />
            <HalfFields number=number collage=collage half=0 />
            <HalfFields number=number collage=collage half=1 />
            <div class="row">
                <button type="button" class="button small" data-testid="collage-as-drawn" on:click=move |_| booth.as_drawn(number)>
                    {text::AS_DRAWN}
                </button>
                <button type="button" class="button small" data-testid="collage-done" on:click=move |_| booth.collages.open.set(None)>
                    {text::DONE}
                </button>
            </div>
        </div>
    }
}

/// The picture, to be dragged; the sliders do the same for keys and screen readers.
#[component]
fn Stage(
    number: usize,
    collage: Memo<Collage>,
    picture: Signal<Option<crate::worker::protocol::Pixels>>,
    caption: Memo<String>,
) -> impl IntoView {
    let booth = booth();
    let stage = NodeRef::<html::Div>::new();
    let held = StoredValue::new(None::<Grip>);
    let place = move |event: &PointerEvent| {
        let side = stage
            .get_untracked()
            .map_or(1, |stage| stage.client_width());
        let part = |pixels: i32| pixels as f32 / side.max(1) as f32;
        [part(event.offset_x()), part(event.offset_y())]
    };
    let percent = |part: f32| format!("{:.1}%", part * 100.0);
    let seam = move |across: bool| {
        let collage = collage.get();
        percent(if collage.top_bottom == across {
            0.0
        } else {
            collage.seam
        })
    };
    let handle = move |half: usize| {
        view! {
            <span
                class="handle"
                style:left=move || percent(corner(&collage.get(), half)[0])
                style:top=move || percent(corner(&collage.get(), half)[1])
            ></span>
        }
    };
    view! {
        <div
            class="stage"
            node_ref=stage
            data-testid="stage"
            on:pointerdown=move |event| {
                held.set_value(Some(grip(&collage.get_untracked(), place(&event))));
                if let Some(stage) = stage.get_untracked() {
                    // Without it dragging ends at the edge, which is bearable.
                    let _ = stage.set_pointer_capture(event.pointer_id());
                }
            }
            on:pointermove=move |event| {
                if let Some(grip) = held.get_value() {
                    let to = place(&event);
                    booth.arrange(number, |collage| drag(collage, grip, to));
                }
            }
            on:pointerup=move |_| held.set_value(None)
            on:pointercancel=move |_| held.set_value(None)
        >
            <Picture picture=picture label=Signal::derive(move || caption.get()) testid="stage-canvas" />
            <span class="seam" class:across=move || collage.get().top_bottom style:left=move || seam(true) style:top=move || seam(false)></span>
            {handle(0)}
            {handle(1)}
        </div>
    }
}

/// Scale and offsets of one half.
#[component]
fn HalfFields(number: usize, collage: Memo<Collage>, half: usize) -> impl IntoView {
    let booth = booth();
    let name = move || text::half(collage.get().top_bottom, half);
    let own = move || collage.get().halves[half];
    view! {
        <fieldset class="half">
            <legend>{name}</legend>
            <RangeField
                id=format!("collage-scale-{half}")
                testid="collage-scale"
                label=text::SCALE
                value=Signal::derive(move || own().scale)
                range=arrange::SCALE
                change=move |scale| booth.arrange(number, |collage| collage.halves[half].scale = scale)
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
                            value=Signal::derive(move || own().offset[axis])
                            range=arrange::OFFSET
                            change=move |offset| booth.arrange(number, |collage| collage.halves[half].offset[axis] = offset)
                        />
                    }
                })
                .collect_view()}
        </fieldset>
    }
}
