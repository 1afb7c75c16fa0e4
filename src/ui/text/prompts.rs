//! Prompts, and what the embedded model knows.

use crate::worker::protocol::SubjectWords;

/// Scenes that the embedded model knows, as ends of prompts.
pub const SCENES: [&str; 9] = [
    "in space",
    "on grass",
    "in the snow",
    "at night",
    "on a beach",
    "in the desert",
    "under water",
    "in the sky",
    "on a blue background",
];

/// Prompts of two subjects, `{a}` and `{b}`.
pub const PAIRS: [&str; 6] = [
    "{a} and {b} on grass",
    "{a} next to {b} in the snow",
    "{a} and {b} on a beach",
    "{a} sitting beside {b}",
    "{a} on the left and {b} on the right",
    "{a} on the top and {b} on the bottom",
];

/// Class words that the embedded model knows.
pub const KNOWN_THINGS: [&str; 73] = [
    "airplane",
    "alien",
    "apple",
    "balloon",
    "banana",
    "bear",
    "bee",
    "boot",
    "bus",
    "butterfly",
    "cactus",
    "cake",
    "car",
    "carrot",
    "castle",
    "cat",
    "chicken",
    "cloud",
    "coffee",
    "cow",
    "crab",
    "crown",
    "diamond",
    "dinosaur",
    "dog",
    "doughnut",
    "elephant",
    "fire",
    "fox",
    "frog",
    "ghost",
    "gift",
    "guitar",
    "hamburger",
    "house",
    "ice cream",
    "key",
    "koala",
    "ladybug",
    "lion",
    "monkey",
    "moon",
    "mouse",
    "mushroom",
    "octopus",
    "orange",
    "owl",
    "panda",
    "penguin",
    "pig",
    "pineapple",
    "pizza",
    "rabbit",
    "robot",
    "rocket",
    "sailboat",
    "soccer ball",
    "strawberry",
    "sun",
    "sunflower",
    "teddy bear",
    "tent",
    "tiger",
    "top hat",
    "train",
    "tree",
    "tropical fish",
    "tulip",
    "turtle",
    "ufo",
    "umbrella",
    "unicorn",
    "watermelon",
];

/// 'photo of a sks robot in space'.
pub fn prompt(subject: &SubjectWords, scene: &str) -> String {
    format!("photo of {} {scene}", with_article(&name(subject)))
}

/// 'photo of a sks dog sitting beside an olis cat'.
pub fn pair_prompt(first: &SubjectWords, second: &SubjectWords, pair: &str) -> String {
    let pair = pair
        .replace("{a}", &with_article(&name(first)))
        .replace("{b}", &with_article(&name(second)));
    format!("photo of {pair}")
}

/// The text of an idea's button: a prompt with '…' for the subjects.
pub fn idea(idea: &str) -> String {
    let short = idea.replace("{a}", "…").replace("{b}", "…");
    short.trim().to_owned()
}

/// 'sks dog'.
pub fn name(subject: &SubjectWords) -> String {
    let words = [subject.token.trim(), subject.class_word.trim()];
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// 'sks dog and olis cat'.
pub fn names(subjects: &[SubjectWords]) -> String {
    let names: Vec<String> = subjects.iter().map(name).collect();
    names.join(" and ")
}

fn with_article(words: &str) -> String {
    let vowel = words.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {words}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(token: &str, class_word: &str) -> SubjectWords {
        SubjectWords::new(token, class_word)
    }

    #[test]
    fn prompts_have_words_and_scene() {
        let robot = subject("sks", "robot");
        assert_eq!(prompt(&robot, "in space"), "photo of a sks robot in space");
        let owl = subject("", "owl ");
        assert_eq!(prompt(&owl, "at night"), "photo of an owl at night");
    }

    #[test]
    fn two_subjects_share_a_prompt() {
        let (dog, cat) = (subject("sks", "dog"), subject("olis", "cat"));
        assert_eq!(
            pair_prompt(&dog, &cat, "{a} sitting beside {b}"),
            "photo of a sks dog sitting beside an olis cat"
        );
        for pair in PAIRS {
            assert!(pair.contains("{a}") && pair.contains("{b}"), "{pair}");
        }
    }
}
