//! Links that carry a delta, out and in.

pub mod actions;
pub mod link;
pub mod share_panel;
pub mod shared_link_panel;
