//! The prompts of an evaluation, and what the pictures should show.

/// The scenes of the built-in base model, as in its captions.
pub const SCENES: [&str; 8] = [
    "on grass",
    "in the snow",
    "at night",
    "on a beach",
    "in the desert",
    "under water",
    "in the sky",
    "in space",
];
/// Objects beside the subject in prompts; the built-in base model knows all of them.
const COMPANIONS: [&str; 4] = ["banana", "car", "tree", "robot"];

/// One prompt and its expected picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The prompt.
    pub prompt: String,
    /// The expected scene.
    pub scene: Option<&'static str>,
    /// The expected objects.
    pub who: Who,
}

/// The objects that a picture should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The subject alone.
    Alone,
    /// Another object of the subject's class, alone.
    Class,
    /// The subject on the left and an object of the base model on the right.
    WithThing(&'static str),
    /// Two subjects side by side, in any order.
    Both,
}

/// Prompts for one subject, named `name`: in every scene, then beside other objects.
pub fn alone(name: &str) -> Vec<Asked> {
    let scenes = SCENES.iter().map(|scene| Asked {
        prompt: format!("photo of a {name} {scene}"),
        scene: Some(scene),
        who: Who::Alone,
    });
    let companions = COMPANIONS
        .iter()
        .filter(|thing| !name.ends_with(**thing))
        .take(3)
        .map(|thing| Asked {
            prompt: format!("photo of a {name} on the left and a {thing} on the right"),
            scene: None,
            who: Who::WithThing(thing),
        });
    scenes.chain(companions).collect()
}

/// Prompts for other objects of the subject's class, without the identifier: these should not have
/// changed.
pub fn class(class_word: &str) -> Vec<Asked> {
    SCENES
        .iter()
        .step_by(2)
        .map(|scene| Asked {
            prompt: format!("photo of a {class_word} {scene}"),
            scene: None,
            who: Who::Class,
        })
        .collect()
}

/// Prompts for two subjects, in words that no caption of a collage has (the paper's "… sitting beside
/// …").
pub fn together([a, b]: [&str; 2]) -> Vec<Asked> {
    let grounds = ["", " on grass", " in the snow", " on a beach", " in space"];
    let orders = [[a, b], [b, a]];
    let prompt = |[first, second]: [&str; 2], ground: &str| {
        format!("photo of a {first} sitting beside a {second}{ground}")
    };
    grounds
        .iter()
        .flat_map(|ground| {
            orders.map(|order| Asked {
                prompt: prompt(order, ground),
                scene: SCENES.into_iter().find(|scene| *scene == ground.trim()),
                who: Who::Both,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_is_asked_for_and_a_robot_does_not_stand_beside_a_robot() {
        let asked = alone("sks robot");
        assert_eq!(asked.iter().filter(|a| a.scene.is_some()).count(), 8);
        assert_eq!(asked.len(), 11);
        assert!(asked.iter().all(|a| a.who != Who::WithThing("robot")));
    }

    #[test]
    fn two_subjects_are_asked_for_in_both_orders() {
        let asked = together(["sks dog", "olis cat"]);
        assert_eq!(asked.len(), 10);
        assert!(
            asked[1]
                .prompt
                .contains("olis cat sitting beside a sks dog")
        );
    }
}
