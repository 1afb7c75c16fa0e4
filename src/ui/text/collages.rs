//! The strip of collages and its editor.

pub const COLLAGES_TITLE: &str = "Collages for training";
pub const COLLAGES_HINT: &str = "Two subjects side by side teach the model that they are two. Press one to move its seam and its pictures.";
pub const COLLAGES_WAITING: &str = "They are drawn as soon as every subject has pictures.";
pub const COLLAGES_OFF: &str = "The mix probability is 0, so training will use no collages.";
pub const COLLAGES_LABEL: &str = "The first collages";
pub const SHUFFLE: &str = "Shuffle";
pub const SHUFFLE_TITLE: &str = "Draw others, with a new seed";
pub const ARRANGED: &str = "yours";
pub const LAYOUT_LABEL: &str = "Layout";
pub const LEFT_RIGHT: &str = "Left and right";
pub const TOP_BOTTOM: &str = "Top and bottom";
pub const SEAM: &str = "Seam";
pub const SCALE: &str = "Scale";
pub const ACROSS: &str = "Across";
pub const DOWN: &str = "Down";
pub const AS_DRAWN: &str = "As it was drawn";
pub const DONE: &str = "Done";
pub const STAGE_HINT: &str = "Drag the line, a picture, or a picture's corner.";

/// 'Collage 3'.
pub fn collage_number(number: usize) -> String {
    format!("Collage {}", number + 1)
}

/// The label of a collage in the strip.
pub fn arrange_label(number: usize, caption: &str) -> String {
    format!(
        "Arrange {}: {caption}",
        collage_number(number).to_lowercase()
    )
}

/// The name of a half.
pub fn half(top_bottom: bool, half: usize) -> &'static str {
    match (top_bottom, half) {
        (false, 0) => "Left picture",
        (false, _) => "Right picture",
        (true, 0) => "Top picture",
        (true, _) => "Bottom picture",
    }
}
