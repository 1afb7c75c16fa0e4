//! A worker that decomposes matrices for the engine, one at a time.
//!
//! | from | message |
//! |---|---|
//! | worker | `"ready"`, once |
//! | engine | `{ rows, cols, matrix }` |
//! | worker | `{ u, sigma, vt, residual, skew }`, or `{ error }` |
//!
//! All arrays are `Float32Array`s, transferred rather than copied.

use js_sys::{Array, Float32Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

use crate::error::{Error, Result};
use crate::spectral::svd::{Accuracy, Decomposition, decompose};
use crate::worker::serve::browser::scope::scope;

/// The worker's name: the same program is also the engine's worker.
pub(crate) const NAME: &str = "decomposer";
/// Its first message.
pub(crate) const READY: &str = "ready";

/// Begins to listen. A crash reaches the engine as the worker's `error` event.
pub(crate) fn start() {
    console_error_panic_hook::set_once();
    let listener = Closure::<dyn Fn(MessageEvent)>::new(|message: MessageEvent| {
        let (answer, buffers) = match decompose_message(&message.data()) {
            Ok(factors) => packed(&factors),
            Err(error) => {
                let why = match error {
                    Error::Decomposition(why) => why,
                    other => other.to_string(),
                };
                (object(&[("error", why.into())]), Array::new())
            }
        };
        if let Err(why) = scope().post_message_with_transfer(&answer, &buffers) {
            wasm_bindgen::throw_val(why);
        }
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // It listens for as long as the worker lives.
    listener.forget();
    if let Err(why) = scope().post_message(&READY.into()) {
        wasm_bindgen::throw_val(why);
    }
}

/// A matrix for the worker, and the buffers to transfer.
pub(crate) fn question(matrix: &[f32], [rows, cols]: [usize; 2]) -> (JsValue, Array) {
    let matrix = Float32Array::from(matrix);
    let buffers = Array::of1(&matrix.buffer());
    let question = object(&[
        ("rows", (rows as f64).into()),
        ("cols", (cols as f64).into()),
        ("matrix", matrix.into()),
    ]);
    (question, buffers)
}

/// The worker's answer; `None` if it cannot be read.
pub(crate) fn answer(message: &JsValue, [rows, cols]: [usize; 2]) -> Option<Result<Decomposition>> {
    if let Some(why) = get(message, "error").as_string() {
        return Some(Err(Error::Decomposition(why)));
    }
    let (u, sigma, vt) = (
        floats(message, "u")?,
        floats(message, "sigma")?,
        floats(message, "vt")?,
    );
    let r = rows.min(cols);
    let fits = (u.len(), sigma.len(), vt.len()) == (rows * r, r, r * cols);
    fits.then_some(Ok(Decomposition {
        u,
        sigma,
        vt,
        rows,
        cols,
        accuracy: Accuracy {
            residual: get(message, "residual").as_f64()?,
            orthogonality_error: get(message, "skew").as_f64()?,
        },
    }))
}

fn decompose_message(message: &JsValue) -> Result<Decomposition> {
    let number = |key| get(message, key).as_f64().map(|number| number as usize);
    let given = (number("rows"), number("cols"), floats(message, "matrix"));
    match given {
        (Some(rows), Some(cols), Some(matrix)) if matrix.len() == rows * cols => {
            decompose(&matrix, rows, cols)
        }
        _ => Err(Error::Decomposition(
            "the worker was asked for something that it does not know. Reload the page.".into(),
        )),
    }
}

fn packed(factors: &Decomposition) -> (JsValue, Array) {
    let arrays = [&factors.u, &factors.sigma, &factors.vt];
    let [u, sigma, vt] = arrays.map(|values| Float32Array::from(values.as_slice()));
    let buffers = Array::of3(&u.buffer(), &sigma.buffer(), &vt.buffer());
    let answer = object(&[
        ("u", u.into()),
        ("sigma", sigma.into()),
        ("vt", vt.into()),
        ("residual", factors.accuracy.residual.into()),
        ("skew", factors.accuracy.orthogonality_error.into()),
    ]);
    (answer, buffers)
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in fields {
        // A plain object takes every key.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or_default()
}

fn floats(message: &JsValue, key: &str) -> Option<Vec<f32>> {
    let array = get(message, key).dyn_into::<Float32Array>().ok()?;
    Some(array.to_vec())
}
