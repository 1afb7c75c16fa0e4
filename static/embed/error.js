// What went wrong, with the engine's own words for the person.

/** The error of every call of this module. */
export class BoothError extends Error {
  /**
   * @param {string} kind the engine's kind of error, or "closed"
   * @param {string} message what happened, what it means and what to do
   * @param {{ task?: string, cause?: unknown }} [more] the piece of work that failed
   */
  constructor(kind, message, { task, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "BoothError";
    this.kind = kind;
    this.task = task;
  }

  /** The engine's error: `{ kind, message }`; only that of stopped work has no message. */
  static of(error, task) {
    return new BoothError(error.kind, error.message ?? "The work was stopped.", { task });
  }

  /** The work was stopped by a signal or by `cancel()`. */
  static cancelled(task, cause) {
    return new BoothError("cancelled", "The work was stopped before it was done.", { task, cause });
  }
}
