// What calls ask for, as the engine's requests: defaults, checks, and the names of the wire.
//
// Defaults are written as JSON, because a test holds them against the engine's (src/recipe.rs).

import { BoothError } from "./error.js";

/** The default recipe for one subject; it suits the embedded base. */
const RECIPE = {
  "steps": 100,
  "learningRate": 6e-2,
  "learningRate1d": 2e-5,
  "schedule": "cosine",
  "batch": 8,
  "priorBatch": 2,
  "timesteps": "uniform",
  "minSnrGamma": 0,
  "emaDecay": 0,
  "priorWeight": 0.2,
  "priorImages": 8,
  "mixProbability": 0.6,
  "unmixWeight": 0,
  "layers": "all",
  "textEncoder": false,
  "flip": false,
  "seed": 0,
  "previewEvery": 20,
  "checkpointEvery": 10
};

/** What differs for several subjects; steps are for each of them. */
const SEVERAL = {
  "steps": 150,
  "learningRate": 4e-2,
  "batch": 4,
  "priorBatch": 1
};

/** What training pictures are called. */
const CAPTIONS = {
  "single": "photo of {a}",
  "leftRight": "photo of {a} on the left and {b} on the right",
  "topBottom": "photo of {a} on the top and {b} on the bottom",
  "together": "photo of {a} and {b}",
  "classScenes": ["", "on grass", "in the snow", "on a beach", "in space"]
};

/** How pictures are made. */
const PICTURES = {
  "prompt": "",
  "negativePrompt": "",
  "seed": 1,
  "sampler": "ddim",
  "steps": 25,
  "guidanceScale": 4,
  "count": 1,
  "attendTo": ""
};

/** Recipe options that count something; the other numbers may have fractions. */
const WHOLE = new Set(["steps", "batch", "priorBatch", "priorImages", "seed", "previewEvery", "checkpointEvery", "count"]);

/** The default recipe for so many subjects. */
export function defaultRecipe(subjects = 1) {
  const several = subjects > 1 ? { ...SEVERAL, steps: SEVERAL.steps * subjects } : {};
  return { ...RECIPE, ...several, captions: { ...CAPTIONS, classScenes: [...CAPTIONS.classScenes] } };
}

/** The engine's request for a training run of subjects that have their numbers. */
export function trainRequest(subjects, options) {
  const { captions, ...recipe } = defaultRecipe(subjects.length);
  const { captions: ownCaptions, ...own } = options;
  const chosen = choose(recipe, own, "train");
  return {
    type: "train",
    subjects,
    layers: chosen.layers,
    text_encoder: chosen.textEncoder,
    mix_probability: chosen.mixProbability,
    unmix_weight: chosen.unmixWeight,
    timesteps: chosen.timesteps,
    min_snr_gamma: chosen.minSnrGamma,
    schedule: chosen.schedule,
    ema_decay: chosen.emaDecay,
    batch: chosen.batch,
    prior_batch: chosen.priorBatch,
    flip: chosen.flip,
    captions: captionsOf(choose(captions, ownCaptions ?? {}, "captions")),
    arranged: [],
    steps: chosen.steps,
    learning_rate: chosen.learningRate,
    learning_rate_1d: chosen.learningRate1d,
    prior_weight: chosen.priorWeight,
    prior_images: chosen.priorImages,
    seed: chosen.seed,
    preview_every: chosen.previewEvery,
    checkpoint_every: chosen.checkpointEvery,
  };
}

/** The engine's request for pictures with deltas that have their ids. */
export function generateRequest(id, deltas, options) {
  const chosen = choose(PICTURES, options, "generate");
  return {
    type: "generate",
    id,
    prompt: chosen.prompt,
    negative_prompt: chosen.negativePrompt,
    seed: chosen.seed,
    sampler: chosen.sampler,
    steps: chosen.steps,
    guidance_scale: chosen.guidanceScale,
    deltas,
    count: chosen.count,
    compare: false,
    attend_to: chosen.attendTo,
  };
}

/**
 * A number from 0 that counts something.
 * @throws {BoothError} of kind "settings" for anything else
 */
export function whole(name, value) {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw settings(`${name} is ${show(value)}, but it must be a whole number from 0.`);
}

/** A string. @throws {BoothError} of kind "settings" for anything else */
export function words(name, value) {
  if (typeof value === "string") return value;
  throw settings(`${name} is ${show(value)}, but it must be a string.`);
}

/** A finite number. @throws {BoothError} of kind "settings" for anything else */
export function finite(name, value) {
  if (Number.isFinite(value)) return value;
  throw settings(`${name} is ${show(value)}, but it must be a number.`);
}

/** An error of kind "settings". */
export function settings(message) {
  return new BoothError("settings", message);
}

/** The defaults with a caller's own values in their places, each of its default's type. */
function choose(defaults, own, call) {
  const chosen = { ...defaults };
  for (const [name, value] of Object.entries(own)) {
    if (!Object.hasOwn(defaults, name)) {
      throw settings(`${call} has no option '${name}'. It has: ${Object.keys(defaults).join(", ")}.`);
    }
    if (value !== undefined) chosen[name] = checked(name, value, defaults[name]);
  }
  return chosen;
}

function checked(name, value, example) {
  if (WHOLE.has(name)) return whole(name, value);
  if (typeof example === "number") return finite(name, value);
  if (typeof example === "string") return words(name, value);
  if (Array.isArray(example)) {
    if (!Array.isArray(value)) throw settings(`${name} must be an array of strings.`);
    return value.map((item) => words(name, item));
  }
  if (typeof value === "boolean") return value;
  throw settings(`${name} is ${show(value)}, but it must be true or false.`);
}

function captionsOf(chosen) {
  return {
    single: chosen.single,
    left_right: chosen.leftRight,
    top_bottom: chosen.topBottom,
    together: chosen.together,
    class_scenes: chosen.classScenes,
  };
}

function show(value) {
  return typeof value === "string" ? `'${value}'` : String(value);
}
