//! One picture of a subject: as training sees it, with its controls, or why it was refused.

use leptos::prelude::*;

use super::state::{PictureView, Subject, SubjectPicture, Subjects};
use crate::ui::{engine::activity::Activity, text, widgets::canvas::Picture};

/// A thumbnail of a picture.
#[component]
pub fn SubjectThumbnail(
    /// The subject that it belongs to.
    subject: Subject,
    /// The picture.
    picture: SubjectPicture,
) -> impl IntoView {
    let id = picture.id;
    let number = Memo::new(move |_| {
        subject.pictures.with(|pictures| {
            let place = pictures.iter().position(|picture| picture.id == id);
            place.unwrap_or(0) + 1
        })
    });
    let pixels = {
        let view = picture.view.clone();
        Signal::derive(move || match view.get() {
            PictureView::Ready(pixels) => Some(pixels),
            _ => None,
        })
    };
    let ready = Memo::new(move |_| pixels.with(Option::is_some));
    let refusal = {
        let view = picture.view.clone();
        Signal::derive(move || match view.get() {
            PictureView::Refused(reason) => Some(reason),
            _ => None,
        })
    };
    let name = text::shorten(&picture.name, 60);
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
            <Controls picture=picture number=number ready=ready />
        </li>
    }
}

/// Crop, faults, turn, remove.
#[component]
fn Controls(picture: SubjectPicture, number: Memo<usize>, ready: Memo<bool>) -> impl IntoView {
    let activity: Activity = expect_context();
    let subjects: Subjects = expect_context();
    let locked = move || activity.is_training();
    let (id, wide) = (picture.id, picture.wide);
    let faults = picture.faults.clone();
    let picture = StoredValue::new(picture);
    view! {
        <Show when=move || wide && ready.get()>
            <Crop picture=picture number=number />
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
                disabled=locked
                on:click=move |_| picture.with_value(|picture| subjects.turn_picture(picture))
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
            disabled=locked
            on:click=move |_| subjects.remove_picture(id)
        >
            "×"
        </button>
    }
}

/// A slider that moves the square crop.
#[component]
fn Crop(picture: StoredValue<SubjectPicture>, number: Memo<usize>) -> impl IntoView {
    let activity: Activity = expect_context();
    let subjects: Subjects = expect_context();
    let offset = picture.with_value(|picture| picture.offset.clone());
    view! {
        <input
            type="range"
            min="0"
            max="1"
            step="0.05"
            data-testid="crop"
            aria-label=move || text::crop_picture(number.get())
            prop:value=move || offset.get().to_string()
            disabled=move || activity.is_training()
            on:input=move |event| {
                if let Ok(offset) = event_target_value(&event).parse::<f32>() {
                    picture.with_value(|picture| subjects.crop_picture(picture, offset.clamp(0.0, 1.0)));
                }
            }
        />
    }
}
