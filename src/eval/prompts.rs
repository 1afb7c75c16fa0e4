//! What an evaluation asks for, and what should be seen then.

/// The scenes of the base's world, as its captions have them.
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
/// Things that stand beside a subject in prompts; all of them are the base's.
const COMPANIONS: [&str; 4] = ["banana", "car", "tree", "robot"];

/// One prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The text.
    pub prompt: String,
    /// The scene that should be there.
    pub scene: Option<&'static str>,
    /// Who should be there.
    pub who: Who,
}

/// Who should be in a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The subject alone.
    Alone,
    /// Any other one of its class, alone.
    Class,
    /// The subject on the left and a thing of the base on the right.
    WithThing(&'static str),
    /// Two subjects side by side, in any order.
    Both,
}

/// Prompts for one subject, called `name`: every scene, then beside other things.
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

/// Prompts for another one of the subject's class: what it learned should stay with its identifier.
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

/// Prompts for two subjects that no collage is captioned with (the paper's "… sitting beside …").
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
