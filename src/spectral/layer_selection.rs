//! The layers that have to be decomposed for a training run or for applying deltas.

use std::collections::BTreeSet;

use crate::model::layers::LayerForm;
use crate::spectral::delta::Delta;
use crate::spectral::shift::ShiftSet;
use crate::spectral::shift::preset::LayerPreset;

/// A selection of layers of the UNet and the text encoder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerSelection {
    unet: Selected,
    text_encoder: Selected,
}

/// Selected layers of one model.
#[derive(Clone, Debug, Default, PartialEq)]
enum Selected {
    #[default]
    None,
    Preset(LayerPreset),
    Paths(BTreeSet<String>),
}

impl Selected {
    fn contains(&self, path: &str, form: LayerForm) -> bool {
        match self {
            Self::None => false,
            Self::Preset(preset) => preset.holds(path, form),
            Self::Paths(paths) => paths.contains(path),
        }
    }

    /// All layers that one of the sets shifts.
    fn shifted<'a>(sets: impl Iterator<Item = &'a ShiftSet>) -> Self {
        let paths = sets.flat_map(ShiftSet::iter);
        let paths: BTreeSet<String> = paths.map(|(path, _)| path.to_owned()).collect();
        if paths.is_empty() {
            Self::None
        } else {
            Self::Paths(paths)
        }
    }
}

impl LayerSelection {
    /// The layers for training `layers` of the UNet and, with `text_encoder`, all layers of the
    /// text encoder.
    pub fn for_training(layers: LayerPreset, text_encoder: bool) -> Self {
        Self {
            unet: Selected::Preset(layers),
            text_encoder: if text_encoder {
                Selected::Preset(LayerPreset::All)
            } else {
                Selected::None
            },
        }
    }

    /// The layers for applying, exporting or combining deltas.
    pub fn for_deltas(deltas: &[&Delta]) -> Self {
        Self {
            unet: Selected::shifted(deltas.iter().map(|delta| &delta.unet)),
            text_encoder: Selected::shifted(deltas.iter().map(|delta| &delta.text_encoder)),
        }
    }

    /// Whether a layer of the UNet is selected.
    pub fn unet(&self, path: &str, form: LayerForm) -> bool {
        self.unet.contains(path, form)
    }

    /// Whether a layer of the text encoder is selected.
    pub fn text_encoder(&self, path: &str, form: LayerForm) -> bool {
        self.text_encoder.contains(path, form)
    }

    /// Whether any layer of the text encoder is selected.
    pub fn has_text_encoder(&self) -> bool {
        self.text_encoder != Selected::None
    }
}
