//! Adding, changing and removing the pictures of subjects.

use std::sync::Arc;

use leptos::prelude::*;

use super::dimensions::dimensions;
use super::state::{EDITED, PictureView, Subject, SubjectPicture, Subjects};
use crate::worker::protocol::{PictureFault, Request};

impl Subjects {
    /// Adds a picture file to a subject and sends it to the engine.
    pub fn add_picture(self, subject: Subject, name: String, bytes: Vec<u8>) {
        let wide = dimensions(&bytes).is_some_and(|(width, height)| width != height);
        let picture = SubjectPicture {
            id: self.ids.next(),
            name,
            bytes: Arc::new(bytes),
            wide,
            view: ArcRwSignal::new(PictureView::Waiting),
            offset: ArcRwSignal::new(0.5),
            quarters: ArcRwSignal::new(0),
            faults: ArcRwSignal::new(Vec::new()),
        };
        let request = add_request(subject, &picture);
        // Only one picture is edited at a time: a new one replaces it.
        if subject.number == EDITED {
            self.clear_pictures(subject);
        }
        subject.pictures.update(|pictures| pictures.push(picture));
        self.engine.send(request);
    }

    /// Sends all pictures, with their turns and crops, to a restarted engine.
    pub fn resend_pictures(self) {
        for subject in self.with_pictures() {
            for picture in subject.pictures.get_untracked() {
                if !matches!(picture.view.get_untracked(), PictureView::Refused(_)) {
                    self.resend(subject, &picture);
                }
            }
        }
    }

    fn resend(self, subject: Subject, picture: &SubjectPicture) {
        let (id, offset) = (picture.id, picture.offset.get_untracked());
        let quarters = picture.quarters.get_untracked();
        self.engine.send(add_request(subject, picture));
        if quarters != 0 {
            self.engine.send(Request::TurnPicture { id, quarters });
        }
        if picture.wide && offset != 0.5 {
            self.engine.send(Request::CropPicture { id, offset });
        }
    }

    /// Moves the square crop of a picture.
    pub fn crop_picture(self, picture: &SubjectPicture, offset: f32) {
        picture.offset.set(offset);
        self.engine.send(Request::CropPicture {
            id: picture.id,
            offset,
        });
    }

    /// Turns a picture by a quarter to the right.
    pub fn turn_picture(self, picture: &SubjectPicture) {
        let quarters = (picture.quarters.get_untracked() + 1) % 4;
        picture.quarters.set(quarters);
        self.engine.send(Request::TurnPicture {
            id: picture.id,
            quarters,
        });
    }

    /// Removes a picture from the page and from the engine.
    pub fn remove_picture(self, id: u32) {
        self.on_removed(id);
        self.engine.send(Request::RemovePicture { id });
    }

    /// Removes all pictures of a subject.
    pub fn clear_pictures(self, subject: Subject) {
        let ids: Vec<u32> = subject
            .pictures
            .with_untracked(|pictures| pictures.iter().map(|p| p.id).collect());
        for id in ids {
            self.remove_picture(id);
        }
    }

    /// The engine removed a picture.
    pub fn on_removed(self, id: u32) {
        for subject in self.with_pictures() {
            if subject
                .pictures
                .with_untracked(|of| of.iter().any(|p| p.id == id))
            {
                subject
                    .pictures
                    .update(|pictures| pictures.retain(|picture| picture.id != id));
            }
        }
    }

    /// The engine accepted a picture (`checked` is its crop and its faults) or refused it.
    pub fn on_picture(self, id: u32, view: PictureView, checked: Option<(f32, Vec<PictureFault>)>) {
        for subject in self.with_pictures() {
            subject.pictures.with_untracked(|pictures| {
                if let Some(picture) = pictures.iter().find(|picture| picture.id == id) {
                    if let Some((offset, faults)) = &checked {
                        picture.offset.set(*offset);
                        picture.faults.set(faults.clone());
                    }
                    picture.view.set(view.clone());
                }
            });
        }
    }
}

fn add_request(subject: Subject, picture: &SubjectPicture) -> Request {
    Request::AddPicture {
        id: picture.id,
        subject: subject.number,
        bytes: (*picture.bytes).clone(),
    }
}
