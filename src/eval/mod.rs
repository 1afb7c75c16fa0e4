//! Did it learn? A judge looks at generated pictures and says what they show.
//!
//! | file | what it does |
//! |---|---|
//! | [`judge`] | the network that tools/base/judge.py trains on the sprites of the base's world |
//! | [`score`] | identity and prompt following over many pictures |
//! | [`prompts`] | what is asked for, and what should be seen then |

pub mod judge;
pub mod prompts;
pub mod score;
