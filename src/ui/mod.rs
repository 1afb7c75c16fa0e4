//! The page: one screen to collect pictures, train and generate. The engine does all tensor work.
//!
//! | folder | contents |
//! |---|---|
//! | `app` | the page's frame, files that are dropped or pasted, dispatch of the engine's events |
//! | `cards` | the three cards, assembled from the features below |
//! | `subjects` | subjects and their pictures (card 1) |
//! | `collages` | collages of two subjects |
//! | `training` | training and its progress (card 2) |
//! | `models` | base models: catalogue, custom models, memory |
//! | `deltas` | open deltas, the library of deltas |
//! | `generate` | prompt, results, picture editing (card 3) |
//! | `gallery` | pictures stored in this browser |
//! | `sharing` | links that carry a delta |
//! | `settings` | the settings of training and generating |
//! | `storage` | IndexedDB |
//! | `messages` | notes, warnings, errors |
//! | `engine` | the connection to the engine's worker |
//! | `browser` | browser APIs |
//! | `intake` | files that the user chose, dropped or pasted |
//! | `widgets` | elements that several features use |
//! | `text` | every word on the page |

mod app;
mod browser;
mod cards;
mod collages;
mod deltas;
mod engine;
mod gallery;
mod generate;
mod intake;
mod messages;
mod models;
mod settings;
mod sharing;
mod storage;
mod subjects;
mod text;
mod training;
mod widgets;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use app::page::App;

/// Mounts the page in place of the static content of `index.html`.
pub fn start() {
    console_error_panic_hook::set_once();
    let mount = document()
        .get_element_by_id("page")
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    match mount {
        Some(element) => {
            element.set_text_content(None);
            mount_to(element, App).forget();
        }
        None => mount_to_body(App),
    }
}
