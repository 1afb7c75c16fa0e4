//! Options in the page's address: `?device=cpu|gpu`, `?base=URL` (same origin), `?memory=GB`.

use leptos::prelude::window;

use crate::ui::text;
use crate::worker::protocol::DeviceChoice;

/// The base model that is served with the page.
const EMBEDDED_BASE: &str = "base/";

/// The options.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The device to run on.
    pub device: DeviceChoice,
    /// The base model's folder: an absolute URL with a trailing slash.
    pub base: String,
    /// Gigabytes of the GPU's memory.
    pub memory: Option<f64>,
    /// An option that was ignored, in words for the user.
    pub warning: Option<&'static str>,
}

impl Options {
    /// Reads the page's address.
    pub fn from_address() -> Self {
        let location = window().location();
        let here = location.href().unwrap_or_default();
        let search = location.search().unwrap_or_default();
        let device = match value(&search, "device").as_deref() {
            Some("cpu") => DeviceChoice::Cpu,
            Some("gpu") => DeviceChoice::Gpu,
            _ => DeviceChoice::Auto,
        };
        let memory = value(&search, "memory").and_then(|stated| stated.parse().ok());
        let embedded = resolve(EMBEDDED_BASE, &here).unwrap_or_else(|| EMBEDDED_BASE.to_owned());
        let (base, warning) = match value(&search, "base") {
            None => (embedded, None),
            Some(asked) => match resolve(&asked, &here) {
                Some(url) => (url, None),
                None => (embedded, Some(text::OTHER_ORIGIN)),
            },
        };
        Self {
            device,
            base,
            memory,
            warning,
        }
    }
}

/// The absolute URL of a folder; `None` if it is on another origin.
fn resolve(address: &str, here: &str) -> Option<String> {
    let url = web_sys::Url::new_with_base(address, here).ok()?;
    let page = web_sys::Url::new(here).ok()?;
    if url.origin() != page.origin() {
        return None;
    }
    let path = url.pathname();
    let slash = if path.ends_with('/') { "" } else { "/" };
    Some(format!("{}{path}{slash}", url.origin()))
}

/// The decoded value of `name` in a query string.
fn value(search: &str, name: &str) -> Option<String> {
    search
        .trim_start_matches('?')
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| js_sys::decode_uri_component(&value.replace('+', " ")).ok())
        .map(String::from)
}
