//! What the page's address asks for: `?device=cpu|gpu`, `?base=URL` (same origin) and `?memory=GB`.

use leptos::prelude::window;

use crate::ui::text;
use crate::worker::protocol::DeviceChoice;

/// The base that is served with the page.
const EMBEDDED_BASE: &str = "base/";

/// Choices made in the address.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Which device.
    pub device: DeviceChoice,
    /// The base's folder, an absolute URL with a trailing slash.
    pub base: String,
    /// Gigabytes of the GPU's memory.
    pub memory: Option<f64>,
    /// What could not be followed, for the person.
    pub warning: Option<&'static str>,
}

impl Options {
    /// Reads the address of the page.
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

/// The absolute form of a folder's address, if it is of the page's own origin.
fn resolve(address: &str, here: &str) -> Option<String> {
    let url = web_sys::Url::new_with_base(address, here).ok()?;
    let own = web_sys::Url::new(here).ok()?;
    if url.origin() != own.origin() {
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
