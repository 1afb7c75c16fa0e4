//! Pictures on canvases, PNG files and downloads.

use js_sys::{Array, Promise, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement,
    ImageData, Url,
};

use crate::worker::protocol::Pixels;

/// Draws a picture at its own size; the style sheet scales it. Does nothing if the bytes do not
/// match the size.
pub fn draw(canvas: &HtmlCanvasElement, picture: &Pixels) {
    canvas.set_width(picture.width);
    canvas.set_height(picture.height);
    let Ok(data) = ImageData::new_with_u8_clamped_array_and_sh(
        Clamped(&picture.rgba),
        picture.width,
        picture.height,
    ) else {
        return;
    };
    let context = canvas
        .get_context("2d")
        .ok()
        .flatten()
        .and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
    if let Some(context) = context {
        // Fails only for a canvas with pictures of another origin.
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
}

/// Encodes a picture as PNG.
pub async fn png(picture: &Pixels) -> Option<Vec<u8>> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    draw(&canvas, picture);
    png_of(&canvas).await
}

/// Encodes what a canvas shows as PNG.
pub async fn png_of(canvas: &HtmlCanvasElement) -> Option<Vec<u8>> {
    let encoded = Promise::new(&mut |resolve, reject| {
        // Throws for a canvas with pictures of another origin.
        if canvas.to_blob(&resolve).is_err() {
            let _ = reject.call0(&JsValue::NULL);
        }
    });
    let blob: Blob = JsFuture::from(encoded).await.ok()?.dyn_into().ok()?;
    let bytes = JsFuture::from(blob.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&bytes).to_vec())
}

/// The MIME type by the first bytes, so that browsers show images as images.
fn mime_type(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"\x89PNG") {
        "image/png"
    } else {
        "application/octet-stream"
    }
}

/// An object URL of the bytes; the caller revokes it.
pub fn object_url(bytes: &[u8]) -> Option<String> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let options = BlobPropertyBag::new();
    options.set_type(mime_type(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
}

/// Downloads bytes as a file.
pub fn save_bytes(bytes: &[u8], file_name: &str) {
    let Some(url) = object_url(bytes) else {
        return;
    };
    let anchor = document()
        .create_element("a")
        .ok()
        .and_then(|element| element.dyn_into::<HtmlAnchorElement>().ok());
    if let Some(anchor) = anchor {
        anchor.set_href(&url);
        anchor.set_download(file_name);
        // Firefox downloads only from links in the document.
        let _ = document().body().map(|body| body.append_child(&anchor));
        anchor.click();
        anchor.remove();
    }
    // The browser needs the URL until the download has started.
    set_timeout(
        move || {
            let _ = Url::revoke_object_url(&url);
        },
        core::time::Duration::from_secs(60),
    );
}

/// A file name of letters, digits and dashes, made from any text.
pub fn file_name(words: &str, ending: &str) -> String {
    let mut name = String::new();
    for c in words.chars().take(80) {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    format!("{}{ending}", if name.is_empty() { "picture" } else { name })
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn file_names_hold_no_paths() {
        assert_eq!(
            file_name("photo of a sks robot, in space", "-1.png"),
            "photo-of-a-sks-robot-in-space-1.png"
        );
        assert_eq!(file_name("../../etc/passwd", ".png"), "etc-passwd.png");
        assert_eq!(file_name("…", ".png"), "picture.png");
    }
}
