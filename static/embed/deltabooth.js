// DeltaBooth for other pages: teaches a picture model a subject, and makes pictures of it.
//
// docs/embedding.md says how it is used, deltabooth.d.ts what every call takes and gives.
//
// | file | what it does |
// |---|---|
// | deltabooth.js | the calls |
// | requests.js | options and their checks |
// | defaults.js | their defaults, generated |
// | queue.js | one piece of work at a time; pause and cancel |
// | client.js | the worker, and when an answer is complete |
// | delta.js | what was learned |
// | shapes.js | the engine's words in the module's |
// | bytes.js, addresses.js | files and addresses, checked |
// | error.js | the one error |

import { folder, nameOf, ownScript } from "./addresses.js";
import { bytesOf, fetched } from "./bytes.js";
import { Client } from "./client.js";
import { Delta, strengths } from "./delta.js";
import { BoothError } from "./error.js";
import { Queue, tell } from "./queue.js";
import { defaultRecipe, generateRequest, settings, trainRequest, whole, words } from "./requests.js";
import * as shapes from "./shapes.js";

export { BoothError, Delta, defaultRecipe };

/** Larger files of pictures are not even read, in bytes. */
const PICTURE_LIMIT = 100_000_000;
/** The engine's limit of a delta file, in bytes. */
const DELTA_LIMIT = 64 * 1024 * 1024;
/** Subjects whose pictures were given for one run only have numbers from here. */
const OWN_NUMBERS = 1 << 16;
const DEVICES = ["auto", "gpu", "cpu"];

/** An engine with its base. */
export class DeltaBooth {
  #client;
  #queue;
  #onProgress;
  #device;
  #base;
  #unfinishedRun;
  #lastNumber = OWN_NUMBERS;
  /** How many `Delta`s stand for each id: the same content has the same id. */
  #open = new Map();

  /** Starts an engine and loads the base; the only way to make a booth. */
  static async open({
    engine = new URL("../engine_loader.js", import.meta.url),
    base = new URL("../base/", import.meta.url),
    device = "auto",
    onProgress,
    onWarning = (message) => console.warn(message),
    signal,
  } = {}) {
    const script = ownScript(engine);
    const url = folder(base);
    if (!DEVICES.includes(device)) throw settings(`There is no device '${device}'. It is one of: ${DEVICES.join(", ")}.`);
    if (signal?.aborted) throw BoothError.cancelled("load", signal.reason);
    const booth = new DeltaBooth();
    booth.#onProgress = onProgress;
    booth.#client = new Client(script, {
      hear: (event) => booth.#hear(event),
      warn: (message) => tell(onWarning, message),
    });
    booth.#queue = new Queue(booth.#client);
    const abort = () => booth.#client.end(BoothError.cancelled("load", signal.reason));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await booth.#client.ready;
      await booth.#queue.add("load", {}, (job) => booth.#load(job, url, device));
    } catch (error) {
      booth.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    return booth;
  }

  /** The device that the engine works on, and why it. */
  get device() {
    return this.#device;
  }

  /** The base that is loaded. */
  get base() {
    return this.#base;
  }

  /** A run that `resumeTraining` can go on with. */
  get unfinishedRun() {
    return this.#unfinishedRun;
  }

  /** Whether the work under way is held. */
  get paused() {
    return this.#queue.paused;
  }

  /** Adds a picture of a subject, which training knows by this number. */
  async addPicture(subject, source, { name } = {}) {
    whole("subject", subject);
    if (subject >= OWN_NUMBERS) throw settings(`subject is ${subject}, but it must be below ${OWN_NUMBERS}.`);
    return this.#queue.add("picture", {}, (job) => this.#addPicture(job, subject, source, name));
  }

  /** Forgets a picture. */
  async removePicture(picture) {
    const id = whole("picture", typeof picture === "object" ? picture?.id : picture);
    await this.#queue.add("picture", {}, () => this.#removePicture(id));
  }

  /** Learns subjects from their pictures. */
  async train({ subjects, onProgress, onStep, onPreview, onCheckpoint, onPaused, signal, ...recipe } = {}) {
    const numbered = this.#numbered(subjects);
    const request = trainRequest(
      numbered.map(({ token, classWord }) => ({ token, class_word: classWord })),
      numbered.map(({ number }) => number),
      recipe,
    );
    const options = { onProgress, onStep, onPreview, onCheckpoint, onPaused, signal };
    return this.#queue.add("train", options, async (job) => {
      const added = [];
      try {
        for (const { number, pictures } of numbered) {
          for (const source of pictures) added.push(await this.#addPicture(job, number, source));
        }
        return await this.#learn(job, request);
      } finally {
        for (const { id } of added) {
          // A fallen engine has forgotten them anyway, and the run's own error matters more.
          await this.#removePicture(id).catch(() => {});
        }
      }
    });
  }

  /** Goes on with the run that a checkpoint in this browser holds. */
  async resumeTraining({ onProgress, onStep, onPreview, onCheckpoint, onPaused, signal } = {}) {
    const options = { onProgress, onStep, onPreview, onCheckpoint, onPaused, signal };
    return this.#queue.add("train", options, (job) => this.#learn(job, { type: "resume_run" }));
  }

  /** Deletes that checkpoint. */
  async discardRun() {
    await this.#queue.add("train", {}, async () => {
      await this.#client.ask({ type: "discard_run" }, () => undefined, { result: true });
      this.#unfinishedRun = undefined;
    });
  }

  /** Makes pictures, with deltas or by the base alone. */
  async generate({ deltas = [], onProgress, onPaused, signal, ...options } = {}) {
    const request = generateRequest(this.#client.newId(), strengths(deltas), options);
    return this.#queue.add("generate", { onProgress, onPaused, signal }, async (job) => {
      const { result } = await this.#queue.ask(job, request, (event) =>
        event.type === "generated" && event.id === request.id ? event : undefined,
      );
      return result.pictures.map(shapes.image);
    });
  }

  /** Opens a delta: a file, its bytes, or its address. */
  async apply(source, { applyAnyway = false, name, signal } = {}) {
    const address = typeof source === "string" || source instanceof URL;
    const called = words("name", (name ?? (address ? nameOf(source) : source?.name)) || "delta.safetensors");
    // Before its turn: a slow site must not hold up other work.
    const bytes = await (address ? fetched(source, DELTA_LIMIT, signal) : bytesOf(source, DELTA_LIMIT));
    const request = { type: "open_delta", name: called, bytes, apply_anyway: Boolean(applyAnyway) };
    return this.#queue.add("open_delta", { signal }, async (job) => {
      const heard = (event) => (event.type === "delta" ? event : undefined);
      const { result } = await this.#queue.ask(job, request, heard, [bytes.buffer]);
      return this.#delta(result, false);
    });
  }

  /** Holds training, making pictures or checking the device after the step under way. */
  pause() {
    this.#queue.pause();
  }

  /** Lets it go on. */
  resume() {
    this.#queue.resume();
  }

  /** Ends the work under way; training keeps what it has learned. Work that waits goes on. */
  cancel() {
    this.#queue.cancel();
  }

  /** Holds what the device computes against the base's reference. */
  async checkDevice({ onProgress, onPaused, signal } = {}) {
    return this.#queue.add("check", { onProgress, onPaused, signal }, async (job) => {
      const heard = (event) => (event.type === "checked" ? event : undefined);
      const { result } = await this.#queue.ask(job, { type: "check_device" }, heard);
      return shapes.check(result);
    });
  }

  /** Ends the engine; work that is under way or waits is rejected. */
  close() {
    this.#client.end(new BoothError("closed", "The booth was closed. Open another one to go on."));
  }

  async #load(job, url, device) {
    await this.#queue.ask(job, { type: "load", source: { type: "folder", url }, device }, (event) => {
      if (event.type === "device") this.#device = { kind: event.kind, name: event.name, reason: event.reason };
      if (event.type !== "loaded") return undefined;
      this.#base = shapes.base(event);
      this.#unfinishedRun = shapes.unfinishedRun(event);
      return event;
    });
  }

  async #addPicture(job, subject, source, name = source?.name ?? "picture") {
    words("name", name);
    const bytes = await bytesOf(source, PICTURE_LIMIT);
    const id = this.#client.newId();
    const request = { type: "add_picture", id, subject, bytes };
    const heard = (event) => (event.id === id ? event : undefined);
    const { result } = await this.#queue.ask(job, request, heard, [bytes.buffer]);
    if (result.type === "picture_refused") throw BoothError.of(result.error, "picture");
    const { size, pixels } = result;
    return { id, subject, name, image: shapes.image({ width: size, height: size, rgba: pixels }) };
  }

  /** Also after the work that it belongs to was stopped. */
  async #removePicture(id) {
    await this.#client.ask({ type: "remove_picture", id }, (event) => event.type === "picture_removed" || undefined);
  }

  async #learn(job, request) {
    const { onStep, onPreview, onCheckpoint } = job.options;
    const { result, stopped } = await this.#queue.ask(job, request, (event) => {
      // The first word of a run: it has taken the old one's place in the browser's store.
      this.#unfinishedRun = undefined;
      if (event.type === "step") tell(onStep, shapes.step(event));
      if (event.type === "preview") tell(onPreview, { step: event.step, picture: shapes.image(event.picture) });
      if (event.type === "checkpoint") tell(onCheckpoint, { step: event.step });
      return event.type === "delta" ? event : undefined;
    });
    return this.#delta(result, stopped);
  }

  #delta(event, stopped) {
    this.#open.set(event.id, (this.#open.get(event.id) ?? 0) + 1);
    return new Delta(event, stopped, () => this.#closeDelta(event.id));
  }

  async #closeDelta(id) {
    await this.#queue.add("open_delta", {}, async () => {
      const left = this.#open.get(id) - 1;
      this.#open.set(id, left);
      if (left > 0) return;
      this.#open.delete(id);
      await this.#client.ask({ type: "close_delta", id }, (event) => event.type === "delta_closed" || undefined);
    });
  }

  /** The subjects of a run with their numbers; those that bring pictures get numbers of their own. */
  #numbered(subjects) {
    if (!Array.isArray(subjects)) throw settings("subjects must be an array of { token, classWord, pictures }.");
    return subjects.map((subject, index) => {
      const { token, classWord, pictures, number = index } = subject ?? {};
      const own = pictures !== undefined;
      if (own && typeof pictures?.[Symbol.iterator] !== "function") {
        throw settings("pictures must be an array of Files, Blobs or bytes, or a FileList.");
      }
      if (own) this.#lastNumber += 1;
      return {
        token: words("token", token),
        classWord: words("classWord", classWord),
        number: own ? this.#lastNumber : whole("number", number),
        pictures: own ? [...pictures] : [],
      };
    });
  }

  /** What belongs to the work under way as a whole. */
  #hear(event) {
    const { onProgress, onPaused } = this.#queue.hear(event);
    if (event.type === "paused") {
      tell(onPaused, event.paused);
      return;
    }
    const progress = { task: event.task, done: event.done, total: event.total };
    tell(onProgress, progress);
    tell(this.#onProgress, progress);
  }
}
