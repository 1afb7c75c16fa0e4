//! Base models of other sites and of the user.

mod hub;
mod local;
