//! Which layers have to be decomposed: those that a run trains, or that deltas shift.

use std::collections::BTreeSet;

use crate::model::layers::LayerForm;
use crate::spectral::delta::Delta;
use crate::spectral::shift::ShiftSet;
use crate::spectral::shift::preset::LayerPreset;

/// Layers of the UNet and of the text encoder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerSelection {
    unet: Part,
    text_encoder: Part,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Part {
    #[default]
    Nothing,
    Preset(LayerPreset),
    Paths(BTreeSet<String>),
}

impl Part {
    fn holds(&self, path: &str, form: LayerForm) -> bool {
        match self {
            Self::Nothing => false,
            Self::Preset(preset) => preset.holds(path, form),
            Self::Paths(paths) => paths.contains(path),
        }
    }

    fn of<'a>(sets: impl Iterator<Item = &'a ShiftSet>) -> Self {
        let paths = sets.flat_map(ShiftSet::iter);
        let paths: BTreeSet<String> = paths.map(|(path, _)| path.to_owned()).collect();
        if paths.is_empty() {
            Self::Nothing
        } else {
            Self::Paths(paths)
        }
    }
}

impl LayerSelection {
    /// What training these layers of the UNet needs and, if asked for, all of the text encoder.
    pub fn for_training(layers: LayerPreset, text_encoder: bool) -> Self {
        Self {
            unet: Part::Preset(layers),
            text_encoder: if text_encoder {
                Part::Preset(LayerPreset::All)
            } else {
                Part::Nothing
            },
        }
    }

    /// What applying, exporting or combining these deltas needs.
    pub fn for_deltas(deltas: &[&Delta]) -> Self {
        Self {
            unet: Part::of(deltas.iter().map(|delta| &delta.unet)),
            text_encoder: Part::of(deltas.iter().map(|delta| &delta.text_encoder)),
        }
    }

    /// Whether this layer of the UNet is needed.
    pub fn unet(&self, path: &str, form: LayerForm) -> bool {
        self.unet.holds(path, form)
    }

    /// Whether this layer of the text encoder is needed.
    pub fn text_encoder(&self, path: &str, form: LayerForm) -> bool {
        self.text_encoder.holds(path, form)
    }

    /// Whether anything of the text encoder is needed.
    pub fn has_text_encoder(&self) -> bool {
        self.text_encoder != Part::Nothing
    }
}
