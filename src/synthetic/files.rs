//! Writes the files of a synthetic model in pieces, without whole tensors in memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::synthetic::options::Options;
use crate::synthetic::random::Values;
use crate::weights::format::safetensors::{from_f32, write_header};

/// Values that are generated and written at a time.
const CHUNK: usize = 1 << 20;

/// A tensor of the model, with the name of diffusers.
pub(crate) struct Part {
    pub(crate) component: &'static str,
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
}

/// A tensor of a file, which consists of one or several tensors of the model.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) parts: Vec<Part>,
}

impl Part {
    /// A tensor of a file that is one tensor of the model, with the same name and shape.
    pub(crate) fn alone(component: &'static str, name: String, shape: Vec<usize>) -> Entry {
        Entry {
            name: name.clone(),
            shape: shape.clone(),
            parts: vec![Self {
                component,
                name,
                shape,
            }],
        }
    }
}

impl Entry {
    fn len(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }
}

/// Writes files to one folder.
pub(crate) struct Writer<'a> {
    out: PathBuf,
    options: &'a Options,
    written: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl<'a> Writer<'a> {
    /// Creates the folder, which must be empty if it exists. `parameters` is the number of values of all
    /// weights.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn new(
        out: &Path,
        options: &'a Options,
        parameters: u64,
        progress: &'a mut dyn FnMut(u64, u64),
    ) -> Result<Self> {
        let writer = Self {
            out: out.to_owned(),
            options,
            written: 0,
            total: parameters * options.dtype.bits() / 8,
            progress,
        };
        fs::create_dir_all(out).map_err(|error| writer.failed(out, &error))?;
        let mut found = fs::read_dir(out).map_err(|error| writer.failed(out, &error))?;
        if found.next().is_some() {
            return Err(Error::Io(format!(
                "{} is not empty. A synthetic model needs an empty folder; choose another or empty it.",
                out.display()
            )));
        }
        Ok(writer)
    }

    /// Writes a small file.
    pub(crate) fn bytes(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.place(path)?;
        fs::write(&path, bytes).map_err(|error| self.failed(&path, &error))
    }

    /// Writes a JSON file.
    pub(crate) fn json(&self, path: &str, value: &Value) -> Result<()> {
        self.bytes(path, format!("{value:#}\n").as_bytes())
    }

    /// Writes the weight file `{stem}.safetensors`, or its shards with their index.
    pub(crate) fn weights(&mut self, stem: &str, entries: &[Entry]) -> Result<()> {
        let variant = self.options.variant.clone();
        let middle = variant
            .as_ref()
            .map_or(String::new(), |name| format!(".{name}"));
        let count = self.options.shards.min(entries.len());
        if count < 2 {
            return self.file(&format!("{stem}{middle}.safetensors"), entries);
        }
        let bytes = |entry: &Entry| entry.len() * self.options.dtype.bits() / 8;
        let total: u64 = entries.iter().map(bytes).sum();
        let (mut map, mut rest, mut before) = (Map::new(), entries, 0);
        for shard in 1..=count {
            // Every shard has at least one tensor; the last one has all the rest.
            let end = total * shard as u64 / count as u64;
            let mut taken = 0;
            while taken < rest.len() - (count - shard)
                && (taken == 0 || shard == count || before < end)
            {
                before += bytes(&rest[taken]);
                taken += 1;
            }
            let (own, others) = rest.split_at(taken);
            rest = others;
            let path = format!("{stem}{middle}-{shard:05}-of-{count:05}.safetensors");
            let name = path.rsplit('/').next().unwrap_or_default();
            map.extend(own.iter().map(|entry| (entry.name.clone(), json!(name))));
            self.file(&path, own)?;
        }
        let index = json!({"metadata": {"total_size": total}, "weight_map": map});
        let index_middle = variant.map_or(String::new(), |name| format!(".{name}"));
        self.json(
            &format!("{stem}.safetensors.index{index_middle}.json"),
            &index,
        )
    }

    /// Writes one safetensors file.
    fn file(&mut self, path: &str, entries: &[Entry]) -> Result<()> {
        let dtype = self.options.dtype;
        let list: Vec<_> = entries
            .iter()
            .map(|entry| (entry.name.as_str(), dtype, entry.shape.as_slice()))
            .collect();
        let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
        let header = write_header(&list, &metadata)?;
        let path = self.place(path)?;
        let file = File::create(&path).map_err(|error| self.failed(&path, &error))?;
        let mut file = BufWriter::new(file);
        let mut write = |writer: &mut Self, bytes: &[u8]| {
            file.write_all(bytes)
                .map_err(|error| writer.failed(&path, &error))
        };
        write(self, &header)?;
        for part in entries.iter().flat_map(|entry| &entry.parts) {
            let mut values =
                Values::new(part.component, &part.name, &part.shape, self.options.seed);
            let mut left: usize = part.shape.iter().product();
            while left > 0 {
                let count = left.min(CHUNK);
                let bytes = from_f32(dtype, &values.next(count))?;
                write(self, &bytes)?;
                left -= count;
                self.written += bytes.len() as u64;
                (self.progress)(self.written, self.total);
            }
        }
        file.flush().map_err(|error| self.failed(&path, &error))
    }

    /// The path of a file, after creating its folder.
    fn place(&self, path: &str) -> Result<PathBuf> {
        let path = self.out.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| self.failed(folder, &error))?;
        }
        Ok(path)
    }

    fn failed(&self, path: &Path, error: &std::io::Error) -> Error {
        Error::Io(format!(
            "{} could not be written ({error}). Check the folder's permissions and free space.",
            path.display()
        ))
    }
}
