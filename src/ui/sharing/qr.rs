//! QR codes of short links.

use fast_qr::QRBuilder;
use leptos::prelude::*;

use crate::ui::text;

/// Longest link with a code; cameras cannot read larger codes reliably.
const MAX_URL: usize = 600;
/// Width of the white margin, in modules.
const QUIET: usize = 4;

/// A QR code of a link; nothing if the link is too long.
#[component]
pub fn QrCode(url: String) -> impl IntoView {
    let path = (url.len() <= MAX_URL).then(|| qr_path(&url)).flatten();
    path.map(|(path, size)| {
        view! {
            <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label=text::QR_LABEL data-testid="qr">
                <path class="light" d=format!("M0 0h{size}v{size}h-{size}z")></path>
                <path class="dark" d=path></path>
            </svg>
        }
    })
}

/// The dark modules as an SVG path, and the side with the margin, in modules.
fn qr_path(url: &str) -> Option<(String, usize)> {
    let code = QRBuilder::new(url).build().ok()?;
    let mut path = String::new();
    for y in 0..code.size {
        for x in 0..code.size {
            if code[y][x].value() {
                path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
            }
        }
    }
    Some((path, code.size + 2 * QUIET))
}

#[cfg(test)]
mod tests {
    use super::qr_path;

    #[test]
    fn a_code_has_its_three_corners() {
        let (path, size) = qr_path("https://a.example/#delta=b").expect("it fits");
        let has = |x: usize, y: usize| path.contains(&format!("M{x} {y}h1v1h-1z"));
        let last = size - 5;
        assert!(has(4, 4) && has(last, 4) && has(4, last));
        // Inside a corner's frame it is white.
        assert!(!has(5, 5) && !has(0, 0));
    }
}
