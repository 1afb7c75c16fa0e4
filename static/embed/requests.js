// Options of calls, checked and completed with their defaults, as requests of the protocol.
//
// Options have the names of the protocol's settings in camelCase.

import { GENERATE, SEVERAL, TRAIN, WHOLE } from "./defaults.js";
import { BoothError } from "./error.js";

/** The default settings of training for so many subjects. */
export function defaultRecipe(subjects = 1) {
  const several = subjects > 1 ? { ...SEVERAL, maxTrainSteps: SEVERAL.maxTrainSteps * subjects } : {};
  return structuredClone({ ...TRAIN, ...several });
}

/** The request for a training run of subjects, whose pictures were added with these numbers. */
export function trainRequest(subjects, numbers, options) {
  const { captions, ...recipe } = defaultRecipe(subjects.length);
  const { captions: ownCaptions, ...own } = options;
  return {
    type: "train",
    ...wire(choose(recipe, own, "train")),
    captions: wire(choose(captions, ownCaptions ?? {}, "captions")),
    subjects,
    subject_numbers: numbers,
    arranged: [],
  };
}

/** The request for pictures with deltas that have their ids. */
export function generateRequest(id, deltas, options) {
  return { type: "generate", id, ...wire(choose(GENERATE, options, "generate")), deltas, compare: false };
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
  if (WHOLE.includes(name)) return whole(name, value);
  if (typeof example === "number") return finite(name, value);
  if (typeof example === "string") return words(name, value);
  if (Array.isArray(example)) return list(name, value, example);
  if (typeof value === "boolean") return value;
  throw settings(`${name} is ${show(value)}, but it must be true or false.`);
}

/** Strings, or as many numbers as the default has. */
function list(name, value, example) {
  const numbers = typeof example[0] === "number";
  const fits = Array.isArray(value) && (!numbers || value.length === example.length);
  if (!fits) throw settings(`${name} must be an array of ${numbers ? `${example.length} numbers` : "strings"}.`);
  return value.map((item) => (numbers ? finite(name, item) : words(name, item)));
}

/** Options with the names of the protocol: `learningRate1d` is `learning_rate_1d`. */
function wire(options) {
  const snake = (name) => name.replace(/[A-Z0-9]/g, (c) => `_${c.toLowerCase()}`);
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [snake(name), value]));
}

function show(value) {
  return typeof value === "string" ? `'${value}'` : String(value);
}
