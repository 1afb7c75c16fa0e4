//! What the files that a person chose from their disk are as a base.

/// What the files are; numbers are places in the list that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// A diffusers folder.
    Folder {
        /// Its name.
        title: String,
        /// The files of use, and their paths in the folder.
        files: Vec<(usize, String)>,
        /// Bytes of its weights.
        bytes: u64,
    },
    /// A checkpoint of one file.
    Checkpoint {
        /// Its name.
        title: String,
        /// Which it is.
        file: usize,
        /// Its bytes.
        bytes: u64,
        /// `vocab.json` and `merges.txt`, if both are there.
        tokenizer: Option<[usize; 2]>,
    },
    /// A tokenizer alone, `vocab.json` and `merges.txt`.
    Tokenizer([usize; 2]),
    /// No base.
    Nothing(Fault),
}

/// Why files are no base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A program that runs when it is opened.
    Pickle(String),
    /// Several checkpoints.
    Several(usize),
    /// A tokenizer without the file of this name.
    Half(&'static str),
    /// Neither a checkpoint nor a folder with `model_index.json`.
    Unknown,
}

const INDEX: &str = "model_index.json";
/// The names of a tokenizer's files, wherever they lie.
pub const TOKENIZER: [&str; 2] = ["vocab.json", "merges.txt"];
const PICKLES: [&str; 5] = [".ckpt", ".pt", ".pth", ".bin", ".pkl"];
/// What a diffusers folder is read from; pickles too, so that the engine can name them.
const OF_USE: [&str; 4] = [".json", ".txt", ".safetensors", ".bin"];

/// Looks at names and sizes alone; paths have slashes.
pub fn look(files: &[(String, u64)]) -> Chosen {
    let named = |name: &str| {
        let places = files.iter().enumerate();
        places
            .filter(|(_, (path, _))| name_of(path) == name)
            .min_by_key(|(_, (path, _))| path.matches('/').count())
            .map(|(place, _)| place)
    };
    if let Some(index) = named(INDEX) {
        return folder(files, &files[index].0);
    }
    let ending = |endings: &[&str]| -> Vec<usize> {
        let places = files.iter().enumerate();
        let found = places.filter(|(_, (path, _))| ends(path, endings));
        found.map(|(place, _)| place).collect()
    };
    let tokenizer = TOKENIZER.map(named);
    let checkpoints = ending(&[".safetensors"]);
    match (&checkpoints[..], tokenizer) {
        (&[file], _) => Chosen::Checkpoint {
            title: name_of(&files[file].0).to_owned(),
            file,
            bytes: files[file].1,
            tokenizer: both(tokenizer),
        },
        ([_, ..], _) => Chosen::Nothing(Fault::Several(checkpoints.len())),
        ([], _) if !ending(&PICKLES).is_empty() => {
            let first = ending(&PICKLES)[0];
            Chosen::Nothing(Fault::Pickle(name_of(&files[first].0).to_owned()))
        }
        ([], [Some(vocab), Some(merges)]) => Chosen::Tokenizer([vocab, merges]),
        ([], [None, Some(_)]) => Chosen::Nothing(Fault::Half(TOKENIZER[0])),
        ([], [Some(_), None]) => Chosen::Nothing(Fault::Half(TOKENIZER[1])),
        ([], [None, None]) => Chosen::Nothing(Fault::Unknown),
    }
}

/// Whether a file is part of a tokenizer: such files are added to what was chosen before.
pub fn is_tokenizer(path: &str) -> bool {
    TOKENIZER.contains(&name_of(path))
}

/// Whether a dropped file is meant as a base: no delta and no picture is like this.
pub fn is_base(name: &str, bytes: u64, largest_delta: u64) -> bool {
    ends(name, &PICKLES) || (ends(name, &[".safetensors"]) && bytes > largest_delta)
}

/// The files beside and below `model_index.json`.
fn folder(files: &[(String, u64)], index: &str) -> Chosen {
    let root = &index[..index.len() - INDEX.len()];
    let of_use = files.iter().enumerate().filter_map(|(place, (path, _))| {
        let path = path.strip_prefix(root)?;
        (path.matches('/').count() < 2 && ends(path, &OF_USE)).then(|| (place, path.to_owned()))
    });
    let of_use: Vec<(usize, String)> = of_use.collect();
    let weights = of_use
        .iter()
        .filter(|(_, path)| ends(path, &[".safetensors"]));
    let title = match name_of(root.trim_end_matches('/')) {
        "" => "folder",
        name => name,
    };
    Chosen::Folder {
        title: title.to_owned(),
        bytes: weights.map(|(place, _)| files[*place].1).sum(),
        files: of_use,
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

    fn chosen(paths: &[&str]) -> Chosen {
        let files: Vec<_> = paths.iter().map(|path| ((*path).to_owned(), 7)).collect();
        look(&files)
    }

    #[test]
    fn a_folder_is_told_by_its_index_wherever_it_lies() {
        let found = chosen(&[
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
        let expected = expected.map(|(place, path)| (place, path.to_owned()));
        assert_eq!(
            found,
            Chosen::Folder {
                title: "sd".into(),
                files: expected.to_vec(),
                bytes: 7
            }
        );
        let Chosen::Folder { title, .. } = chosen(&["model_index.json"]) else {
            panic!("no folder");
        };
        assert_eq!(title, "folder");
    }

    #[test]
    fn a_checkpoint_takes_the_tokenizer_that_lies_with_it() {
        let of = |paths: &[&str]| match chosen(paths) {
            Chosen::Checkpoint {
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
            (&["merges.txt"], Fault::Half("vocab.json")),
            (&["vocab.json"], Fault::Half("merges.txt")),
            (&["notes.md"], Fault::Unknown),
            (&[], Fault::Unknown),
        ] {
            assert_eq!(chosen(paths), Chosen::Nothing(fault));
        }
        assert_eq!(
            chosen(&["t/vocab.json", "t/merges.txt"]),
            Chosen::Tokenizer([0, 1])
        );
    }

    #[test]
    fn a_dropped_file_is_a_base_only_where_it_can_be_nothing_else() {
        assert!(is_base("v1-5.ckpt", 3, 10) && is_base("x.safetensors", 11, 10));
        assert!(!is_base("delta.safetensors", 10, 10) && !is_base("photo.png", 99, 10));
    }
}
