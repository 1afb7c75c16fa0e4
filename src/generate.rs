//! Prompt to picture.
