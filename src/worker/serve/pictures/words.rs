//! The names of subjects and the captions of pictures, as the trainer has them.

use crate::train::Words;
use crate::train::dataset::words::Templates;
use crate::worker::protocol::{Captions, SubjectWords};

/// The subjects' names.
pub(crate) fn words_of(subjects: &[SubjectWords]) -> Vec<Words> {
    let words = subjects.iter();
    words
        .map(|subject| Words::new(&*subject.token, &*subject.class_word))
        .collect()
}

/// The templates of captions.
pub(crate) fn templates_of(captions: Captions) -> Templates {
    Templates {
        single: captions.single,
        left_right: captions.left_right,
        top_bottom: captions.top_bottom,
        together: captions.together,
        class_scenes: captions.class_scenes,
    }
}
