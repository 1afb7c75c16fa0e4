//! The files of checkpoints: in the browser's storage, or in memory.

use std::rc::Rc;

use crate::storage::{FileWriter, MemoryStorage, Opfs, Storage};
use crate::worker::serve::context::Context;

const FOLDER: &str = "deltabooth";
/// Open as long as this worker lives, so that a second tab does not write checkpoints.
const LOCK: &str = "lock";

/// A storage, and the open file that keeps other tabs out.
pub(crate) type Locked = (Rc<dyn Storage>, Option<Box<dyn FileWriter>>);

/// Opens the folder of checkpoints. If the browser gives none, they are in memory, and a warning
/// tells the person why.
pub(crate) async fn open(cx: &Context) -> Locked {
    let (why, advice) = match Opfs::open_folder(FOLDER).await {
        Ok(storage) => match storage.create(LOCK).await {
            Ok(lock) => return (Rc::new(storage), Some(lock)),
            Err(_) => (
                "DeltaBooth is open in another tab, which holds the checkpoints".to_owned(),
                "close the other tab and reload this one before a long training",
            ),
        },
        Err(why) => (
            format!("This browser gives no storage here ({why})"),
            "if this is a private window, use a normal one for a long training",
        ),
    };
    cx.warn(format!(
        "{why}, so a training run is lost when this tab closes. Everything else works; {advice}."
    ));
    (Rc::new(MemoryStorage::default()), None)
}
