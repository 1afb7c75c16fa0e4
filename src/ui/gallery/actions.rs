//! The gallery: every picture that was made, kept in this browser with what it was made of.

use std::sync::Arc;

use leptos::{prelude::*, task::spawn_local};

use crate::ui::browser::pixels::png;
use crate::ui::generate::png_text::with_text;
use crate::ui::state::{Booth, Gravity};
use crate::ui::storage::gallery_db::{Board, KeptPicture};
use crate::ui::text;
use crate::worker::protocol::{DeltaStrength, GenerateRequest, Pixels};

impl Booth {
    /// Puts pictures of one press into the gallery, unless it is turned off.
    pub fn keep_pictures(self, request: &GenerateRequest, pictures: &[Pixels]) {
        if !self.keeping.get_untracked() || !request.attend_to.is_empty() {
            return;
        }
        let titles = self.titles_of(request);
        let date = String::from(js_sys::Date::new_0().to_iso_string());
        for (index, picture) in pictures.iter().enumerate() {
            let (picture, titles) = (picture.clone(), titles.clone());
            let request = of_one(request, index);
            // Later pictures of one press come first, as the newest does.
            let key = format!("{date}-{:08}-{index:03}", self.id());
            spawn_local(async move {
                if let Some(file) = png_with_settings(&picture, &request, &titles).await {
                    let kept = Arc::new(KeptPicture {
                        key,
                        request,
                        titles,
                        png: file,
                    });
                    self.take_into_gallery(kept).await;
                }
            });
        }
    }

    async fn take_into_gallery(self, kept: Arc<KeptPicture>) {
        self.gallery
            .update(|gallery| gallery.insert(0, kept.clone()));
        if let Some(shelf) = self.shelf.get_value()
            && let Err(why) = shelf.put(Board::Pictures, &kept.key, &*kept).await
        {
            self.tell(Gravity::Warning, text::not_kept(&why));
        }
        self.look_at_storage();
    }

    /// Titles of the open deltas that a request uses.
    pub fn titles_of(self, request: &GenerateRequest) -> Vec<String> {
        self.deltas.with_untracked(|deltas| {
            let open = deltas.iter();
            let used = open.filter(|open| request.deltas.iter().any(|of| of.id == open.id));
            used.map(|open| text::shorten(&open.summary.title, 120))
                .collect()
        })
    }

    /// Makes a picture of the gallery again; its deltas are taken from the library if they are not
    /// open.
    pub fn make_again(self, kept: &KeptPicture) {
        self.forget_messages();
        for of in &kept.request.deltas {
            let open = self
                .deltas
                .with_untracked(|deltas| deltas.iter().any(|d| d.id == of.id));
            let opening = self.library.with_untracked(|library| {
                let found = library.iter().find(|kept| kept.id == of.id);
                found.cloned()
            });
            match opening {
                _ if open => {}
                Some(delta) => self.open_kept(&delta),
                None => return self.tell(Gravity::Error, text::DELTA_GONE.to_owned()),
            }
        }
        self.show_settings(&kept.request);
        self.ask(GenerateRequest {
            id: self.id(),
            ..kept.request.clone()
        });
    }

    /// A delta has another id now: its pictures can still be made again.
    pub fn rename_in_gallery(self, was: &str, id: &str) {
        let uses = |kept: &&Arc<KeptPicture>| kept.request.deltas.iter().any(|of| of.id == was);
        let renamed = |kept: &Arc<KeptPicture>| {
            let mut kept = (**kept).clone();
            for of in kept.request.deltas.iter_mut().filter(|of| of.id == was) {
                of.id = id.to_owned();
            }
            Arc::new(kept)
        };
        let changed: Vec<Arc<KeptPicture>> = self
            .gallery
            .with_untracked(|gallery| gallery.iter().filter(uses).map(renamed).collect());
        if changed.is_empty() {
            return;
        }
        self.gallery.update(|gallery| {
            for kept in gallery.iter_mut() {
                if let Some(new) = changed.iter().find(|new| new.key == kept.key) {
                    *kept = new.clone();
                }
            }
        });
        self.on_shelf(async move |shelf| {
            for kept in &changed {
                shelf.put(Board::Pictures, &kept.key, &**kept).await?;
            }
            Ok(())
        });
    }

    /// Puts a request's settings into the fields.
    fn show_settings(self, request: &GenerateRequest) {
        let fields = &self.generate;
        fields.prompt.set(Some(request.prompt.clone()));
        fields.negative_prompt.set(request.negative_prompt.clone());
        fields.seed.set(request.seed as f64);
        fields.sampler.set(request.sampler);
        fields.steps.set(request.steps as f64);
        fields.guidance_scale.set(request.guidance_scale);
        fields.count.set(1.0);
    }

    /// Deletes a picture of the gallery.
    pub fn delete_picture(self, key: String) {
        self.gallery
            .update(|gallery| gallery.retain(|kept| kept.key != key));
        self.on_shelf(async move |shelf| shelf.remove(Board::Pictures, &key).await);
    }

    /// Deletes them all.
    pub fn delete_gallery(self) {
        self.gallery.set(Vec::new());
        self.on_shelf(async |shelf| shelf.clear(Board::Pictures).await);
    }
}

/// A PNG file with its settings inside, for other programs (`parameters`) and for this one.
pub async fn png_with_settings(
    picture: &Pixels,
    request: &GenerateRequest,
    titles: &[String],
) -> Option<Vec<u8>> {
    let file = png(picture).await?;
    let words = text::parameters(request, titles);
    let settings = serde_json::to_string(request).unwrap_or_default();
    let texts = [
        ("parameters", words.as_str()),
        ("deltabooth", settings.as_str()),
    ];
    Some(with_text(&file, &texts))
}

/// What asks for picture number `index` of a request alone.
pub fn of_one(request: &GenerateRequest, index: usize) -> GenerateRequest {
    let factor = request.strength_factors.get(index).copied();
    let deltas = request.deltas.iter().map(|of| DeltaStrength {
        id: of.id.clone(),
        strength: of.strength * factor.unwrap_or(1.0),
    });
    GenerateRequest {
        // In a row of strengths all pictures have one seed.
        seed: match factor {
            Some(_) => request.seed,
            None => request.seed.wrapping_add(index as u64),
        },
        deltas: deltas.collect(),
        count: 1,
        compare: false,
        strength_factors: Vec::new(),
        ..request.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::SamplerKind;

    #[test]
    fn each_picture_can_be_asked_for_alone() {
        let request = GenerateRequest {
            id: 1,
            prompt: "a dog".into(),
            negative_prompt: String::new(),
            seed: 7,
            sampler: SamplerKind::Ddim,
            steps: 25,
            guidance_scale: 4.0,
            deltas: vec![DeltaStrength {
                id: "ab".into(),
                strength: 0.5,
            }],
            count: 4,
            compare: true,
            strength_factors: Vec::new(),
            attend_to: String::new(),
        };
        let third = of_one(&request, 2);
        assert_eq!((third.seed, third.count, third.compare), (9, 1, false));
        let row = GenerateRequest {
            strength_factors: vec![0.0, 1.0, 2.0],
            ..request
        };
        let third = of_one(&row, 2);
        assert_eq!((third.seed, third.deltas[0].strength), (7, 1.0));
        assert!(third.strength_factors.is_empty());
    }
}
