// DeltaBooth for other pages. docs/embedding.md says how it is used.

import type { Captions as CaptionTemplates, DeviceChoice, DeviceKind, EngineErrorKind, GenerateConfig, LayerPreset, LrScheduler, NormShift, Origin, Preset, SamplerKind, Task, TimestepSampling, TrainConfig } from "./protocol.js";

export type { DeviceChoice, DeviceKind, LayerPreset, LrScheduler, NormShift, Origin, Preset, SamplerKind, Task, TimestepSampling };

/**
 * An engine with its base: 64 × 64 pictures with the embedded one.
 *
 * Calls may be made at any time; they are done one after the other. Each fails with a
 * {@link BoothError}.
 */
export class DeltaBooth {
  private constructor();

  /**
   * Starts an engine in a worker and loads the base (40 MB with the engine, once; then the
   * browser's cache has it).
   *
   * @throws {BoothError} `settings` if `engine` is of another origin, `device` if the engine does
   * not start, `io`, `weights` or `config` if the base cannot be loaded
   */
  static open(options?: OpenOptions): Promise<DeltaBooth>;

  /** The device that the engine works on. */
  readonly device: Device;
  /** The base that is loaded. */
  readonly base: Base;
  /** A run that an earlier visit did not finish and {@link resumeTraining} goes on with. */
  readonly unfinishedRun: UnfinishedRun | undefined;
  /** Whether the work under way is held. */
  readonly paused: boolean;

  /**
   * Adds a picture of a subject. It is turned upright and its middle square is taken.
   *
   * @param subject any number below 65,536; `train` names it as the subject's `number`
   * @param source PNG, JPEG or WebP; at most 8,192 pixels a side and 100 MB
   * @throws {BoothError} `picture` if it cannot be decoded or is too large
   */
  addPicture(subject: number, source: BytesSource, options?: { name?: string }): Promise<Picture>;

  /** Forgets a picture; no error if there is none. */
  removePicture(picture: Picture | number): Promise<void>;

  /**
   * Learns subjects from their pictures. A run that is stopped after its first step resolves too,
   * with what it has learned: `delta.stopped` is then true.
   *
   * @throws {BoothError} `settings` for options that cannot work, `picture` for a picture that is
   * refused, `cancelled` if it was stopped before its first step, `device` if memory ran out
   */
  train(options: TrainOptions): Promise<Delta>;

  /**
   * Goes on with {@link unfinishedRun}; its pictures and options are in this browser's checkpoint.
   *
   * @throws {BoothError} `checkpoint` if there is none
   */
  resumeTraining(options?: TrainCallbacks): Promise<Delta>;

  /** Deletes that checkpoint, with the pictures in it. */
  discardRun(): Promise<void>;

  /**
   * Makes pictures, with deltas or by the base alone. One seed gives one picture on every device.
   *
   * @returns `numImagesPerPrompt` pictures of `base.pictureSize` pixels a side; picture i begins with the noise
   * of `seed + i`
   * @throws {BoothError} `settings`, `delta` if one is closed or does not fit, `cancelled`
   */
  generate(options: GenerateOptions): Promise<ImageData[]>;

  /**
   * Opens a delta file: its bytes, or its address (another site must allow it by CORS).
   * svdiff-pytorch's files are taken too.
   *
   * @throws {BoothError} `delta` if the file is damaged, `wrong_base_model` if it was made for
   * another base, `io` if it cannot be fetched
   */
  apply(source: BytesSource | string | URL, options?: ApplyOptions): Promise<Delta>;

  /** Holds training, making pictures or checking the device after the step under way. */
  pause(): void;
  /** Lets it go on. */
  resume(): void;
  /** Ends the work under way as its signal would. Work that waits goes on. */
  cancel(): void;

  /**
   * Holds what the device computes against the reference tensors of the base.
   *
   * @throws {BoothError} `settings` if the base brings none, `cancelled`
   */
  checkDevice(options?: WorkOptions): Promise<Check>;

  /** Ends the engine at once; work that is under way or waits is rejected with `closed`. */
  close(): void;
}

/** A delta that is open in an engine. What it says of itself is untrusted text. */
export class Delta {
  private constructor();
  /** SHA-256 of its content: the same content has the same id. */
  readonly id: string;
  readonly origin: Origin;
  readonly summary: DeltaSummary;
  /** A name for its download, such as "sks-dog.safetensors". */
  readonly fileName: string;
  /** Its safetensors file, about 60 KB with the embedded base. */
  readonly bytes: Uint8Array;
  /** Its training was stopped before its last step. */
  readonly stopped: boolean;
  /** Whether it was put aside. */
  readonly closed: boolean;
  /** This delta at a strength, as `generate` takes it: 1 is as trained, 0 is the base. */
  at(strength: number): DeltaStrength;
  /** Its file, for `URL.createObjectURL` and a download. */
  blob(): Blob;
  /** Puts it aside and frees its memory; `bytes` stay. */
  close(): Promise<void>;
}

/** The error of every call. `message` says what happened, what it means and what to do. */
export class BoothError extends Error {
  constructor(kind: BoothErrorKind, message: string, more?: { task?: Task; cause?: unknown; details?: object });
  readonly name: "BoothError";
  readonly kind: BoothErrorKind;
  /** The piece of work that failed, if the engine failed. */
  readonly task: Task | undefined;
  /** The fields of the kind, as protocol.d.ts declares them: `{ base_id, expected, found }` of `wrong_base_model`. */
  readonly details: object;
}

/** The engine's kinds, and `closed`: the booth was closed before the work was done. */
export type BoothErrorKind = EngineErrorKind | "closed";

/** The default recipe for so many subjects (1 if left out), complete. */
export function defaultRecipe(subjects?: number): Required<Omit<Recipe, "captions">> & { captions: Required<Captions> };

/** A file or its bytes. They are copied. */
export type BytesSource = Blob | ArrayBuffer | ArrayBufferView;

/** What every piece of work takes. */
export interface WorkOptions {
  /** How far it has come. */
  onProgress?: (progress: Progress) => void;
  /** It was held (true) or goes on (false). */
  onPaused?: (paused: boolean) => void;
  /** Stops it; work that has not begun never does. */
  signal?: AbortSignal;
}

export interface OpenOptions {
  /** Address of engine_loader.js, of the page's own origin. Default: `../engine_loader.js` beside this module's folder. */
  engine?: string | URL;
  /** Address of a base's folder. Default: `../base/` beside this module's folder. */
  base?: string | URL;
  /** Default: "auto", WebGPU on a real GPU, otherwise the CPU. */
  device?: DeviceChoice;
  /** Loading, and all later work too. */
  onProgress?: (progress: Progress) => void;
  /** Something to know that stops nothing. Default: console.warn. */
  onWarning?: (message: string) => void;
  /** Stops loading, for example `AbortSignal.timeout(120_000)`. */
  signal?: AbortSignal;
}

/** What `train` and `resumeTraining` tell. */
export interface TrainCallbacks extends WorkOptions {
  /** A training step was made. On a GPU, four are told at a time. */
  onStep?: (step: Step) => void;
  /** A picture of the subject as learned so far. */
  onPreview?: (preview: Preview) => void;
  /** The run is safe in this browser up to this step. */
  onCheckpoint?: (checkpoint: { step: number }) => void;
}

export interface TrainOptions extends TrainCallbacks, Recipe {
  /** 1 to 8 subjects. */
  subjects: Subject[];
}

/** A subject to learn. */
export interface Subject {
  /** A rare word that will stand for it, such as "sks". */
  token: string;
  /** What it is, such as "dog". */
  classWord: string;
  /** Three to five pictures, for this run only. */
  pictures?: Iterable<BytesSource>;
  /** Without `pictures`: what they were added with. Default: the place in `subjects`, from 0. */
  number?: number;
}

/** A name of the protocol in camelCase. */
type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<CamelCase<Rest>>}` : Name;
/** Settings of the protocol with their names in camelCase; all may be left out. */
type Options<Settings> = { [Name in keyof Settings as CamelCase<Name & string>]?: Settings[Name] };

/**
 * The settings of a run: those of `TrainConfig` in protocol.d.ts, in camelCase. {@link defaultRecipe}
 * has the defaults, which suit the embedded model; larger models want smaller learning rates.
 */
export type Recipe = Omit<Options<TrainConfig>, "subjects" | "captions" | "ownCollages" | "resolution"> & {
  /** Templates of the captions. */
  captions?: Captions;
};

/** Captions; `{a}` and `{b}` stand for subjects with their articles. */
export type Captions = Options<CaptionTemplates>;

/** The settings of pictures: those of `GenerateConfig` in protocol.d.ts, in camelCase. */
export type Pictures = Omit<Options<GenerateConfig>, "preview">;

export interface GenerateOptions extends WorkOptions, Pictures {
  /** Deltas to add to the model. Default: none, the model itself. */
  deltas?: (Delta | DeltaStrength)[];
}

/** A delta and how much of it goes in: 1 (the default) is as trained, 0 is the base. */
export interface DeltaStrength {
  delta: Delta;
  strength?: number;
}

export interface ApplyOptions {
  /** Open it although it was made for another base. Default: false. */
  applyAnyway?: boolean;
  /** The file's name. Default: the File's, or the last part of the address. */
  name?: string;
  /** Stops the download. */
  signal?: AbortSignal;
}

/** How far a piece of work has come. Training tells its steps by `onStep`. */
export interface Progress {
  task: Task;
  done: number;
  total: number;
}

/** A training step. */
export interface Step {
  /** Steps done. */
  step: number;
  total: number;
  /** Its loss; noisy, so an average over steps says more. */
  loss: number;
  stepsPerSecond: number;
  /** Undefined while nobody knows. */
  secondsLeft: number | undefined;
}

/** A picture of the subject after `step` steps. */
export interface Preview {
  step: number;
  picture: ImageData;
}

/** A picture of a subject, as training will see it. */
export interface Picture {
  readonly id: number;
  readonly subject: number;
  readonly name: string;
  readonly image: ImageData;
}

export interface Device {
  kind: DeviceKind;
  name: string;
  /** Why it, as part of a sentence. */
  reason: string;
}

export interface Base {
  id: string;
  /** SHA-256 of its weights; a delta belongs to one of them. */
  hash: string;
  /** Pixels a side of its pictures. */
  pictureSize: number;
  /** Choices of layers to train. */
  presets: Preset[];
  /** Shifts of the text encoder. */
  textEncoderShifts: number;
}

/** What a delta says of itself; untrusted text. */
export interface DeltaSummary {
  title: string;
  subjects: { token: string; classWord: string }[];
  /** Training steps. */
  steps: number;
  /** When it was made, ISO 8601. */
  date: string;
  /** The base that it belongs to. */
  base: string;
  /** Numbers in it. */
  parameters: number;
  /** Size of its file. */
  bytes: number;
}

/** A run that can be gone on with. */
export interface UnfinishedRun {
  subjects: { token: string; classWord: string }[];
  /** Steps done. */
  step: number;
  /** Steps in all. */
  steps: number;
}

/** The device against the reference. */
export interface Check {
  /** The parts of the model, each with ‖device − reference‖ / ‖reference‖. */
  differences: { part: string; relativeL2: number }[];
  /** No difference above it is owed to rounding. */
  tolerance: number;
  /** No difference is above it. */
  passed: boolean;
}
