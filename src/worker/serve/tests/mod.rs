//! Handlers with a fake page.
