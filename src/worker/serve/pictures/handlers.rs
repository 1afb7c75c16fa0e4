//! Handlers of requests about single pictures.

use crate::error::Result;
use crate::picture::Picture;
use crate::worker::protocol::{Event, Pixels};
use crate::worker::serve::context::Context;
use crate::worker::serve::model::ModelStore;
use crate::worker::serve::pictures::store::PictureStore;

/// Adds or changes a picture: `change` gets the store and the size of the model's pictures. A failure
/// is answered by [`Event::PictureRefused`].
pub(crate) fn change_picture(
    cx: &Context,
    model: &ModelStore,
    pictures: &mut PictureStore,
    id: u32,
    change: impl FnOnce(&mut PictureStore, u32) -> Result<Event>,
) {
    let changed = model.picture_size().and_then(|size| change(pictures, size));
    cx.post(changed.unwrap_or_else(|error| Event::PictureRefused { id, error }));
}

/// Removes a picture.
pub(crate) fn remove_picture(cx: &Context, pictures: &mut PictureStore, id: u32) {
    pictures.remove(id);
    cx.post(Event::PictureRemoved { id });
}

/// Sets another size of pictures, and shows all pictures in it.
///
/// # Errors
/// `Settings` if no model is loaded, and for a size that it cannot make.
pub(crate) fn set_size(
    cx: &Context,
    model: &mut ModelStore,
    pictures: &mut PictureStore,
    size: usize,
) -> Result<()> {
    let loaded = model.loaded_mut()?;
    loaded.base.set_picture_size(size)?;
    loaded.baked = None;
    loaded.learned = None;
    cx.post(Event::SizeSet { size });
    show_all(cx, pictures, size as u32);
    Ok(())
}

/// Shows all pictures.
pub(crate) fn show_all(cx: &Context, pictures: &mut PictureStore, size: u32) {
    for event in pictures.all(size) {
        cx.post(event);
    }
}

/// A picture for the page.
pub(crate) fn pixels(picture: &Picture) -> Pixels {
    Pixels {
        width: picture.width(),
        height: picture.height(),
        rgba: picture.rgba(),
    }
}
