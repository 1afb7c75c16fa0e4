//! Ways to begin, capabilities of the browser, notifications, the camera.

pub const BANNERS_LABEL: &str = "What to know of this browser";
pub const WAYS_LABEL: &str = "Ways to begin";
pub const HERO_ALT: &str = "Four pictures of a cartoon dog, and what became of them: the same dog in space, in the snow and on a beach.";
pub const WAY_SAMPLE: &str = "Try a sample";
pub const WAY_SAMPLE_HINT: &str = "Watch it learn a cartoon dog";
pub const WAY_PICTURES: &str = "Use my pictures";
pub const WAY_PICTURES_HINT: &str = "Three to five of one thing";
pub const WAY_DELTA: &str = "Open a delta";
pub const WAY_DELTA_HINT: &str = "A file or a link that you got";

pub const SAVES_DATA: &str = "Your browser is set to save data. This page needs about 18 MB once: 4.6 MB of program and 13 MB of model.";
pub const START_ENGINE: &str = "Fetch them";
pub const ENGINE_ASKING: &str = "Nothing large has been fetched yet.";

pub const NOTIFY: &str = "Tell me when it is done";
pub const NOTIFY_BODY: &str = "Your subject is learned. Come and make pictures.";
pub const NOT_NOTIFIED: &str =
    "The browser does not allow this page to notify you. Its site settings can change that.";

pub const CAMERA: &str = "Camera";
pub const CAMERA_LABEL: &str = "What the camera sees";
pub const SHOOT: &str = "Take a picture";
pub const CAMERA_OFF: &str = "Camera off";
pub const NO_CAMERA: &str = "The camera gave no picture: there is none, it is in use, or this page may not use it. Choose pictures from files instead.";
pub const CAMERA_NOT_READY: &str = "The camera is not ready yet. Try again in a moment.";

// What the browser lacks, what that means and what still works.

pub const MISSING_WEBGPU: &str = "This browser has no WebGPU, so a training takes a minute or two instead of seconds. Nothing else is missing; current Chrome, Edge and Safari have it.";
pub const MISSING_GPU: &str = "No faster graphics card is offered here, so a training takes a minute or two instead of seconds. Nothing else is missing.";
pub const MISSING_MEMORY: &str = "This device has little memory. Close other tabs before you train; if the engine stops, the run goes on from its last save.";
pub const MISSING_STORAGE: &str = "This browser keeps nothing here, as in a private window. Everything works, but download your deltas and pictures before you close the tab.";
