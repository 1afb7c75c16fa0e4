//! What a run learns from: pictures of subjects, pictures of their classes, collages of two subjects,
//! each as latents with a caption.

pub mod collage;
pub mod prepare;
pub mod prepared;
pub mod sample;
pub mod subject;
pub mod words;

mod prior;
