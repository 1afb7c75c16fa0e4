// The page's end of the worker: starts it, matches answers to requests by id, and reports when it stops.

import { BoothError } from "./error.js";

/** After so long without a sign of the worker the page hears of it. */
const PATIENCE_MS = 90_000;

export class Client {
  #worker;
  #listener;
  #patience;
  #ready = {};
  /** The requests that are not done, by their ids. */
  #pending = new Map();
  /** Why no answer will come any more. */
  #fallen = null;
  #started = false;
  #lastId = 0;

  /**
   * @param {URL} engine the worker's script, of this page's origin
   * @param {{ hear: (event: object) => void, warn: (message: string) => void }} listener `hear`
   *   gets progress and pauses
   */
  constructor(engine, listener) {
    this.#listener = listener;
    this.#ready.promise = new Promise((resolve, reject) => {
      Object.assign(this.#ready, { resolve, reject });
    });
    // Whoever waits hears of it by `ready`; nobody waiting is no fault.
    this.#ready.promise.catch(() => {});
    try {
      this.#worker = new Worker(engine);
    } catch (cause) {
      throw new BoothError("device", couldNotStart(cause.message), { cause });
    }
    this.#worker.onmessage = (message) => this.#hear(message.data.id, message.data.event);
    this.#worker.onerror = (event) => this.#onError(event);
    this.#worker.onmessageerror = () => this.#fell("a message of it could not be read");
    this.#patience = setTimeout(() => {
      listener.warn(
        "The engine has not started yet. On a slow connection it is still being fetched; otherwise see that engine_loader.js, engine.js and engine_bg.wasm lie side by side.",
      );
    }, PATIENCE_MS);
  }

  /** Resolves when the worker listens. */
  get ready() {
    return this.#ready.promise;
  }

  /** A number that no other picture, request and other work of this engine has. */
  newId() {
    this.#lastId += 1;
    return this.#lastId;
  }

  /**
   * Says "pause", "resume" or "cancel" about a request.
   *
   * @param {"pause" | "resume" | "cancel"} type
   * @param {number} id the request's
   */
  control(type, id) {
    if (this.#pending.has(id)) this.#worker.postMessage({ type, id });
  }

  /**
   * Sends a request and hears its answers until the engine is done with it.
   *
   * @param {object} request
   * @param {(event: object) => unknown} hear what it returns last, except undefined, is the result
   * @param {{ id?: number, transfer?: Transferable[], result?: unknown }} [more] `result` is that
   *   of a request that brings no event but `done`
   * @returns {Promise<{ result: unknown, stopped: boolean, task: string | undefined }>}
   */
  ask(request, hear, { id = this.newId(), transfer = [], result } = {}) {
    if (this.#fallen) return Promise.reject(this.#fallen);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { hear, resolve, reject, outcome: { result, stopped: false, task: undefined } });
      this.#worker.postMessage({ type: "request", id, request }, transfer);
    });
  }

  /** Ends the worker; what waits for it is rejected with `error`. */
  end(error) {
    if (this.#fallen) return;
    this.#fallen = error;
    clearTimeout(this.#patience);
    this.#worker.onmessage = null;
    this.#worker.onerror = null;
    this.#worker.terminate();
    this.#ready.reject(error);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }

  #hear(id, event) {
    const asked = this.#pending.get(id);
    switch (event.type) {
      case "ready":
        clearTimeout(this.#patience);
        this.#started = true;
        this.#ready.resolve();
        break;
      case "warning":
        this.#listener.warn(event.message);
        break;
      case "done":
        this.#settle(id, asked);
        break;
      case "stopped":
        if (asked) Object.assign(asked.outcome, { stopped: true, task: event.task });
        this.#settle(id, asked);
        break;
      case "failed":
      case "refused": {
        const error = BoothError.of(event.error, event.task);
        // The device is lost or out of memory: this worker is of no use any more.
        if (error.kind === "device") this.end(error);
        else if (asked) this.#settle(id, asked, error);
        else this.#listener.warn(error.message);
        break;
      }
      case "progress":
      case "paused":
        this.#listener.hear(event);
        break;
      default:
        if (asked) asked.outcome.result = asked.hear(event) ?? asked.outcome.result;
    }
  }

  #settle(id, asked, error) {
    if (!asked) return;
    this.#pending.delete(id);
    const { outcome } = asked;
    if (error) asked.reject(error);
    else if (outcome.result !== undefined || outcome.stopped) asked.resolve(outcome);
    else {
      asked.reject(
        new BoothError(
          "settings",
          "The engine did not answer. Module and engine come from different versions: copy the whole folder again.",
        ),
      );
    }
  }

  #onError(event) {
    // Otherwise the browser reports it a second time, as an error of the page.
    event.preventDefault?.();
    this.#fell(event.message || "no reason was given");
  }

  #fell(why) {
    const message = this.#started
      ? `The engine stopped (${why}). It usually ran out of memory: close other tabs, then open the booth again.`
      : couldNotStart(why);
    this.end(new BoothError("device", message));
  }
}

function couldNotStart(why) {
  return `The engine could not be started (${why}). See that engine_loader.js, engine.js and engine_bg.wasm lie side by side, that the browser has WebAssembly with SIMD, and that the content security policy allows workers and 'wasm-unsafe-eval'.`;
}
