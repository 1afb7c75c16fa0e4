//! What every handler works with beside its stores: the way to the page, and the page's wish to
//! pause or cancel.
//!
//! | file | what it holds |
//! |---|---|
//! | `page` | the transport, behind a trait |
//! | `control` | the inbox, pause and cancel |
//! | `conversation` | both together: [`Context`] |

mod control;
mod conversation;
mod page;

pub use self::control::UserFiles;
pub use self::conversation::Context;
pub use self::page::Page;
