//! Geometry of the collage editor: what is under the pointer, and what dragging it changes.
//!
//! Positions are `[x, y]` from 0 to 1, from the upper left corner of the collage. No DOM.

use crate::worker::protocol::Collage;

/// Largest distance to the seam or a corner that still grips it.
const REACH: f32 = 0.05;
/// Range of the seam's position.
pub const SEAM: [f32; 2] = [0.2, 0.8];
/// Range of a picture's scale.
pub const SCALE: [f32; 2] = [0.2, 2.0];
/// Range of a picture's offset from the centre of its half.
pub const OFFSET: [f32; 2] = [-1.0, 1.0];

/// What is dragged, with its state when the pointer went down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grip {
    /// The line between the halves.
    Seam,
    /// The picture of a half.
    Picture {
        /// The half, 0 or 1.
        half: usize,
        /// Position of the pointer then.
        from: [f32; 2],
        /// Offset of the picture then.
        offset: [f32; 2],
    },
    /// The corner that scales a half's picture.
    Corner {
        /// The half, 0 or 1.
        half: usize,
        /// Distance from the picture's centre to the pointer then.
        from: f32,
        /// Scale of the picture then.
        scale: f32,
    },
}

/// Left, top, width and height of a half.
pub fn rectangle(collage: &Collage, half: usize) -> [f32; 4] {
    let (start, length) = match half {
        0 => (0.0, collage.seam),
        _ => (collage.seam, 1.0 - collage.seam),
    };
    if collage.top_bottom {
        [0.0, start, 1.0, length]
    } else {
        [start, 0.0, length, 1.0]
    }
}

/// The centre of a half's picture.
fn centre(collage: &Collage, half: usize) -> [f32; 2] {
    let [left, top, width, height] = rectangle(collage, half);
    let [right, down] = collage.halves[half].offset;
    [left + width * (0.5 + right), top + height * (0.5 + down)]
}

/// Position of a picture's handle: its lower right corner, kept inside its half.
pub fn corner(collage: &Collage, half: usize) -> [f32; 2] {
    let [left, top, width, height] = rectangle(collage, half);
    let [x, y] = centre(collage, half);
    let reach = collage.halves[half].scale / 2.0;
    [
        (x + reach).clamp(left + REACH, left + width - REACH),
        (y + reach).clamp(top + REACH, top + height - REACH),
    ]
}

/// What the pointer grips at a position.
pub fn grip(collage: &Collage, at: [f32; 2]) -> Grip {
    for half in [0, 1] {
        if distance(corner(collage, half), at) <= REACH {
            return Grip::Corner {
                half,
                from: distance(centre(collage, half), at),
                scale: collage.halves[half].scale,
            };
        }
    }
    let along = at[usize::from(collage.top_bottom)];
    if (along - collage.seam).abs() <= REACH {
        return Grip::Seam;
    }
    let half = usize::from(along > collage.seam);
    Grip::Picture {
        half,
        from: at,
        offset: collage.halves[half].offset,
    }
}

/// Moves what is gripped to the position of the pointer.
pub fn drag(collage: &mut Collage, grip: Grip, to: [f32; 2]) {
    match grip {
        Grip::Seam => {
            collage.seam = to[usize::from(collage.top_bottom)].clamp(SEAM[0], SEAM[1]);
        }
        Grip::Picture { half, from, offset } => {
            let [_, _, width, height] = rectangle(collage, half);
            collage.halves[half].offset = [
                (offset[0] + (to[0] - from[0]) / width).clamp(OFFSET[0], OFFSET[1]),
                (offset[1] + (to[1] - from[1]) / height).clamp(OFFSET[0], OFFSET[1]),
            ];
        }
        Grip::Corner { half, from, scale } => {
            let stretch = distance(centre(collage, half), to) / from.max(0.01);
            collage.halves[half].scale = (scale * stretch).clamp(SCALE[0], SCALE[1]);
        }
    }
}

fn distance([ax, ay]: [f32; 2], [bx, by]: [f32; 2]) -> f32 {
    (ax - bx).hypot(ay - by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::protocol::Half;

    fn collage(top_bottom: bool) -> Collage {
        let half = |picture| Half {
            picture,
            scale: 0.4,
            offset: [0.0, 0.0],
        };
        Collage {
            top_bottom,
            seam: 0.5,
            halves: [half(1), half(2)],
        }
    }

    #[test]
    fn the_seam_follows_the_pointer_within_its_range() {
        for (top_bottom, to) in [(false, [0.63, 0.1]), (true, [0.1, 0.63])] {
            let mut collage = collage(top_bottom);
            let held = grip(&collage, if top_bottom { [0.9, 0.52] } else { [0.52, 0.9] });
            assert_eq!(held, Grip::Seam);
            drag(&mut collage, held, to);
            assert_eq!(collage.seam, 0.63);
            drag(&mut collage, held, [2.0, 2.0]);
            assert_eq!(collage.seam, SEAM[1]);
        }
    }

    #[test]
    fn a_picture_moves_with_the_pointer() {
        let mut collage = collage(false);
        let held = grip(&collage, [0.75, 0.5]);
        drag(&mut collage, held, [0.80, 0.3]);
        let [right, down] = collage.halves[1].offset;
        assert!((right - 0.1).abs() < 1e-6 && (down + 0.2).abs() < 1e-6);
        assert_eq!(collage.halves[0].offset, [0.0; 2], "the other stays");
        drag(&mut collage, held, [-9.0, 9.0]);
        assert_eq!(collage.halves[1].offset, OFFSET);
    }

    #[test]
    fn the_corner_scales_its_own_picture() {
        let mut collage = collage(false);
        let at = corner(&collage, 0);
        assert_eq!(at, [0.45, 0.7]);
        let held = grip(&collage, at);
        let twice = [0.25 + 2.0 * (at[0] - 0.25), 0.5 + 2.0 * (at[1] - 0.5)];
        drag(&mut collage, held, twice);
        assert!((collage.halves[0].scale - 0.8).abs() < 1e-6);
        assert_eq!(collage.halves[1].scale, 0.4);
    }

    #[test]
    fn a_corner_that_is_out_of_sight_has_its_handle_inside_its_half() {
        let mut collage = collage(true);
        collage.halves[0].scale = 2.0;
        collage.halves[0].offset = [1.0, -1.0];
        let [x, y] = corner(&collage, 0);
        assert!((0.0..=1.0).contains(&x) && (0.0..=0.5).contains(&y));
    }
}
