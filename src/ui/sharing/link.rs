//! The format of links that carry a delta, or its address, in their fragment. No DOM.
//!
//! | field | contents |
//! |---|---|
//! | `d` | a packed delta |
//! | `delta`, `sha256` | the address of a delta file, and its hash |
//! | `prompt`, `negative`, `seed`, `steps`, `guidance`, `sampler`, `strength` | a picture to make with it |
//!
//! Browsers do not send fragments to servers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::worker::protocol::SamplerKind;

/// Characters of a link that carries its delta, at most.
pub const MAX_LINK: usize = 16_000;
/// Longest fragment that is read, in bytes.
const MAX_FRAGMENT: usize = 1 << 20;
/// Longest text of a field, in characters.
const MAX_TEXT: usize = 1_000;

/// Characters that need no escape in a fragment.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The contents of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The source of the delta.
    pub source: Source,
    /// A picture to make with it.
    pub demo: Demo,
}

/// The source of a link's delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Packed in the link itself.
    Carried(String),
    /// A file on a site.
    Hosted {
        /// The file's address.
        url: String,
        /// SHA-256 of the file, 64 lower-case hexadecimal digits; empty if the link does not contain it.
        sha256: String,
    },
}

/// A picture to make with the delta. Settings that are `None` stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demo {
    /// The prompt; without one no picture is made.
    pub prompt: Option<String>,
    /// The negative prompt.
    pub negative: Option<String>,
    /// The seed.
    pub seed: Option<u64>,
    /// Sampling steps.
    pub steps: Option<u32>,
    /// Classifier-free guidance.
    pub guidance: Option<f64>,
    /// The sampling method.
    pub sampler: Option<SamplerKind>,
    /// The strength of the delta.
    pub strength: Option<f64>,
}

impl Link {
    /// Parses a fragment, with or without '#'; `None` if it contains no delta. Ignores settings of the
    /// demo that are out of range.
    pub fn parse(fragment: &str) -> Option<Self> {
        let fragment = fragment.trim_start_matches('#');
        if fragment.len() > MAX_FRAGMENT {
            return None;
        }
        let field = |name: &str| {
            let mut pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            let value = percent_decode_str(value).decode_utf8().ok()?;
            (!value.is_empty()).then(|| value.into_owned())
        };
        let text = |name: &str| field(name).filter(|text| text.chars().count() <= MAX_TEXT);
        let number = |name: &str, min: f64, max: f64| {
            let number: f64 = text(name)?.parse().ok()?;
            (min..=max).contains(&number).then_some(number)
        };
        let source = match field("d") {
            Some(packed) => Source::Carried(packed),
            None => Source::Hosted {
                url: field("delta").filter(|url| url.len() <= 4_000)?,
                sha256: field("sha256")
                    .map(|hash| hash.to_lowercase())
                    .filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
                    .unwrap_or_default(),
            },
        };
        let sampler = text("sampler").and_then(|name| {
            let known = |kind: &&SamplerKind| name_of(**kind) == name;
            SamplerKind::ALL.iter().find(known).copied()
        });
        Some(Self {
            source,
            demo: Demo {
                prompt: text("prompt"),
                negative: text("negative"),
                seed: number("seed", 0.0, 9_007_199_254_740_991.0).map(|seed| seed as u64),
                steps: number("steps", 1.0, 1_000.0).map(|steps| steps as u32),
                guidance: number("guidance", 0.0, 30.0),
                sampler,
                strength: number("strength", -1.0, 2.0),
            },
        })
    }

    /// The fragment, with '#'.
    pub fn fragment(&self) -> String {
        let escape = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
        let mut fragment = match &self.source {
            Source::Carried(packed) => format!("#d={packed}"),
            Source::Hosted { url, sha256 } => {
                let hash = match sha256.as_str() {
                    "" => String::new(),
                    hash => format!("&sha256={hash}"),
                };
                format!("#delta={}{hash}", escape(url))
            }
        };
        let demo = &self.demo;
        let fields = [
            ("prompt", demo.prompt.clone()),
            ("negative", demo.negative.clone()),
            ("seed", demo.seed.map(|n| n.to_string())),
            ("steps", demo.steps.map(|n| n.to_string())),
            ("guidance", demo.guidance.map(|n| n.to_string())),
            ("sampler", demo.sampler.map(|kind| name_of(kind).to_owned())),
            ("strength", demo.strength.map(|n| n.to_string())),
        ];
        for (name, value) in fields {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                fragment.push_str(&format!("&{name}={}", escape(&value)));
            }
        }
        fragment
    }
}

/// The name of a sampling method in links and files.
fn name_of(kind: SamplerKind) -> &'static str {
    match kind {
        SamplerKind::Ddim => "ddim",
        SamplerKind::Euler => "euler",
        SamplerKind::EulerAncestral => "euler_ancestral",
        SamplerKind::DpmSolverMultistep => "dpm_solver_multistep",
        SamplerKind::Lcm => "lcm",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_what_was_put_into_it() {
        let link = Link {
            source: Source::Carried("AbC-_9".into()),
            demo: Demo {
                prompt: Some("photo of a sks dog & a 熊, 50 % off #1".into()),
                negative: None,
                seed: Some(7),
                steps: Some(25),
                guidance: Some(4.5),
                sampler: Some(SamplerKind::DpmSolverMultistep),
                strength: Some(-0.5),
            },
        };
        let fragment = link.fragment();
        assert!(fragment.is_ascii() && !fragment.contains(' '));
        assert_eq!(Link::parse(&fragment), Some(link));
        let hosted = Link {
            source: Source::Hosted {
                url: "https://a.example/my deltas/dog.safetensors?a=b&c=d".into(),
                sha256: "ab".repeat(32),
            },
            demo: Demo::default(),
        };
        assert_eq!(Link::parse(&hosted.fragment()), Some(hosted));
    }

    #[test]
    fn every_sampler_has_the_name_that_its_file_form_has() {
        for kind in SamplerKind::ALL {
            let value = serde_json::to_value(kind).expect("it serialises");
            assert_eq!(value, name_of(kind));
        }
    }

    #[test]
    fn what_is_out_of_range_or_foreign_is_passed_over() {
        assert_eq!(Link::parse(""), None);
        assert_eq!(Link::parse("#section"), None);
        assert_eq!(Link::parse("#prompt=alone"), None);
        assert_eq!(
            Link::parse(&format!("#d={}", "A".repeat(MAX_FRAGMENT))),
            None
        );
        let link = Link::parse(
            "#d=A&seed=-1&steps=1e9&guidance=NaN&strength=99&sampler=evil&prompt=%ff&sha256=zz",
        );
        assert_eq!(link.map(|link| link.demo), Some(Demo::default()));
        let long = format!("#d=A&prompt={}", "a".repeat(2_000));
        assert_eq!(Link::parse(&long).and_then(|link| link.demo.prompt), None);
    }
}
