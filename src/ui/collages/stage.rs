//! Dragging on the picture of a collage.

use leptos::{html, prelude::*};
use web_sys::PointerEvent;

use super::{
    geometry::{Grip, corner, drag, grip},
    state::Collages,
};
use crate::ui::widgets::canvas::Picture;
use crate::worker::protocol::{Collage, Pixels};

/// The picture of the collage, to drag; the sliders do the same for keys and screen readers.
#[component]
pub fn Stage(
    number: usize,
    collage: Memo<Collage>,
    picture: Signal<Option<Pixels>>,
    caption: Memo<String>,
) -> impl IntoView {
    let collages: Collages = expect_context();
    let stage = NodeRef::<html::Div>::new();
    let held = StoredValue::new(None::<Grip>);
    let position = move |event: &PointerEvent| {
        let side = stage
            .get_untracked()
            .map_or(1, |stage| stage.client_width());
        let part = |pixels: i32| pixels as f32 / side.max(1) as f32;
        [part(event.offset_x()), part(event.offset_y())]
    };
    let seam = move |across: bool| {
        let collage = collage.get();
        percent(if collage.top_bottom == across {
            0.0
        } else {
            collage.seam
        })
    };
    view! {
        <div
            class="stage"
            node_ref=stage
            data-testid="stage"
            on:pointerdown=move |event| {
                held.set_value(Some(grip(&collage.get_untracked(), position(&event))));
                if let Some(stage) = stage.get_untracked() {
                    // If it fails, dragging ends at the edge.
                    let _ = stage.set_pointer_capture(event.pointer_id());
                }
            }
            on:pointermove=move |event| {
                if let Some(grip) = held.get_value() {
                    let to = position(&event);
                    collages.arrange(number, |collage| drag(collage, grip, to));
                }
            }
            on:pointerup=move |_| held.set_value(None)
            on:pointercancel=move |_| held.set_value(None)
        >
            <Picture picture=picture label=Signal::derive(move || caption.get()) testid="stage-canvas" />
            <span class="seam" class:across=move || collage.get().top_bottom style:left=move || seam(true) style:top=move || seam(false)></span>
            {handle(collage, 0)}
            {handle(collage, 1)}
        </div>
    }
}

/// The handle that scales the picture of a half.
fn handle(collage: Memo<Collage>, half: usize) -> impl IntoView {
    view! {
        <span
            class="handle"
            style:left=move || percent(corner(&collage.get(), half)[0])
            style:top=move || percent(corner(&collage.get(), half)[1])
        ></span>
    }
}

fn percent(part: f32) -> String {
    format!("{:.1}%", part * 100.0)
}
