//! What a training run is asked for.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::spectral::shift::NormShift;

/// Settings of one run; the defaults suit the embedded base.
///
/// With it a higher `learning_rate` lets the grounds of the pictures into every scene: at 2e-2 white
/// grounds turn yellow and beaches green, at 5e-2 scenes are lost. A prior that weighs as much as
/// the subject (λ = 1) holds the subject's features back; 0.2 lets them come, and scenes stay. After
/// 300 steps eyes and ears are there, after 500 details.
/// Larger bases want smaller rates: the paper's are 1e-3 and 1e-6.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainSettings {
    /// The identifier word ('sks').
    pub token: String,
    /// The class word ('robot'); may be several words ('teddy bear').
    pub class_word: String,
    /// Training steps.
    pub steps: usize,
    /// Learning rate of the shifts of linear and convolution weights.
    pub learning_rate: f64,
    /// Learning rate of the shifts of norms.
    pub learning_rate_1d: f64,
    /// AdamW's decoupled weight decay, towards δ = 0.
    pub weight_decay: f64,
    /// AdamW's β₁ and β₂.
    pub betas: [f64; 2],
    /// AdamW's ε.
    pub eps: f64,
    /// The gradient's total L2 norm is scaled down to this; 0 turns clipping off.
    pub max_grad_norm: f64,
    /// λ, the weight of the prior loss; 0 turns prior preservation off.
    pub prior_weight: f64,
    /// Class pictures that the base makes of itself.
    pub prior_images: usize,
    /// Show each picture mirrored half of the time.
    pub flip: bool,
    /// Everything random follows from it.
    pub seed: u64,
    /// A preview picture every so many steps; 0 for none.
    pub preview_every: usize,
    /// A checkpoint every so many steps; 0 for none.
    pub checkpoint_every: usize,
    /// The form that the shifts of norms take.
    pub norms: NormShift,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            token: "sks".into(),
            class_word: String::new(),
            steps: 400,
            learning_rate: 1e-2,
            learning_rate_1d: 2e-5,
            weight_decay: 1e-2,
            betas: [0.9, 0.999],
            eps: 1e-8,
            max_grad_norm: 1.0,
            prior_weight: 0.2,
            prior_images: 8,
            flip: false,
            seed: 0,
            preview_every: 50,
            checkpoint_every: 25,
            norms: NormShift::FullLength,
        }
    }
}

impl TrainSettings {
    /// Checks every field and returns the settings that a run will use: words trimmed, real
    /// numbers rounded to F32's digits, which every JSON reader gives back exactly, so that a
    /// resumed run computes with the very same numbers.
    ///
    /// # Errors
    /// `Settings`, naming the field, its value and what would work.
    pub fn validated(mut self) -> Result<Self> {
        self.token = word("the identifier", &self.token)?;
        if self.token.contains(char::is_whitespace) {
            return refuse(format!(
                "The identifier '{}' is more than one word. Choose a single rare word such as 'sks'.",
                self.token
            ));
        }
        self.class_word = word("the class word", &self.class_word)?;
        within("steps", self.steps, 1, 100_000)?;
        within("prior_images", self.prior_images, 0, 1_000)?;
        number("learning_rate", &mut self.learning_rate, 0.0, 1.0)?;
        number("learning_rate_1d", &mut self.learning_rate_1d, 0.0, 1.0)?;
        number("weight_decay", &mut self.weight_decay, 0.0, 1.0)?;
        number("betas[0]", &mut self.betas[0], 0.0, 0.999_999)?;
        number("betas[1]", &mut self.betas[1], 0.0, 0.999_999)?;
        number("eps", &mut self.eps, 1e-12, 1.0)?;
        number("max_grad_norm", &mut self.max_grad_norm, 0.0, 1e6)?;
        number("prior_weight", &mut self.prior_weight, 0.0, 100.0)?;
        if self.prior_weight > 0.0 && self.prior_images == 0 {
            return refuse(
                "The prior weight is above 0, but there are to be no class pictures. Ask for at \
                 least one (prior_images), or set the prior weight to 0."
                    .into(),
            );
        }
        if self.learning_rate == 0.0 && self.learning_rate_1d == 0.0 {
            return refuse(
                "Both learning rates are 0, so nothing would be learned. Set learning_rate, for \
                 example to 0.01."
                    .into(),
            );
        }
        Ok(self)
    }

    /// Whether class pictures take part in the loss.
    pub fn uses_prior(&self) -> bool {
        self.prior_weight > 0.0
    }
}

fn refuse<T>(message: String) -> Result<T> {
    Err(Error::Settings(message))
}

fn word(what: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 64 || text.contains(char::is_control) {
        return refuse(format!(
            "{what} must be 1 to 64 printable characters, but it has {}. Write what the pictures \
             show, for example identifier 'sks' and class 'robot'.",
            text.chars().count()
        ));
    }
    Ok(text.to_owned())
}

fn within(name: &str, value: usize, low: usize, high: usize) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    refuse(format!(
        "{name} is {value}, but it must lie between {low} and {high}."
    ))
}

fn number(name: &str, value: &mut f64, low: f64, high: f64) -> Result<()> {
    if !(low..=high).contains(value) {
        return refuse(format!(
            "{name} is {value}, but it must lie between {low} and {high}."
        ));
    }
    // At most nine digits: parsing is exact whatever the reader's rounding.
    *value = (*value as f32).to_string().parse().map_err(|_| {
        Error::Settings(format!(
            "{name} is {value}, which is not a number that can be used."
        ))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn good() -> TrainSettings {
        TrainSettings {
            class_word: "robot".into(),
            ..TrainSettings::default()
        }
    }

    #[test]
    fn the_defaults_pass_unchanged() {
        assert_eq!(good().validated().unwrap(), good());
    }

    #[test]
    fn settings_survive_json_exactly() {
        let odd = TrainSettings {
            learning_rate: 1.0 / 3.0,
            eps: 1.234_567_890_123e-9,
            ..good()
        };
        let odd = odd.validated().unwrap();
        let text = serde_json::to_string(&odd).unwrap();
        assert_eq!(serde_json::from_str::<TrainSettings>(&text).unwrap(), odd);
        assert_eq!(
            odd.clone().validated().unwrap(),
            odd,
            "a second check changes nothing"
        );
    }

    #[test]
    fn each_setting_that_cannot_work_is_refused_by_name() {
        let cases: [(TrainSettings, &str); 9] = [
            (
                TrainSettings {
                    class_word: " ".into(),
                    ..good()
                },
                "class word",
            ),
            (
                TrainSettings {
                    token: "two words".into(),
                    ..good()
                },
                "identifier",
            ),
            (
                TrainSettings {
                    token: "a\u{7}".into(),
                    ..good()
                },
                "identifier",
            ),
            (TrainSettings { steps: 0, ..good() }, "steps"),
            (
                TrainSettings {
                    learning_rate: f64::NAN,
                    ..good()
                },
                "learning_rate",
            ),
            (
                TrainSettings {
                    learning_rate_1d: -1.0,
                    ..good()
                },
                "learning_rate_1d",
            ),
            (
                TrainSettings {
                    betas: [0.9, 1.0],
                    ..good()
                },
                "betas[1]",
            ),
            (
                TrainSettings {
                    prior_weight: f64::INFINITY,
                    ..good()
                },
                "prior_weight",
            ),
            (
                TrainSettings {
                    prior_images: 0,
                    ..good()
                },
                "prior_images",
            ),
        ];
        for (settings, name) in cases {
            let message = settings.validated().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}
