//! Training, from the settings to the previews.

pub mod actions;
pub mod advanced;
pub mod alerts;
pub mod captions;
pub mod chart;
pub mod controls;
pub mod estimate;
pub mod layers;
pub mod loss_chart;
pub mod previews;
pub mod progress;
pub mod readiness;
pub mod state;
