//! Pictures from the camera; they stay in the tab like all others.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, MediaStream, MediaStreamTrack,
};

use crate::ui::browser::api;
use crate::ui::browser::capabilities::has_camera;
use crate::ui::browser::pixels::png_of;
use crate::ui::state::{Gravity, Subject, booth};
use crate::ui::text;

/// A button, and behind it the camera's picture with a shutter.
#[component]
pub fn Camera(
    /// Whose pictures it takes.
    subject: Subject,
) -> impl IntoView {
    let booth = booth();
    let stream = StoredValue::new_local(None::<MediaStream>);
    let on = RwSignal::new(false);
    let video = NodeRef::<html::Video>::new();
    let taken = StoredValue::new(0_u32);
    let stop = move || {
        if let Some(stream) = stream.try_update_value(Option::take).flatten() {
            end(&stream);
        }
        // The card may be gone already.
        let _ = on.try_set(false);
    };
    on_cleanup(stop);
    let start = move || {
        spawn_local(async move {
            match open().await {
                Some(opened) => {
                    stream.set_value(Some(opened));
                    on.set(true);
                }
                None => booth.tell(Gravity::Warning, text::NO_CAMERA.to_owned()),
            }
        });
    };
    Effect::new(move |_| {
        if let (true, Some(element)) = (on.get(), video.get()) {
            stream.with_value(|stream| element.set_src_object(stream.as_ref()));
            // Muted video may play by itself; if it does not, the shutter still works.
            let _ = element.play();
        }
    });
    let shoot = move || {
        let Some(element) = video.get_untracked() else {
            return;
        };
        taken.update_value(|taken| *taken += 1);
        let name = format!("camera-{}.png", taken.get_value());
        spawn_local(async move {
            match still(&element) {
                Some(canvas) => match png_of(&canvas).await {
                    Some(file) => booth.add_picture(subject, name, file),
                    None => booth.tell(Gravity::Warning, text::NO_CAMERA.to_owned()),
                },
                None => booth.tell(Gravity::Note, text::CAMERA_NOT_READY.to_owned()),
            }
        });
    };
    view! {
        <Show when=has_camera>
            <Show
                when=move || on.get()
                fallback=move || {
                    view! {
                        <button type="button" class="button" data-testid="camera" disabled=move || booth.is_training() on:click=move |_| start()>
                            {text::CAMERA}
                        </button>
                    }
                }
            >
                <div class="camera">
                    <video node_ref=video muted playsinline autoplay aria-label=text::CAMERA_LABEL data-testid="camera-video"></video>
                    <div class="row">
                        <button type="button" class="button primary" data-testid="shoot" disabled=move || booth.is_training() on:click=move |_| shoot()>
                            {text::SHOOT}
                        </button>
                        <button type="button" class="button" data-testid="camera-off" on:click=move |_| stop()>
                            {text::CAMERA_OFF}
                        </button>
                    </div>
                </div>
            </Show>
        </Show>
    }
}

/// Asks for the camera; the browser asks the person.
async fn open() -> Option<MediaStream> {
    let devices = api::of_navigator("mediaDevices")?;
    let wanted = js_sys::Object::new();
    js_sys::Reflect::set(&wanted, &"video".into(), &true.into()).ok()?;
    let stream = api::call(&devices, "getUserMedia", &[wanted.into()]).await;
    stream.ok()?.dyn_into().ok()
}

fn end(stream: &MediaStream) {
    for track in stream.get_tracks().iter() {
        if let Ok(track) = track.dyn_into::<MediaStreamTrack>() {
            track.stop();
        }
    }
}

/// What the video shows now; `None` before it shows anything.
fn still(video: &HtmlVideoElement) -> Option<HtmlCanvasElement> {
    let (width, height) = (video.video_width(), video.video_height());
    if width == 0 || height == 0 {
        return None;
    }
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context
        .draw_image_with_html_video_element(video, 0.0, 0.0)
        .ok()?;
    Some(canvas)
}
