//! What is seen, one part a file.

pub mod advanced;
pub mod canvas;
pub mod collage_editor;
pub mod collages;
pub mod combine;
pub mod delta;
pub mod editing;
pub mod export;
pub mod field;
pub mod header;
pub mod loss_chart;
pub mod messages;
pub mod picture;
pub mod previews;
pub mod progress;
pub mod prompt;
pub mod results;
pub mod samples;
pub mod subject;
pub mod train;
pub mod use_it;
