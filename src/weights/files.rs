//! stub
/// Where a base's files are.
#[derive(Debug)]
pub enum Files {}
