// What the engine says, in the names and types of this module.

/** Pixels of the wire as an ImageData. */
export function image({ width, height, rgba }) {
  return new ImageData(new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.byteLength), width, height);
}

/** Subjects without the numbers that only the engine needs. */
export function subjects(list) {
  return list.map((subject) => ({ token: subject.token, classWord: subject.class_word }));
}

/** The base of a `loaded`. */
export function base(event) {
  return {
    id: event.base,
    hash: event.hash,
    pictureSize: event.size,
    presets: event.presets,
    textEncoderShifts: event.text_encoder,
  };
}

/** The unfinished run of a `loaded`, if there is one. */
export function unfinishedRun({ unfinished_run: run }) {
  return run ? { subjects: subjects(run.config.subjects), step: run.step, steps: run.config.max_train_steps } : undefined;
}

/** A training step; nobody knows the time left before the first. */
export function step(event) {
  return {
    step: event.step,
    total: event.total,
    loss: event.loss,
    stepsPerSecond: event.steps_per_second,
    secondsLeft: Number.isFinite(event.seconds_left) ? event.seconds_left : undefined,
  };
}

/** A `checked`, and whether the device passed. */
export function check({ differences, tolerance }) {
  return {
    differences: differences.map(({ part, relative_l2 }) => ({ part, relativeL2: relative_l2 })),
    tolerance,
    passed: differences.every(({ relative_l2 }) => relative_l2 <= tolerance),
  };
}
