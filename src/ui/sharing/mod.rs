//! Links that carry a delta, out and in.

pub mod fetch;
pub mod link;
pub mod qr;
pub mod share;
pub mod share_panel;
pub mod shared_link;
pub mod shared_link_panel;
