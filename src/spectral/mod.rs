//! stub
pub mod svd;
