//! One picture of a subject: as training sees it, with crop and remove, or why it was refused.

use leptos::prelude::*;

use crate::ui::state::{PictureView, Subject, SubjectPicture, booth};
use crate::ui::text;
use crate::ui::widgets::canvas::Picture;

/// A thumbnail in card 1.
#[component]
pub fn SubjectThumbnail(
    /// Whose.
    subject: Subject,
    /// The picture.
    picture: SubjectPicture,
) -> impl IntoView {
    let booth = booth();
    let SubjectPicture {
        id,
        view,
        offset,
        wide,
        faults,
        name,
        ..
    } = picture.clone();
    let number = Memo::new(move |_| {
        subject.pictures.with(|pictures| {
            pictures
                .iter()
                .position(|picture| picture.id == id)
                .unwrap_or(0)
                + 1
        })
    });
    let pixels = {
        let view = view.clone();
        Signal::derive(move || match view.get() {
            PictureView::Ready(pixels) => Some(pixels),
            _ => None,
        })
    };
    let ready = Memo::new(move |_| pixels.with(Option::is_some));
    let refusal = Signal::derive(move || match view.get() {
        PictureView::Refused(reason) => Some(reason),
        _ => None,
    });
    let name = text::shorten(&name, 60);
    let crop = StoredValue::new(picture);
    view! {
        <li class="thumbnail" class:refused=move || refusal.with(Option::is_some) data-testid="picture">
            <div class="frame" title=name.clone()>
                <Picture picture=pixels label=Signal::derive(move || text::picture_label(number.get())) testid="picture-canvas" />
                <Show when=move || !ready.get() && refusal.with(Option::is_none)>
                    <span class="waiting">{text::PICTURE_WAITING}</span>
                </Show>
            </div>
            {move || {
                refusal.get().map(|reason| {
                    view! {
                        <p class="refusal" role="alert" data-testid="picture-refused">
                            <bdi class="strong">{name.clone()}</bdi>
                            ": "
                            {reason}
                        </p>
                    }
                })
            }}
            <Show when=move || wide && ready.get()>
                <input
                    type="range"
                    min="0"
                    max="1"
                    step="0.05"
                    data-testid="crop"
                    aria-label=move || text::crop_picture(number.get())
                    prop:value={
                        let offset = offset.clone();
                        move || offset.get().to_string()
                    }
                    disabled=move || booth.is_training()
                    on:input=move |event| {
                        if let Ok(offset) = event_target_value(&event).parse::<f32>() {
                            crop.with_value(|picture| booth.crop_picture(picture, offset.clamp(0.0, 1.0)));
                        }
                    }
                />
            </Show>
            {move || {
                let faults = faults.get();
                (!faults.is_empty())
                    .then(|| {
                        let words: Vec<&str> = faults.iter().map(|fault| text::picture_fault(*fault)).collect();
                        view! { <p class="hint fault" data-testid="picture-fault">{words.join(" ")}</p> }
                    })
            }}
            <Show when=move || ready.get()>
                <button
                    type="button"
                    class="icon turn"
                    data-testid="turn-picture"
                    aria-label=move || text::turn_picture(number.get())
                    title=text::TURN
                    disabled=move || booth.is_training()
                    on:click=move |_| crop.with_value(|picture| booth.turn_picture(picture))
                >
                    "↻"
                </button>
            </Show>
            <button
                type="button"
                class="icon remove"
                data-testid="remove-picture"
                aria-label=move || text::remove_picture(number.get())
                title=text::REMOVE
                disabled=move || booth.is_training()
                on:click=move |_| booth.remove_picture(id)
            >
                "×"
            </button>
        </li>
    }
}
