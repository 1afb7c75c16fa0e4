//! Pictures from the camera. Like all others they stay in the tab.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, MediaStream, MediaStreamTrack,
};

use super::state::{Subject, Subjects};
use crate::ui::{
    browser::{api, capabilities::has_camera, pixels::png_of},
    engine::activity::Activity,
    messages::state::{Messages, Severity},
    text,
};

/// The camera of one subject.
#[derive(Clone, Copy)]
struct CameraState {
    on: RwSignal<bool>,
    stream: StoredValue<Option<MediaStream>, LocalStorage>,
    video: NodeRef<html::Video>,
    /// Pictures taken so far.
    taken: StoredValue<u32>,
    messages: Messages,
}

impl CameraState {
    fn new(messages: Messages) -> Self {
        Self {
            on: RwSignal::new(false),
            stream: StoredValue::new_local(None),
            video: NodeRef::new(),
            taken: StoredValue::new(0),
            messages,
        }
    }

    fn start(self) {
        spawn_local(async move {
            match open().await {
                Some(opened) => {
                    self.stream.set_value(Some(opened));
                    self.on.set(true);
                }
                None => self.messages.tell(Severity::Warning, text::NO_CAMERA),
            }
        });
    }

    /// Shows the stream in the video element once both are there.
    fn play(self) {
        if let (true, Some(element)) = (self.on.get(), self.video.get()) {
            self.stream
                .with_value(|stream| element.set_src_object(stream.as_ref()));
            // Muted video may play by itself; if it does not, the shutter still works.
            let _ = element.play();
        }
    }

    fn stop(self) {
        if let Some(stream) = self.stream.try_update_value(Option::take).flatten() {
            end(&stream);
        }
        // The component may be gone already.
        let _ = self.on.try_set(false);
    }

    fn shoot(self, subjects: Subjects, subject: Subject) {
        let Some(element) = self.video.get_untracked() else {
            return;
        };
        let messages = self.messages;
        self.taken.update_value(|taken| *taken += 1);
        let name = format!("camera-{}.png", self.taken.get_value());
        spawn_local(async move {
            match still(&element) {
                Some(canvas) => match png_of(&canvas).await {
                    Some(file) => subjects.add_picture(subject, name, file),
                    None => messages.tell(Severity::Warning, text::NO_CAMERA),
                },
                None => messages.tell(Severity::Note, text::CAMERA_NOT_READY),
            }
        });
    }
}

/// A button that opens the camera; then its video and a shutter.
#[component]
pub fn Camera(
    /// The subject that gets the pictures.
    subject: Subject,
) -> impl IntoView {
    let activity: Activity = expect_context();
    let subjects: Subjects = expect_context();
    let camera = CameraState::new(expect_context());
    on_cleanup(move || camera.stop());
    Effect::new(move |_| camera.play());
    view! {
        <Show when=has_camera>
            <Show
                when=move || camera.on.get()
                fallback=move || {
                    view! {
                        <button type="button" class="button" data-testid="camera" disabled=move || activity.is_training() on:click=move |_| camera.start()>
                            {text::CAMERA}
                        </button>
                    }
                }
            >
                <div class="camera">
                    <video node_ref=camera.video muted playsinline autoplay aria-label=text::CAMERA_LABEL data-testid="camera-video"></video>
                    <div class="row">
                        <button type="button" class="button primary" data-testid="shoot" disabled=move || activity.is_training() on:click=move |_| camera.shoot(subjects, subject)>
                            {text::SHOOT}
                        </button>
                        <button type="button" class="button" data-testid="camera-off" on:click=move |_| camera.stop()>
                            {text::CAMERA_OFF}
                        </button>
                    </div>
                </div>
            </Show>
        </Show>
    }
}

/// Opens the camera; the browser asks the user for permission.
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

/// The current frame of the video; `None` before the first one.
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
