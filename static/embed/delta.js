// What was learned: a delta that is open in the engine.

import { BoothError } from "./error.js";
import { finite, settings } from "./requests.js";
import { subjects } from "./shapes.js";

/** A delta that is open in an engine; made by `train`, `resumeTraining` and `apply`. */
export class Delta {
  #close;
  #closed = false;

  /**
   * @param {object} event the engine's `delta`
   * @param {boolean} stopped its training was stopped before its last step
   * @param {(delta: Delta) => Promise<void>} close
   */
  constructor(event, stopped, close) {
    this.id = event.id;
    this.origin = event.origin;
    this.summary = { ...event.summary, subjects: subjects(event.summary.subjects) };
    this.fileName = event.file_name;
    this.bytes = event.file;
    this.stopped = stopped;
    this.#close = close;
  }

  /** Whether it was put aside. */
  get closed() {
    return this.#closed;
  }

  /** This delta at a strength, as `generate` takes it. */
  at(strength) {
    return { delta: this, strength };
  }

  /** Its file, for a download. */
  blob() {
    return new Blob([this.bytes], { type: "application/octet-stream" });
  }

  /** Puts it aside; `bytes` stay. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    await this.#close(this);
  }
}

/**
 * Deltas of `generate`, each with its strength, as the wire has them.
 * @throws {BoothError} of kind "settings" for anything else, "delta" for one that is closed
 */
export function strengths(deltas) {
  if (!Array.isArray(deltas)) throw settings("deltas must be an array of Deltas or { delta, strength }.");
  return deltas.map((entry) => {
    const { delta, strength = 1 } = entry instanceof Delta ? { delta: entry } : (entry ?? {});
    if (!(delta instanceof Delta)) throw settings("deltas must hold Deltas or { delta, strength }.");
    if (delta.closed) throw new BoothError("delta", "A delta that was asked for is closed. Open it again.");
    return { id: delta.id, strength: finite("strength", strength) };
  });
}
