// What went wrong, with the engine's own words for the person.

/** The error of every call of this module. */
export class BoothError extends Error {
  /**
   * @param {string} kind the engine's kind of error, or "closed"
   * @param {string} message what happened, what it means and what to do
   * @param {{ task?: string, cause?: unknown, details?: object }} [more] the piece of work that
   *   failed, and the fields of the kind
   */
  constructor(kind, message, { task, cause, details = {} } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "BoothError";
    this.kind = kind;
    this.task = task;
    this.details = details;
  }

  /** The engine's error: `{ kind, message, ...details }`; only that of stopped work has no message. */
  static of({ kind, message = "The work was stopped.", ...details }, task) {
    return new BoothError(kind, message, { task, details });
  }

  /** The work was stopped by a signal or by `cancel()`. */
  static cancelled(task, cause) {
    return new BoothError("cancelled", "The work was stopped before it was done.", { task, cause });
  }
}
