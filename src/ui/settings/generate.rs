//! The settings of generating (card 3).

use leptos::prelude::*;
use reactive_stores::Store;

use crate::config::{GenerateConfig, GenerateConfigStoreFields};
use crate::ui::text::{PAIRS, SCENES};

/// The settings of generating.
#[derive(Clone, Copy)]
pub struct GenerateSettings {
    /// Those of each picture. The prompt is set when pictures are requested.
    pub config: Store<GenerateConfig>,
    /// What the user wrote; `None` while the prompt is made of the subject's words and the scene.
    pub prompt: RwSignal<Option<String>>,
    /// The scene for one subject: the end of the prompt.
    pub scene: RwSignal<&'static str>,
    /// The prompt for two subjects.
    pub pair: RwSignal<&'static str>,
    /// Makes the base model's own pictures too.
    pub compare: RwSignal<bool>,
    /// What differs between the pictures.
    pub row: RwSignal<Row>,
}

/// What differs between the pictures of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Row {
    /// The seed.
    #[default]
    Seeds,
    /// The strength of the deltas.
    Strengths,
}

impl Row {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Seeds, Self::Strengths];
}

impl GenerateSettings {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            config: Store::new(GenerateConfig::default()),
            prompt: RwSignal::new(None),
            scene: RwSignal::new(SCENES[0]),
            pair: RwSignal::new(PAIRS[0]),
            compare: RwSignal::new(true),
            row: RwSignal::new(Row::default()),
        }
    }

    /// Takes sampler, steps and guidance of a model's defaults.
    pub fn suit(self, defaults: &GenerateConfig) {
        self.config.sampler().set(defaults.sampler);
        self.config
            .num_inference_steps()
            .set(defaults.num_inference_steps);
        self.config.guidance_scale().set(defaults.guidance_scale);
    }
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self::new()
    }
}
