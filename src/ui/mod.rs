//! The page: one screen to gather, train and use. All work is the engine's; nothing here touches
//! a tensor.
//!
//! | module | what it holds |
//! |---|---|
//! | `text` | every word |
//! | `options` | what the address asks for |
//! | `settings` | the fields and their defaults |
//! | `state` | everything that the page knows, as signals |
//! | `events` | what each event of the engine changes |
//! | `device` | the device that the engine chose, and its speed |
//! | `bases`, `own` | the model, its download, the models to choose from, the person's own |
//! | `plans` | what models take of memory, and the size of pictures |
//! | `actions` | what a person can do |
//! | `subjects` | the same with subjects and their pictures |
//! | `deltas` | the same with deltas |
//! | `combining` | one delta of several, deltas for other programs |
//! | `editing` | one picture, edited by its prompt |
//! | `gallery`, `library`, `shelf` | pictures and deltas kept in this browser |
//! | `sharing`, `link` | links out and in |
//! | `surroundings` | what the browser has, and is asked for while a run lasts |
//! | `browser` | parts of it that not every one has |
//! | `collages` | the strip of collages, and what a person makes of one |
//! | `intake` | files chosen, dropped or pasted, and samples |
//! | `arrange`, `chart`, `chosen`, `dimensions`, `png_text`, `estimate`, `pace`, `report` | plain functions without a DOM |
//! | `pixels` | pictures on canvases and as downloads |
//! | `app`, `components` | what is seen |

mod actions;
mod app;
mod arrange;
mod bases;
mod browser;
mod chart;
mod chosen;
mod collages;
mod combining;
mod components;
mod deltas;
mod device;
mod dimensions;
mod editing;
mod estimate;
mod events;
mod gallery;
mod intake;
mod library;
mod link;
mod options;
mod own;
mod pace;
mod pixels;
mod plans;
mod png_text;
mod report;
mod settings;
mod sharing;
mod shelf;
mod state;
mod subjects;
mod surroundings;
mod text;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Takes the place of what `index.html` painted.
pub fn start() {
    console_error_panic_hook::set_once();
    let mount = document()
        .get_element_by_id("page")
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    match mount {
        Some(element) => {
            element.set_text_content(None);
            mount_to(element, app::App).forget();
        }
        None => mount_to_body(app::App),
    }
}

/// A seed that nobody chose.
fn random_seed() -> f64 {
    (js_sys::Math::random() * f64::from(u32::MAX)).floor()
}
