//! The page, and the module for other pages.

mod accessibility;
mod embedding;
mod firefox;
mod library;
mod links;
mod mixing;
mod pictures;
mod privacy;
mod recipe;
mod refused;
mod two_subjects;
mod whole_way;
