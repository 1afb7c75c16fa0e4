//! A picture on a canvas.

use leptos::{html, prelude::*};

use crate::ui::browser::pixels::draw;
use crate::worker::protocol::Pixels;

/// Shows a picture; empty while there is none.
#[component]
pub fn Picture(
    /// The picture.
    #[prop(into)]
    picture: Signal<Option<Pixels>>,
    /// A description for screen readers.
    #[prop(into)]
    label: Signal<String>,
    /// For tests.
    testid: &'static str,
) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move || {
        if let Some(canvas) = canvas.get() {
            picture.with(|picture| {
                if let Some(picture) = picture {
                    draw(&canvas, picture);
                }
            });
        }
    });
    view! { <canvas node_ref=canvas width="1" height="1" role="img" aria-label=label data-testid=testid></canvas> }
}
