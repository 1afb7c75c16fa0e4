//! What a field shows and changes: a signal, or a field of a store.

use leptos::prelude::*;

/// A value that a field reads and writes.
pub struct Setting<T: Send + Sync + 'static> {
    read: Signal<T>,
    write: Callback<T>,
}

impl<T: Send + Sync + 'static> Clone for Setting<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Setting<T> {}

impl<T: Clone + Send + Sync + 'static> Setting<T> {
    /// From a function that reads the value and one that writes it.
    pub fn new(
        read: impl Fn() -> T + Send + Sync + 'static,
        write: impl Fn(T) + Send + Sync + 'static,
    ) -> Self {
        Self {
            read: Signal::derive(read),
            write: Callback::new(write),
        }
    }

    /// The value; tracked.
    pub fn get(self) -> T {
        self.read.get()
    }

    /// Changes the value.
    pub fn set(self, value: T) {
        self.write.run(value);
    }
}

impl<T, F> From<F> for Setting<T>
where
    T: Clone + Send + Sync + 'static,
    F: Get<Value = T> + Set<Value = T> + Copy + Send + Sync + 'static,
{
    fn from(field: F) -> Self {
        Self::new(move || field.get(), move |value| field.set(value))
    }
}

/// A number of any type, as the `f64` of a number field.
#[derive(Clone, Copy)]
pub struct Number(Setting<f64>);

impl Number {
    /// The number; tracked.
    pub fn get(self) -> f64 {
        self.0.get()
    }

    /// Changes the number.
    pub fn set(self, number: f64) {
        self.0.set(number);
    }
}

impl<F> From<F> for Number
where
    F: Get + Set<Value = <F as Get>::Value> + Copy + Send + Sync + 'static,
    <F as Get>::Value: Numeric,
{
    fn from(field: F) -> Self {
        Self(Setting::new(
            move || field.get().to_f64(),
            move |number| field.set(Numeric::from_f64(number)),
        ))
    }
}

/// A type of numbers that `f64` represents exactly up to 2^53.
pub trait Numeric: Clone + 'static {
    /// As `f64`.
    fn to_f64(self) -> f64;
    /// From `f64`; whole numbers are truncated.
    fn from_f64(number: f64) -> Self;
}

impl Numeric for f64 {
    fn to_f64(self) -> f64 {
        self
    }

    fn from_f64(number: f64) -> Self {
        number
    }
}

impl Numeric for usize {
    fn to_f64(self) -> f64 {
        self as f64
    }

    fn from_f64(number: f64) -> Self {
        number as Self
    }
}

impl Numeric for u64 {
    fn to_f64(self) -> f64 {
        self as f64
    }

    fn from_f64(number: f64) -> Self {
        number as Self
    }
}
