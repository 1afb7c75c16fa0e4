//! Training, from the button to the previews.

pub mod actions;
pub mod advanced;
pub mod chart;
pub mod estimate;
pub mod loss_chart;
pub mod previews;
pub mod progress;
