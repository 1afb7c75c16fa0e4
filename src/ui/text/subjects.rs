//! Card 1: subjects and their pictures.

use crate::worker::protocol::PictureFault;

pub const SUBJECT_TITLE: &str = "Your subject";
pub const SUBJECT_LEAD: &str =
    "Three to five pictures of one thing work well: different views and grounds.";
pub const DROP_HERE: &str = "Drop or paste pictures";
pub const CHOOSE_PICTURES: &str = "Choose pictures";
pub const PICTURE_KINDS: &str = "PNG, JPEG or WebP";
pub const SAMPLES_TITLE: &str = "Or take a sample subject";
pub const SAMPLES_CREDIT: &str =
    "Samples made from Twemoji, © Twitter, Inc and other contributors,";
pub const SAMPLES_LICENCE: &str = "CC-BY 4.0";
pub const TRY_IT: &str = "Try it";
pub const PICTURES_LABEL: &str = "Pictures of your subject";
pub const PICTURE_WAITING: &str = "Waiting for the engine";
pub const REMOVE: &str = "Remove";
pub const ADD_SUBJECT: &str = "Add another subject";
pub const ADD_SUBJECT_HINT: &str =
    "Two or more are learned together and kept apart, so that they can meet in one picture.";
pub const TOKEN: &str = "Identifier word";
pub const TOKEN_HINT: &str = "A made-up word that will mean your subject.";
pub const CLASS_WORD: &str = "What it is";
pub const CLASS_WORD_HINT: &str = "A plain word that the model knows, such as dog.";

pub const SAMPLE_INSTEAD: &str = "Or take a sample";

pub const TURN: &str = "Turn to the right";

pub fn turn_picture(number: usize) -> String {
    format!("Turn picture {number} to the right")
}

/// A possible problem of a picture.
pub fn picture_fault(fault: PictureFault) -> &'static str {
    match fault {
        PictureFault::Tiny => "Small.",
        PictureFault::Blurry => "Blurry?",
        PictureFault::Duplicate => "Twice?",
    }
}

/// 'Subject 2'.
pub fn subject_number(number: usize) -> String {
    format!("Subject {number}")
}

pub fn remove_subject(number: usize) -> String {
    format!("Remove subject {number}")
}

pub fn sample_label(thing: &str) -> String {
    format!("Take the sample {thing}")
}

pub fn try_it_hint(thing: &str) -> String {
    format!("Trains on the sample {thing} and shows it in three scenes.")
}

pub fn try_it_own_hint(class_word: &str) -> String {
    format!("Trains on your pictures and shows your {class_word} in three scenes.")
}

pub fn picture_label(number: usize) -> String {
    format!("Picture {number} of your subject, as training sees it")
}

pub fn remove_picture(number: usize) -> String {
    format!("Remove picture {number}")
}

pub fn crop_picture(number: usize) -> String {
    format!("Move the crop of picture {number}")
}
