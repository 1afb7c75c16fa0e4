// The wire between page and engine (src/worker/protocol), as serde-wasm-bindgen writes and reads
// it. `tests/embed_types` holds every name and type here against the Rust ones, so each field has
// a line of its own.
//
// `Option` is undefined when there is none. 64-bit numbers are numbers up to 2^53 - 1. A field with
// `?` may be left out of a request. Requests are worked one after the other; the last event of each
// is `done`, `stopped`, `failed` or `refused`.

/** What the page posts. Files of the person's disk lie in its field `files`, as `{ path, file }`. */
export type Message =
  | RequestMessage
  | PauseMessage
  | ResumeMessage
  | CancelMessage;

/** Work to do when all requests before it are done. */
export interface RequestMessage {
  type: "request";
  /** Names the request in its answers; the page counts. */
  id: number;
  request: Request;
}

/** Holds the work of a request after its current step; answered by `paused`. */
export interface PauseMessage {
  type: "pause";
  id: number;
}

/** Lets it go on; answered by `paused`. */
export interface ResumeMessage {
  type: "resume";
  id: number;
}

/** Ends it; a training run keeps what it has learned. Without effect once the request is done. */
export interface CancelMessage {
  type: "cancel";
  id: number;
}

/** What the engine posts. */
export interface Answer {
  /** The request's; undefined for what belongs to no request. */
  id: number | undefined;
  event: Event;
}

/** From the page to the engine. */
export type Request =
  | LoadRequest
  | PlanRequest
  | SetSizeRequest
  | ListCatalogueRequest
  | ListStoredRequest
  | RemoveStoredRequest
  | AddPictureRequest
  | CropPictureRequest
  | TurnPictureRequest
  | RemovePictureRequest
  | ShowCollagesRequest
  | ArrangeCollageRequest
  | TrainRequest
  | ResumeRunRequest
  | DiscardRunRequest
  | GenerateRequest
  | OpenDeltaRequest
  | CloseDeltaRequest
  | DescribeDeltaRequest
  | PackDeltaRequest
  | UnpackDeltaRequest
  | KeepPreviewRequest
  | CombineRequest
  | ExportRequest
  | EditRequest
  | CheckDeviceRequest;

/**
 * Chooses the device and loads a base; answered by `device`, `planned`, `progress`, `download` and
 * `loaded`. What cannot fit is refused before a weight is fetched, with an error of kind `does_not_fit`:
 * then the base that was loaded stays. Otherwise it is gone, whatever comes of it.
 */
export interface LoadRequest {
  type: "load";
  source: BaseSource;
  device: DeviceChoice;
  /** Pixels a side of the pictures; the plan says if it is left out. */
  size?: number;
  /** Bytes of memory that the device has, if the person states them. */
  memory?: number;
  /** Loads what cannot fit, too. */
  anyway?: boolean;
}

/**
 * What a base takes of memory here; answered by `planned`. Of a base that is not loaded the config
 * files are fetched, and nothing else.
 */
export interface PlanRequest {
  type: "plan";
  source: BaseSource;
  /** Pixels a side of the pictures; the plan says if it is left out. */
  size?: number;
  /** Bytes of memory that the device has, if the person states them. */
  memory?: number;
  /** The name of a preset. */
  layers: string;
  text_encoder: boolean;
  /** Samples in one training step, those of the class included. */
  samples: number;
}

/** Another size of pictures; answered by `size_set`, then by every picture's `picture`. */
export interface SetSizeRequest {
  type: "set_size";
  /** Pixels a side. */
  size: number;
}

/** Reads the catalogue; answered by `catalogue`. */
export interface ListCatalogueRequest {
  type: "list_catalogue";
}

/** What is kept of bases; answered by `stored`. */
export interface ListStoredRequest {
  type: "list_stored";
}

/** Removes what is kept of these bases, but for the one that is loaded; answered by `stored`. */
export interface RemoveStoredRequest {
  type: "remove_stored";
  keys: string[];
}

/** Decodes, crops and keeps a picture of a subject; answered by `picture` or `picture_refused`. */
export interface AddPictureRequest {
  type: "add_picture";
  id: number;
  subject: number;
  /** PNG, JPEG or WebP. */
  bytes: Uint8Array;
}

/** Moves the square crop of a picture: 0 is left or top, 1 is right or bottom. */
export interface CropPictureRequest {
  type: "crop_picture";
  id: number;
  offset: number;
}

/** Turns a picture to the right by so many quarters from how it came; answered by `picture`. */
export interface TurnPictureRequest {
  type: "turn_picture";
  id: number;
  quarters: number;
}

/** Forgets a picture; answered by `picture_removed`, also if there was none. */
export interface RemovePictureRequest {
  type: "remove_picture";
  id: number;
}

/** Draws the collages that training would begin with; answered by `collages`. */
export interface ShowCollagesRequest {
  type: "show_collages";
  subjects: SubjectWords[];
  captions: Captions;
  seed: number;
  /** The first so many. */
  count: number;
  arranged: ArrangedCollage[];
}

/** Composes a collage as a person arranged it; answered by `collage`. */
export interface ArrangeCollageRequest {
  type: "arrange_collage";
  subjects: SubjectWords[];
  captions: Captions;
  number: number;
  collage: Collage;
}

/** What a training run is asked for. */
export interface TrainOptions {
  subjects: SubjectWords[];
  /** The name of one of the presets of `loaded`. */
  layers: string;
  text_encoder: boolean;
  mix_probability: number;
  unmix_weight: number;
  timesteps: TimestepSampling;
  min_snr_gamma: number;
  schedule: RateSchedule;
  ema_decay: number;
  batch: number;
  prior_batch: number;
  flip: boolean;
  captions: Captions;
  arranged: ArrangedCollage[];
  steps: number;
  learning_rate: number;
  learning_rate_1d: number;
  prior_weight: number;
  prior_images: number;
  seed: number;
  preview_every: number;
  checkpoint_every: number;
}

/** Trains on the pictures that were added; answered by `delta`, followed by `stopped` if it was. */
export interface TrainRequest extends TrainOptions {
  type: "train";
}

/** Goes on with the run that a checkpoint in this browser holds. */
export interface ResumeRunRequest {
  type: "resume_run";
}

/** Deletes that checkpoint. */
export interface DiscardRunRequest {
  type: "discard_run";
}

/** Makes pictures; answered by one `generated` a side. */
export interface GenerateRequest {
  type: "generate";
  id: number;
  prompt: string;
  negative_prompt: string;
  seed: number;
  sampler?: SamplerKind;
  steps: number;
  guidance_scale: number;
  deltas: DeltaStrength[];
  count: number;
  /** Also makes the base's own pictures of the same prompt and seed. */
  compare: boolean;
  /** Factors on all strengths: a picture for each, of the same seed, in place of `count`. */
  strength_factors?: number[];
  attend_to?: string;
}

/** Opens a delta file beside those that are open; answered by `delta`. */
export interface OpenDeltaRequest {
  type: "open_delta";
  name: string;
  bytes: Uint8Array;
  apply_anyway: boolean;
}

/** Puts an open delta aside; answered by `delta_closed`. */
export interface CloseDeltaRequest {
  type: "close_delta";
  id: string;
}

/** Gives an open delta other words; answered by `delta`, then by `described`. */
export interface DescribeDeltaRequest {
  type: "describe_delta";
  id: string;
  title: string;
  author: string;
  licence: string;
  description: string;
}

/** Makes an open delta the text of a link, of at most `limit` characters; answered by `packed`. */
export interface PackDeltaRequest {
  type: "pack_delta";
  id: string;
  limit: number;
}

/** Makes the text of a link a delta file, without opening it; answered by `unpacked`. */
export interface UnpackDeltaRequest {
  type: "unpack_delta";
  text: string;
}

/** Opens the delta as it was when the preview of this step was made; answered by `delta`. */
export interface KeepPreviewRequest {
  type: "keep_preview";
  step: number;
}

/** Makes one delta of open ones; answered by `delta`. */
export interface CombineRequest {
  type: "combine";
  deltas: DeltaStrength[];
  how: Combining;
  /** The shifts of each layer that stay; undefined keeps all. */
  rank?: number;
}

/** Writes an open delta for other programs; answered by `exported`. */
export interface ExportRequest {
  type: "export";
  id: string;
  format: ExportFormat;
  rank: number;
}

/** Edits a picture that was added; answered by two `generated`, then by `edited`. */
export interface EditRequest {
  type: "edit";
  id: number;
  picture: number;
  prompt: string;
  target: string;
  train_steps: number;
  steps: number;
  guidance_scale: number;
  eta: number;
  slerp: number;
  seed: number;
}

/** Holds what the device computes against the base's reference; answered by `checked`. */
export interface CheckDeviceRequest {
  type: "check_device";
}

/** From the engine to the page. */
export type Event =
  | ReadyEvent
  | DeviceEvent
  | ProgressEvent
  | DownloadEvent
  | DownloadRetryEvent
  | CatalogueEvent
  | StoredEvent
  | PlannedEvent
  | SizeSetEvent
  | MemoryUsedEvent
  | LoadedEvent
  | PictureEvent
  | PictureRefusedEvent
  | PictureRemovedEvent
  | CollagesEvent
  | CollageEvent
  | CollagesRefusedEvent
  | StepEvent
  | PreviewEvent
  | PausedEvent
  | CheckpointEvent
  | DeltaEvent
  | DescribedEvent
  | PackedEvent
  | UnpackedEvent
  | DeltaClosedEvent
  | GeneratedEvent
  | EditedEvent
  | ExportedEvent
  | CheckedEvent
  | WarningEvent
  | DoneEvent
  | StoppedEvent
  | FailedEvent
  | RefusedEvent;

/** The worker listens; nothing sent before this arrives. */
export interface ReadyEvent {
  type: "ready";
}

/** The device was chosen: its name, and why it. */
export interface DeviceEvent {
  type: "device";
  kind: DeviceKind;
  name: string;
  reason: string;
}

/** How far a piece of work has come. */
export interface ProgressEvent {
  type: "progress";
  task: Task;
  done: number;
  total: number;
}

/** A file of the base is on its way. A total is 0 while nobody knows it. */
export interface DownloadEvent {
  type: "download";
  /** The file's folder; empty for none. */
  component: string;
  path: string;
  from: BytesFrom;
  /** Bytes of this file. */
  done: number;
  total: number;
  /** Bytes of the whole base. */
  base_done: number;
  base_total: number;
}

/** A download is tried again after so many seconds. */
export interface DownloadRetryEvent {
  type: "download_retry";
  path: string;
  reason: string;
  seconds: number;
}

/** The bases to choose from. */
export interface CatalogueEvent {
  type: "catalogue";
  bases: CatalogueBase[];
  tokenizer?: TokenizerOffer;
}

/** What this browser keeps of bases, the one that was used last first. */
export interface StoredEvent {
  type: "stored";
  bases: StoredBase[];
}

/** The base is loaded. */
export interface LoadedEvent {
  type: "loaded";
  base: string;
  /** SHA-256 of its weights. */
  hash: string;
  /** Pixels a side of its pictures. */
  size: number;
  presets: Preset[];
  /** Shifts of the text encoder. */
  text_encoder: number;
  /** Seconds of the UNet for one sample; 0 where nobody knows. */
  forward_seconds: number;
  unfinished_run: UnfinishedRun | undefined;
}

/** What a base takes of memory here. */
export interface PlannedEvent {
  type: "planned";
  plan: BasePlan;
}

/** Pictures have so many pixels a side from now on. */
export interface SizeSetEvent {
  type: "size_set";
  size: number;
}

/** What training, or making pictures, took of memory. */
export interface MemoryUsedEvent {
  type: "memory_used";
  used: MemoryUse;
}

/** A picture was taken in; `pixels` is RGBA, `size` a side, as training will see it. */
export interface PictureEvent {
  type: "picture";
  id: number;
  size: number;
  pixels: Uint8Array;
  offset: number;
  faults: PictureFault[];
}

/** A picture was refused. */
export interface PictureRefusedEvent {
  type: "picture_refused";
  id: number;
  error: EngineError;
}

/** A picture was forgotten. */
export interface PictureRemovedEvent {
  type: "picture_removed";
  id: number;
}

/** The first collages of a run. */
export interface CollagesEvent {
  type: "collages";
  collages: ShownCollage[];
}

/** A collage as a person arranged it. */
export interface CollageEvent extends ShownCollage {
  type: "collage";
}

/** Collages cannot be made like this. */
export interface CollagesRefusedEvent {
  type: "collages_refused";
  error: EngineError;
}

/** A training step was made. */
export interface StepEvent {
  type: "step";
  step: number;
  total: number;
  loss: number;
  steps_per_second: number;
  /** NaN while nobody knows. */
  seconds_left: number;
}

/** A picture of the subject as learned so far. */
export interface PreviewEvent {
  type: "preview";
  step: number;
  picture: Pixels;
}

/** The work was paused (true) or goes on (false). */
export interface PausedEvent {
  type: "paused";
  paused: boolean;
}

/** A checkpoint is safe in this browser. */
export interface CheckpointEvent {
  type: "checkpoint";
  step: number;
}

/** A delta is open. */
export interface DeltaEvent {
  type: "delta";
  origin: Origin;
  /** SHA-256 of its content. */
  id: string;
  summary: DeltaSummary;
  file_name: string;
  /** A safetensors file. */
  file: Uint8Array;
}

/** A delta has other words now: `was` is closed, the delta of this id is open. */
export interface DescribedEvent {
  type: "described";
  was: string;
  id: string;
}

/** A delta as the text of a link; `error` is what rounding lost, a share of the shifts. */
export interface PackedEvent {
  type: "packed";
  id: string;
  text: string;
  error: number;
}

/** The delta that a link carries, not opened yet. */
export interface UnpackedEvent {
  type: "unpacked";
  summary: DeltaSummary;
  file_name: string;
  file: Uint8Array;
}

/** A delta was put aside. */
export interface DeltaClosedEvent {
  type: "delta_closed";
  id: string;
}

/** Pictures are there. */
export interface GeneratedEvent {
  type: "generated";
  id: number;
  personalised: boolean;
  pictures: Pixels[];
}

/** An edit is done; `lost` is what the inversion lost of the picture, a relative L2 difference. */
export interface EditedEvent {
  type: "edited";
  id: number;
  lost: number;
}

/** A delta was written for another program. */
export interface ExportedEvent {
  type: "exported";
  files: ExportedFile[];
  kept: number;
  left_out: number;
}

/** The device was checked; no difference above `tolerance` is owed to rounding. */
export interface CheckedEvent {
  type: "checked";
  differences: Difference[];
  tolerance: number;
}

/** The work ended because the person asked. */
export interface StoppedEvent {
  type: "stopped";
  task: Task;
}

/** Something to know that stops nothing. */
export interface WarningEvent {
  type: "warning";
  message: string;
}

/** A piece of work failed; the engine goes on, unless the error's kind is `device`. */
export interface FailedEvent {
  type: "failed";
  task: Task;
  error: EngineError;
}

/** The request is answered. */
export interface DoneEvent {
  type: "done";
}

/** The request cannot be read. */
export interface RefusedEvent {
  type: "refused";
  error: EngineError;
}

/** What went wrong; `message` is for the person. */
export type EngineError =
  | MessageError
  | WrongBaseModelError
  | DoesNotFitError
  | CancelledError;

/** An error of a kind that has no fields. */
export interface MessageError {
  kind: EngineErrorKind;
  message: string;
}

/** A delta was made for other weights than those that are loaded. It can be applied anyway. */
export interface WrongBaseModelError {
  kind: "wrong_base_model";
  message: string;
  /** Name of the base model that the delta was made for; untrusted text. */
  base_id: string;
  /** SHA-256 of its weights, as the delta states it; untrusted text. */
  expected: string;
  /** SHA-256 of the weights that are loaded. */
  found: string;
}

/** The memory plan says that a model does not fit; nothing was loaded. It can be tried anyway. */
export interface DoesNotFitError {
  kind: "does_not_fit";
  message: string;
  /** Bytes of memory that generating needs at its peak. */
  needed: number;
  /** Bytes of memory that the device is assumed or stated to have. */
  limit: number;
  /** Why it does not fit, as the end of a sentence. */
  reason: string;
}

/** The work was cancelled. */
export interface CancelledError {
  kind: "cancelled";
}

/** Kinds of errors. */
export type EngineErrorKind =
  | "io"
  | "weights"
  | "config"
  | "picture"
  | "decomposition"
  | "delta"
  | "wrong_base_model"
  | "checkpoint"
  | "settings"
  | "device"
  | "does_not_fit"
  | "unknown_request"
  | "cancelled";

/** Pieces of work. */
export type Task =
  | "load"
  | "plan"
  | "catalogue"
  | "storage"
  | "decompose"
  | "prior"
  | "train"
  | "generate"
  | "open_delta"
  | "link"
  | "combine"
  | "export"
  | "picture"
  | "check";

/** Where a base comes from. */
export type BaseSource =
  | FolderSource
  | CatalogueSource
  | CheckpointSource
  | DiskFolderSource
  | DiskCheckpointSource;

/** A diffusers folder's address, with a trailing slash. */
export interface FolderSource {
  type: "folder";
  url: string;
}

/** A base of the catalogue. */
export interface CatalogueSource {
  type: "catalogue";
  id: string;
}

/**
 * The address of a checkpoint of one file, in the original layout. With `tokenizer: "beside"`,
 * `vocab.json` and `merges.txt` lie in `files` as below.
 */
export interface CheckpointSource {
  type: "checkpoint";
  url: string;
  tokenizer: TokenizerFrom;
  /** What the UNet predicts, if it is not ε. */
  prediction?: Prediction;
}

/**
 * A diffusers folder on the person's disk. The posted request has one more field, `files`: an array
 * of `{ path: string, file: File }`, where `path` is the file's in the folder. They are read where
 * they lie, in slices, and not kept.
 */
export interface DiskFolderSource {
  type: "disk_folder";
  title: string;
}

/** A checkpoint of one file on the person's disk, by its path in `files` as above. */
export interface DiskCheckpointSource {
  type: "disk_checkpoint";
  path: string;
  tokenizer: TokenizerFrom;
  /** What the UNet predicts, if it is not ε. */
  prediction?: Prediction;
}

/** Where a checkpoint's tokenizer comes from: `vocab.json` and `merges.txt` in `files`, or the catalogue. */
export type TokenizerFrom = "beside" | "catalogue";

/** CLIP's tokenizer, which is the same for all of Stable Diffusion, as the catalogue has it. */
export interface TokenizerOffer {
  /** The base that it is part of. */
  title: string;
  /** The site that it comes from. */
  host: string;
  bytes: number;
}

/** What a base takes of memory on this device, and how it is made to fit. */
export interface BasePlan {
  source: BaseSource;
  /** Pixels a side of the pictures that it was trained with. */
  own_size: number;
  /** Pixels a side that are planned for. */
  size: number;
  /** Sides to choose from, the smallest first. */
  sizes: number[];
  /** Bytes of memory that the device is taken to have. */
  budget: number;
  /** Nobody stated them. */
  assumed: boolean;
  generate: JobPlan;
  train: JobPlan;
}

/** What one kind of work takes. */
export interface JobPlan {
  verdict: PlanVerdict;
  /** Pixels a side that the rest is for. */
  size: number;
  /** Why it does not fit, as the end of a sentence; empty if it does. */
  reason: string;
  /** The most bytes that are held at once. */
  peak: number;
  savings: Saving[];
  phases: PlannedPhase[];
}

/** Whether work fits: as asked, with smaller pictures, at no size. */
export type PlanVerdict = "fits" | "fits_smaller" | "does_not_fit";

/**
 * Ways to save memory: weights in F16, blocks computed again in the backward pass, idle parts let
 * go of while training, an autoencoder that works in tiles.
 */
export type Saving = "half_precision" | "recompute" | "offload" | "tiles";

/** One part of a piece of work, and what is held at its worst moment. */
export interface PlannedPhase {
  name: string;
  items: PlannedItem[];
}

/** One piece of memory. */
export interface PlannedItem {
  name: string;
  bytes: number;
}

/** What a piece of work really took of memory. */
export interface MemoryUse {
  task: Task;
  /** The most bytes that the plan says. */
  planned: number;
  /** The most bytes of GPU buffers at once since the work began. */
  gpu_peak: number | undefined;
  /** Bytes of GPU buffers now. */
  gpu: number | undefined;
  /** Bytes of WebAssembly memory, which never shrinks. */
  wasm: number;
}

/** Where the bytes of a file come from; `other_tab` is waited for. */
export type BytesFrom = "cache" | "network" | "other_tab" | "disk";

/** What a UNet predicts. */
export type Prediction = "epsilon" | "v_prediction" | "sample";

/** A base of the catalogue. */
export interface CatalogueBase {
  id: string;
  title: string;
  description: string;
  /** Where its authors speak of it; may be empty. */
  page: string;
  licence: Licence;
  /** It comes with the page. */
  embedded: boolean;
  /** Why it cannot be loaded. */
  unavailable: string | undefined;
  bytes: number;
  /** Bytes of it that this browser keeps already. */
  stored: number;
  defaults: BaseDefaults;
  memory_to_generate: number | undefined;
  memory_to_train: number | undefined;
}

/** A base's terms. */
export interface Licence {
  name: string;
  url: string;
  /** A person must agree to it before the base is fetched. */
  consent: boolean;
}

/** What suits a base. */
export interface BaseDefaults {
  sampler: SamplerKind;
  steps: number;
  guidance_scale: number;
  /** Pixels a side. */
  resolution: number;
  prediction: Prediction;
}

/** A base that this browser keeps, whole or in part. */
export interface StoredBase {
  /** What it is removed by. */
  key: string;
  /** Left out for a tokenizer, which is no base by itself. */
  source?: BaseSource;
  title: string;
  stored: number;
  bytes: number;
  /** Loading it goes on from what is kept. */
  interrupted: boolean;
  /** It is loaded, so it cannot be removed. */
  in_use: boolean;
  /** When it was loaded last, in milliseconds since 1970. */
  used: number;
  files: StoredFile[];
}

/** A file that this browser keeps, whole or in part. */
export interface StoredFile {
  path: string;
  stored: number;
  /** 0 if that is not known. */
  bytes: number;
}

/** `auto` is WebGPU on a real GPU, otherwise the CPU; `gpu` takes a software adapter too. */
export type DeviceChoice = "auto" | "gpu" | "cpu";

/** WebGPU or WebAssembly. */
export type DeviceKind = "gpu" | "cpu";

/** Sampling methods: DDIM, Euler, Euler ancestral, DPM-Solver++ (2M), LCM. */
export type SamplerKind = "ddim" | "euler" | "euler_ancestral" | "dpm_solver_multistep" | "lcm";

/** Each by itself, one from every sixteenth in turn, or pairs t and T - 1 - t. */
export type TimestepSampling = "uniform" | "stratified" | "antithetic";

/** How the learning rates change over a run: not, along half a cosine, or along a line. */
export type RateSchedule = "constant" | "cosine" | "linear";

/** What a person may want to know of a picture: few pixels, no sharp edge, there already. */
export type PictureFault = "tiny" | "blurry" | "duplicate";

/** How deltas become one. */
export type Combining = "sum" | "interpolate" | "style_mix";

/** Another program's format. */
export type ExportFormat = "lora_kohya" | "lora_diffusers" | "svdiff_pytorch";

/** Where a delta comes from. */
export type Origin = "trained" | "opened" | "preview" | "described" | "combined";

/** A subject and what it is called. */
export interface SubjectWords {
  /** What its pictures were added with. */
  number: number;
  token: string;
  class_word: string;
}

/** Two subjects in one picture; pictures go by their id. */
export interface Collage {
  top_bottom: boolean;
  /** Where the seam is, as a part of the side. */
  seam: number;
  halves: [Half, Half];
}

/** What one half of a collage shows. */
export interface Half {
  picture: number;
  /** Side of the picture, as a part of the collage's side. */
  scale: number;
  /** From the half's middle to the picture's, right and down, as a part of the half's sides. */
  offset: [number, number];
}

/** A collage that takes the place of the one drawn at its number. */
export interface ArrangedCollage {
  number: number;
  collage: Collage;
}

/** A collage to look at. */
export interface ShownCollage {
  number: number;
  collage: Collage;
  caption: string;
  picture: Pixels;
}

/** How much of an open delta goes in: 1 is as trained, 0 is the base. */
export interface DeltaStrength {
  id: string;
  strength: number;
}

/** A picture, RGBA, row by row: `width * height * 4` bytes. */
export interface Pixels {
  width: number;
  height: number;
  rgba: Uint8Array;
}

/** What training pictures are called; `{a}` and `{b}` stand for subjects with their articles. */
export interface Captions {
  single: string;
  left_right: string;
  top_bottom: string;
  together: string;
  class_scenes: string[];
}

/** What a delta says of itself; untrusted text. */
export interface DeltaSummary {
  title: string;
  subjects: SubjectWords[];
  steps: number;
  author: string;
  licence: string;
  description: string;
  /** ISO 8601. */
  date: string;
  /** Name of the base model that it belongs to. */
  base: string;
  /** SHA-256 of that base model's weights. */
  base_sha256: string;
  /** Numbers in it. */
  parameters: number;
  /** Size of its file. */
  bytes: number;
}

/** A run that can be gone on with. */
export interface UnfinishedRun {
  request: TrainOptions;
  step: number;
}

/** A choice of layers to train. */
export interface Preset {
  name: string;
  /** Shifts that it trains. */
  shifts: number;
}

/** A file for download. */
export interface ExportedFile {
  name: string;
  bytes: Uint8Array;
}

/** How far the device is from the reference in one part of the model. */
export interface Difference {
  part: string;
  /** ‖device − reference‖ / ‖reference‖. */
  relative_l2: number;
}
