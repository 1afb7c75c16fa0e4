//! Fixtures (weight files, reference tensors) and the distance of two tensors.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use deltabooth::weights::Weights;
use deltabooth::weights::format::safetensors::{Header, to_f32};

/// A safetensors file in memory.
pub struct Fixture {
    pub header: Header,
    bytes: Vec<u8>,
}

impl Fixture {
    pub fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
        Self { header, bytes }
    }

    pub fn values(&self, name: &str) -> Vec<f32> {
        let info = &self.header.tensors[name];
        let at = |offset: u64| (self.header.data_start + offset) as usize;
        to_f32(info.dtype, &self.bytes[at(info.start)..at(info.end)]).unwrap()
    }

    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let data = TensorData::new(self.values(name), self.header.tensors[name].shape.clone());
        Tensor::from_data(data, device)
    }

    /// All tensors as weights, each name passed through `rename`.
    pub fn weights(&self, device: &Device, rename: impl Fn(&str) -> String) -> Weights {
        let tensors = self.header.tensors.iter().map(|(name, info)| {
            let values = Tensor::from_data(self.values(name).as_slice(), device);
            (rename(name), (info.shape.clone(), values))
        });
        Weights::new("fixture", tensors.collect::<BTreeMap<_, _>>())
    }
}

/// ‖a − b‖ / ‖b‖.
pub fn relative<const D: usize>(ours: Tensor<D>, theirs: Tensor<D>) -> f64 {
    assert_eq!(ours.dims(), theirs.dims());
    let [ours, theirs] = [ours, theirs].map(|x| x.into_data().try_to_vec::<f32>().unwrap());
    let square = |x: f64| x * x;
    let error: f64 = ours
        .iter()
        .zip(&theirs)
        .map(|(a, b)| square(f64::from(*a) - f64::from(*b)))
        .sum();
    let norm: f64 = theirs.iter().map(|b| square(f64::from(*b))).sum();
    assert!(norm > 0.0 && error.is_finite());
    (error / norm).sqrt()
}
