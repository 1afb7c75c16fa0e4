//! Weight files that a person chose.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::rc::Rc;

use burn::tensor::Device;
use futures_util::future::LocalBoxFuture;
use pollster::block_on;

use crate::weights::download::fake::Recorder;
use crate::weights::format::safetensors::{Dtype, from_f32, write};
use crate::weights::local::LocalFile;
use crate::weights::{BaseHash, Files, LocalFiles, Place, Stored};

struct InMemory(Vec<u8>);

impl LocalFile for InMemory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, count: u64) -> LocalBoxFuture<'_, Result<Vec<u8>, String>> {
        let range = offset as usize..(offset + count) as usize;
        Box::pin(async move { Ok(self.0[range].to_vec()) })
    }
}

fn chosen(files: Vec<(&str, Rc<dyn LocalFile>)>) -> Files {
    let files = files
        .into_iter()
        .map(|(path, file)| (path.to_owned(), file));
    let recorder = Rc::new(Recorder::default());
    let files = LocalFiles::new("a choice".into(), files.collect(), recorder);
    Files::Local(Rc::new(files))
}

#[test]
fn a_cut_weight_file_is_refused_wherever_it_was_cut() {
    let values = from_f32(Dtype::F32, &[1.0; 20]).unwrap();
    let tensor = ("a".to_owned(), Dtype::F32, vec![20], values);
    let bytes = write(&[tensor], &BTreeMap::new()).unwrap();
    for length in 0..bytes.len() {
        let file: Rc<dyn LocalFile> = Rc::new(InMemory(bytes[..length].to_vec()));
        let files = chosen(vec![("a", file)]);
        let (mut hash, mut silent) = (BaseHash::new(), |_, _| {});
        let place = Place::new(&Device::flex(), Stored::F32);
        let read = files.weights("a", "unet", &place, &mut hash, &mut silent);
        let error = block_on(read).unwrap_err().to_string();
        assert!(error.contains("ends early"), "{length}: {error}");
    }
}

#[test]
fn a_file_that_was_not_chosen_is_named() {
    let files = chosen(vec![]);
    assert!(!block_on(files.exists("unet/config.json")));
    let error = block_on(files.read("unet/config.json", 9))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("unet/config.json") && error.contains("a choice"),
        "{error}"
    );
}
