//! Recognises a base model in the files that the user selected.

/// What the files are. Numbers are indices into the list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A diffusers folder.
    Folder {
        /// Its name.
        title: String,
        /// The files that are needed, and their paths in the folder.
        files: Vec<(usize, String)>,
        /// Bytes of its weights.
        bytes: u64,
    },
    /// A checkpoint of one file.
    Checkpoint {
        /// Its name.
        title: String,
        /// Its index.
        file: usize,
        /// Its bytes.
        bytes: u64,
        /// `vocab.json` and `merges.txt`, if both are there.
        tokenizer: Option<[usize; 2]>,
    },
    /// A tokenizer alone, `vocab.json` and `merges.txt`.
    Tokenizer([usize; 2]),
    /// No base model.
    Invalid(Fault),
}

/// Why files are no base model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A pickle: opening it would run a program.
    Pickle(String),
    /// Several checkpoints.
    Several(usize),
    /// A tokenizer that lacks the file of this name.
    IncompleteTokenizer(&'static str),
    /// Neither a checkpoint nor a folder with `model_index.json`.
    Unknown,
}

const INDEX: &str = "model_index.json";
/// Names of a tokenizer's files, in any folder.
pub const TOKENIZER: [&str; 2] = ["vocab.json", "merges.txt"];
const PICKLES: [&str; 5] = [".ckpt", ".pt", ".pth", ".bin", ".pkl"];
/// Files of a diffusers folder. Pickles too, so that the engine can reject them by name.
const NEEDED: [&str; 4] = [".json", ".txt", ".safetensors", ".bin"];

/// Recognises a base model by the names (paths with slashes) and sizes of its files.
pub fn recognise(files: &[(String, u64)]) -> Selection {
    let named = |name: &str| {
        files
            .iter()
            .enumerate()
            .filter(|(_, (path, _))| name_of(path) == name)
            .min_by_key(|(_, (path, _))| path.matches('/').count())
            .map(|(index, _)| index)
    };
    if let Some(index) = named(INDEX) {
        return folder(files, &files[index].0);
    }
    let ending = |endings: &[&str]| -> Vec<usize> {
        let found = files
            .iter()
            .enumerate()
            .filter(|(_, (path, _))| ends(path, endings));
        found.map(|(index, _)| index).collect()
    };
    let tokenizer = TOKENIZER.map(named);
    let checkpoints = ending(&[".safetensors"]);
    match (&checkpoints[..], tokenizer) {
        (&[file], _) => Selection::Checkpoint {
            title: name_of(&files[file].0).to_owned(),
            file,
            bytes: files[file].1,
            tokenizer: both(tokenizer),
        },
        ([_, ..], _) => Selection::Invalid(Fault::Several(checkpoints.len())),
        ([], _) if !ending(&PICKLES).is_empty() => {
            let first = ending(&PICKLES)[0];
            Selection::Invalid(Fault::Pickle(name_of(&files[first].0).to_owned()))
        }
        ([], [Some(vocab), Some(merges)]) => Selection::Tokenizer([vocab, merges]),
        ([], [None, Some(_)]) => Selection::Invalid(Fault::IncompleteTokenizer(TOKENIZER[0])),
        ([], [Some(_), None]) => Selection::Invalid(Fault::IncompleteTokenizer(TOKENIZER[1])),
        ([], [None, None]) => Selection::Invalid(Fault::Unknown),
    }
}

/// True for a file of a tokenizer.
pub fn is_tokenizer(path: &str) -> bool {
    TOKENIZER.contains(&name_of(path))
}

/// True if a dropped file can only be a base model, neither a delta nor a picture.
pub fn is_model(name: &str, bytes: u64, largest_delta: u64) -> bool {
    ends(name, &PICKLES) || (ends(name, &[".safetensors"]) && bytes > largest_delta)
}

/// A folder: the files beside and below `model_index.json`.
fn folder(files: &[(String, u64)], index: &str) -> Selection {
    let root = &index[..index.len() - INDEX.len()];
    let needed = files.iter().enumerate().filter_map(|(index, (path, _))| {
        let path = path.strip_prefix(root)?;
        (path.matches('/').count() < 2 && ends(path, &NEEDED)).then(|| (index, path.to_owned()))
    });
    let needed: Vec<(usize, String)> = needed.collect();
    let weights = needed
        .iter()
        .filter(|(_, path)| ends(path, &[".safetensors"]));
    let title = match name_of(root.trim_end_matches('/')) {
        "" => "folder",
        name => name,
    };
    Selection::Folder {
        title: title.to_owned(),
        bytes: weights.map(|(index, _)| files[*index].1).sum(),
        files: needed,
    }
}

fn both([vocab, merges]: [Option<usize>; 2]) -> Option<[usize; 2]> {
    Some([vocab?, merges?])
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn ends(path: &str, endings: &[&str]) -> bool {
    let path = path.to_lowercase();
    endings.iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(paths: &[&str]) -> Selection {
        let files: Vec<_> = paths.iter().map(|path| ((*path).to_owned(), 7)).collect();
        recognise(&files)
    }

    #[test]
    fn a_folder_is_told_by_its_index_wherever_it_lies() {
        let found = recognised(&[
            "models/sd/notes.md",
            "models/sd/unet/config.json",
            "models/sd/model_index.json",
            "models/sd/unet/diffusion_pytorch_model.safetensors",
            "models/sd/old/backup/model_index.json",
            "models/sd/unet/deep/x/weights.safetensors",
            "models/other.safetensors",
        ]);
        let expected = [
            (1, "unet/config.json"),
            (2, "model_index.json"),
            (3, "unet/diffusion_pytorch_model.safetensors"),
        ];
        let expected = expected.map(|(index, path)| (index, path.to_owned()));
        assert_eq!(
            found,
            Selection::Folder {
                title: "sd".into(),
                files: expected.to_vec(),
                bytes: 7
            }
        );
        let Selection::Folder { title, .. } = recognised(&["model_index.json"]) else {
            panic!("no folder");
        };
        assert_eq!(title, "folder");
    }

    #[test]
    fn a_checkpoint_takes_the_tokenizer_that_lies_with_it() {
        let of = |paths: &[&str]| match recognised(paths) {
            Selection::Checkpoint {
                file, tokenizer, ..
            } => (file, tokenizer),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(&["a/Model.SafeTensors"]), (0, None));
        assert_eq!(of(&["vocab.json", "m.safetensors"]), (1, None));
        let whole = [
            "d/tokenizer/merges.txt",
            "d/m.safetensors",
            "d/tokenizer/vocab.json",
        ];
        assert_eq!(of(&whole), (1, Some([2, 0])));
    }

    #[test]
    fn what_is_no_base_is_said_to_be_what_it_is() {
        for (paths, fault) in [
            (&["v1-5.ckpt"][..], Fault::Pickle("v1-5.ckpt".into())),
            (&["a/x.PT", "vocab.json"], Fault::Pickle("x.PT".into())),
            (&["a.safetensors", "b.safetensors"], Fault::Several(2)),
            (&["merges.txt"], Fault::IncompleteTokenizer("vocab.json")),
            (&["vocab.json"], Fault::IncompleteTokenizer("merges.txt")),
            (&["notes.md"], Fault::Unknown),
            (&[], Fault::Unknown),
        ] {
            assert_eq!(recognised(paths), Selection::Invalid(fault));
        }
        assert_eq!(
            recognised(&["t/vocab.json", "t/merges.txt"]),
            Selection::Tokenizer([0, 1])
        );
    }

    #[test]
    fn a_dropped_file_is_a_base_only_where_it_can_be_nothing_else() {
        assert!(is_model("v1-5.ckpt", 3, 10) && is_model("x.safetensors", 11, 10));
        assert!(!is_model("delta.safetensors", 10, 10) && !is_model("photo.png", 99, 10));
    }
}
