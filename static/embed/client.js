// The page's end of the worker: starts it, asks one thing at a time, and notices when it falls.

import { BoothError } from "./error.js";

/** After so long without a sign of the worker the page hears of it. */
const PATIENCE_MS = 90_000;

export class Client {
  #worker;
  #listener;
  #patience;
  #ready = {};
  /** What the engine is asked for now. */
  #asked = null;
  /** Why no answer will come any more. */
  #fallen = null;
  #started = false;
  #lastId = 0;

  /**
   * @param {URL} engine the worker's script, of this page's origin
   * @param {{ hear: (event: object) => void, warn: (message: string) => void }} listener `hear`
   *   gets what no single request is answered by: progress and pauses
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
    this.#worker.onmessage = (message) => this.#hear(message.data);
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

  /** A number that no other picture and no other work of this engine has. */
  newId() {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Sends a request that nothing answers: pause, resume, cancel. */
  post(request, transfer = []) {
    if (!this.#fallen) this.#worker.postMessage(request, transfer);
  }

  /**
   * Sends a request and hears what answers it, until the engine has done with it. Only one request
   * may be under way.
   *
   * A result may be followed by `stopped`, and some requests are answered by nothing. So each is
   * followed by one that changes nothing, the removal of a picture that never was: requests are
   * answered in turn, and its answer ends the first one's.
   *
   * @param {object} request
   * @param {(event: object) => unknown} hear what it returns last, except undefined, is the result
   * @param {{ transfer?: Transferable[], result?: unknown }} [more] `result` is that of a request
   *   that nothing answers
   * @returns {Promise<{ result: unknown, stopped: boolean, task: string | undefined }>}
   */
  ask(request, hear, { transfer = [], result } = {}) {
    if (this.#fallen) return Promise.reject(this.#fallen);
    return new Promise((resolve, reject) => {
      const end = this.newId();
      const outcome = { result, stopped: false, task: undefined };
      this.#asked = { end, hear, resolve, reject, outcome, error: null, warning: null };
      this.post(request, transfer);
      this.post({ type: "remove_picture", id: end });
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
    const asked = this.#asked;
    this.#asked = null;
    asked?.reject(error);
  }

  #hear(event) {
    const asked = this.#asked;
    switch (event.type) {
      case "ready":
        clearTimeout(this.#patience);
        this.#started = true;
        this.#ready.resolve();
        break;
      case "warning":
        if (asked) asked.warning = event.message;
        this.#listener.warn(event.message);
        break;
      case "failed": {
        const error = BoothError.of(event.error, event.task);
        // The device is lost or out of memory: this worker is of no use any more.
        if (error.kind === "device") this.end(error);
        else if (asked) asked.error = error;
        break;
      }
      case "stopped":
        if (asked) Object.assign(asked.outcome, { stopped: true, task: event.task });
        break;
      case "progress":
      case "paused":
        this.#listener.hear(event);
        break;
      default:
        if (asked && event.type === "picture_removed" && event.id === asked.end) this.#settle(asked);
        else if (asked) asked.outcome.result = asked.hear(event) ?? asked.outcome.result;
    }
  }

  #settle(asked) {
    this.#asked = null;
    const { error, outcome, warning } = asked;
    if (error) asked.reject(error);
    else if (outcome.result !== undefined || outcome.stopped) asked.resolve(outcome);
    else {
      asked.reject(
        new BoothError(
          "settings",
          warning ?? "The engine did not answer. Module and engine come from different versions: copy the whole folder again.",
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
