// Calls, one after the other: each is one or more requests. Pause, resume and cancel reach the running one.

import { BoothError } from "./error.js";

export class Queue {
  #client;
  /** The piece of work under way. */
  #job = null;
  /** Settles when all work that was asked for is done. */
  #last = Promise.resolve();
  #paused = false;

  /** @param {import("./client.js").Client} client */
  constructor(client) {
    this.#client = client;
  }

  /** Whether the work under way is held. */
  get paused() {
    return this.#paused;
  }

  /**
   * Does a piece of work when all earlier work is done.
   *
   * @template T
   * @param {string} task
   * @param {object} options callbacks, and the `signal` that stops it
   * @param {(job: object) => Promise<T>} body
   * @returns {Promise<T>}
   */
  add(task, options, body) {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const job = { task, options, cancelled: false, held: false, request: undefined };
      const abort = () => {
        if (this.#job === job) this.cancel();
        else {
          job.cancelled = true;
          reject(cancelled(job));
        }
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#last = this.#last.then(async () => {
        this.#job = job;
        try {
          if (job.cancelled) throw cancelled(job);
          resolve(await body(job));
        } catch (error) {
          reject(error);
        } finally {
          signal?.removeEventListener("abort", abort);
          this.#job = null;
          this.#paused = false;
        }
      });
    });
  }

  /**
   * Asks the engine as a part of a piece of work.
   *
   * @param {object} job
   * @param {object} request
   * @param {(event: object) => unknown} hear what it returns last, except undefined, is the result
   * @param {Transferable[]} [transfer]
   * @returns {Promise<{ result: unknown, stopped: boolean }>}
   * @throws {BoothError} of kind "cancelled" if it was stopped without a result
   */
  async ask(job, request, hear, transfer) {
    if (job.cancelled) throw cancelled(job);
    const id = this.#client.newId();
    job.request = id;
    const answer = this.#client.ask(request, hear, { id, transfer });
    // A pause belongs to one request, and a call may be several.
    if (job.held) this.#client.control("pause", id);
    const outcome = await answer;
    if (outcome.result === undefined) throw cancelled(job, outcome.task);
    return outcome;
  }

  /** Holds the work under way. */
  pause() {
    if (!this.#job) return;
    this.#job.held = true;
    this.#client.control("pause", this.#job.request);
  }

  /** Lets it go on. */
  resume() {
    if (!this.#job) return;
    this.#job.held = false;
    this.#client.control("resume", this.#job.request);
  }

  /** Ends it. */
  cancel() {
    if (!this.#job) return;
    this.#job.cancelled = true;
    this.#client.control("cancel", this.#job.request);
  }

  /** Takes in what the engine says of the work under way as a whole; returns the work's options. */
  hear(event) {
    if (event.type === "paused") this.#paused = event.paused;
    return this.#job?.options ?? {};
  }
}

/** Calls a caller's function; what it throws is its page's own error and must not stop the engine's. */
export function tell(callback, value) {
  try {
    callback?.(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function cancelled(job, task = job.task) {
  return BoothError.cancelled(task, job.options.signal?.reason);
}
