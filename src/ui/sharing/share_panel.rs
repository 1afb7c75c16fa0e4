//! A delta for others: a link that carries it, a link to where it lies, the system's share sheet.

use fast_qr::QRBuilder;
use leptos::{prelude::*, task::spawn_local};

use crate::ui::browser::capabilities::can_share;
use crate::ui::sharing::actions::{address, sha256};
use crate::ui::sharing::link::{Demo, Link, Source};
use crate::ui::state::{OpenDelta, booth};
use crate::ui::text;
use crate::ui::widgets::field::ToggleField;

/// Longer links make codes that no camera reads.
const QR_LIMIT: usize = 600;
/// Modules of white around the code.
const QUIET: usize = 4;

/// Folded away until asked for.
#[component]
pub fn SharePanel(
    /// Which.
    delta: OpenDelta,
) -> impl IntoView {
    let booth = booth();
    let with_picture = RwSignal::new(true);
    let hosted = RwSignal::new(String::new());
    // `None` until it is known; empty where the browser has no means to know it.
    let hash = RwSignal::new(None::<String>);
    let key = delta.key;
    let strength = delta.strength.clone();
    let demo = move || {
        if with_picture.get() {
            booth.demo(strength.get())
        } else {
            Demo::default()
        }
    };
    let id = delta.id.clone();
    let packed = Memo::new(move |_| booth.packed.get().filter(|packed| packed.id == id));
    let carried = {
        let demo = demo.clone();
        Memo::new(move |_| {
            let packed = packed.get()?;
            let link = Link {
                source: Source::Carried(packed.text),
                demo: demo(),
            };
            Some((address(&link), packed.error))
        })
    };
    let pointed = Memo::new(move |_| {
        let url = hosted.get().trim().to_owned();
        let sha256 = hash.get()?;
        (!url.is_empty()).then(|| {
            address(&Link {
                source: Source::Hosted { url, sha256 },
                demo: demo(),
            })
        })
    });
    let (id, file) = (delta.id.clone(), delta.file.clone());
    let whole = StoredValue::new(delta);
    Effect::new(move |_| {
        if hosted.with(|url| !url.is_empty()) && hash.with_untracked(Option::is_none) {
            let file = file.clone();
            spawn_local(async move { hash.set(Some(sha256(&file).await.unwrap_or_default())) });
        }
    });
    view! {
        <details class="advanced" data-testid="share-panel">
            <summary>{text::SHARE_TITLE}</summary>
            <p class="hint">{text::SHARE_HINT}</p>
            <ToggleField testid="share-demo" label=text::SHARE_DEMO.to_owned() value=with_picture change=move |on| with_picture.set(on) />
            <div class="row">
                <button type="button" class="button small" data-testid="make-link" on:click=move |_| booth.pack_delta(&id)>
                    {text::MAKE_LINK}
                </button>
                <Show when=can_share>
                    <button
                        type="button"
                        class="button small"
                        data-testid="share-file"
                        on:click=move |_| whole.with_value(|delta| booth.share(delta, None))
                    >
                        {text::SHARE_FILE}
                    </button>
                </Show>
            </div>
            {move || {
                carried.get().map(|(url, error)| view! {
                    <LinkLine id=format!("link-{key}") testid="link" url=url.clone() delta=whole />
                    <p class="hint" data-testid="link-note">{text::link_note(url.len(), error)}</p>
                })
            }}
            <div class="field">
                <label for=format!("hosted-{key}")>{text::HOSTED}</label>
                <input
                    type="url"
                    id=format!("hosted-{key}")
                    data-testid="hosted"
                    maxlength="2000"
                    autocomplete="off"
                    placeholder="https://"
                    aria-describedby=format!("hosted-hint-{key}")
                    bind:value=hosted
                />
                <p class="hint" id=format!("hosted-hint-{key}")>{text::HOSTED_HINT}</p>
            </div>
            {move || {
                pointed.get().map(|url| view! {
                    <LinkLine id=format!("pointed-{key}") testid="hosted-link" url=url.clone() delta=whole />
                    <Code url=url />
                })
            }}
        </details>
    }
}

/// A link to copy or to share.
#[component]
fn LinkLine(
    id: String,
    testid: &'static str,
    url: String,
    delta: StoredValue<OpenDelta>,
) -> impl IntoView {
    let booth = booth();
    let (copied, shared) = (url.clone(), url.clone());
    view! {
        <div class="field">
            <label for=id.clone()>{text::LINK}</label>
            <input type="text" id=id data-testid=testid readonly prop:value=url />
        </div>
        <div class="row">
            <button type="button" class="button primary small" data-testid="copy-link" on:click=move |_| booth.copy(copied.clone())>
                {text::COPY}
            </button>
            <Show when=can_share>
                <button
                    type="button"
                    class="button small"
                    on:click={
                        let shared = shared.clone();
                        move |_| delta.with_value(|delta| booth.share(delta, Some(shared.clone())))
                    }
                >
                    {text::SHARE}
                </button>
            </Show>
        </div>
    }
}

/// A short link for a phone's camera.
#[component]
fn Code(url: String) -> impl IntoView {
    let path = (url.len() <= QR_LIMIT).then(|| qr_path(&url)).flatten();
    path.map(|(path, size)| {
        view! {
            <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label=text::QR_LABEL data-testid="qr">
                <path class="light" d=format!("M0 0h{size}v{size}h-{size}z")></path>
                <path class="dark" d=path></path>
            </svg>
        }
    })
}

/// The dark modules as a path, and the side with its white margin.
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
