//! The address of a base model on the web.

/// What an address leads to. Only https, and http on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelAddress {
    /// A diffusers folder; ends with a slash.
    Folder(String),
    /// A checkpoint of one file.
    Checkpoint(String),
}

impl ModelAddress {
    /// Parses an address; `None` if it is invalid or insecure.
    pub fn parse(address: &str) -> Option<Self> {
        let url = web_sys::Url::new(address.trim()).ok()?;
        let local = matches!(url.hostname().as_str(), "localhost" | "127.0.0.1" | "[::1]");
        if url.protocol() != "https:" && !(url.protocol() == "http:" && local) {
            return None;
        }
        url.set_hash("");
        // Users copy the address of the page that shows a file; the file itself is elsewhere.
        if url.hostname() == "huggingface.co" {
            let path = url.pathname();
            let path = path.replacen("/blob/", "/resolve/", 1);
            url.set_pathname(&path.replacen("/tree/", "/resolve/", 1));
        }
        if url.pathname().to_lowercase().ends_with(".safetensors") {
            return Some(Self::Checkpoint(url.href()));
        }
        url.set_search("");
        let href = url.href();
        let slash = if href.ends_with('/') { "" } else { "/" };
        Some(Self::Folder(href + slash))
    }
}
