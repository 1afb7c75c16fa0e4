//! CLIP's tokenizer for single-file checkpoints, which contain none: it is the same for all of Stable
//! Diffusion, so that of another base model is used.

use crate::weights::cache::ListedFile;
use crate::weights::catalogue::entry::Catalogue;

/// The files of a tokenizer that are needed.
const FILES: [&str; 2] = ["tokenizer/vocab.json", "tokenizer/merges.txt"];

/// The tokenizer of a base model of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipTokenizer {
    /// Id of the base model.
    pub id: String,
    /// Name of the base model.
    pub title: String,
    /// `tokenizer/vocab.json` and `tokenizer/merges.txt`.
    pub files: Vec<ListedFile>,
}

impl ClipTokenizer {
    /// From the first base model that lists it with its hashes, which identify it; `resolve` makes
    /// relative addresses absolute.
    pub fn find(catalogue: &Catalogue, resolve: impl Fn(&str) -> String) -> Option<Self> {
        catalogue.bases.iter().find_map(|entry| {
            let mut files = entry.listed(&resolve);
            files.retain(|file| FILES.contains(&&*file.path) && file.sha256.is_some());
            (files.len() == FILES.len()).then(|| Self {
                id: entry.id.clone(),
                title: entry.title.clone(),
                files,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_shipped_catalogue_has_a_tokenizer_whose_hashes_are_known() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/static/catalogue.json");
        let json = std::fs::read_to_string(path).unwrap();
        let find = |json: &str| {
            let catalogue = Catalogue::parse(json.as_bytes()).unwrap();
            ClipTokenizer::find(&catalogue, str::to_owned)
        };
        let found = find(&json).unwrap();
        let mut paths: Vec<&str> = found.files.iter().map(|file| &*file.path).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["tokenizer/merges.txt", "tokenizer/vocab.json"]);
        assert!(found.files.iter().all(|file| file.bytes.is_some()));
        // Without a hash nobody can tell whose vocabulary it is.
        let hash = found.files[0].sha256.clone().unwrap();
        let without = json.replace(&format!("\"{hash}\""), "null");
        assert_eq!(find(&without), None);
    }
}
