// Generated from src/worker/protocol, src/config and src/error.rs by
// `UPDATE_EMBED=1 cargo test --test embed_types`. Do not edit.
//
// The messages between page and engine, as serde-wasm-bindgen writes and reads them. `Option` is
// undefined when there is none. 64-bit numbers are numbers up to 2^53 - 1. A field with `?` may be
// left out.

/** From the page to the engine. */
export type Message =
  | RequestMessage
  | PauseMessage
  | ResumeMessage
  | CancelMessage;

/** Work to do when all requests before it are done. */
export interface RequestMessage {
  type: "request";
  /** Names the request in its answers. */
  id: number;
  /** The work. */
  request: Request;
}

/** Holds the work of a request after its current step; answered by `Event::Paused`. */
export interface PauseMessage {
  type: "pause";
  /** The request. */
  id: number;
}

/** Lets it go on; answered by `Event::Paused`. */
export interface ResumeMessage {
  type: "resume";
  /** The request. */
  id: number;
}

/** Ends it; a training run keeps what it has learned. Without effect once the request is done. */
export interface CancelMessage {
  type: "cancel";
  /** The request. */
  id: number;
}

/** From the engine to the page. */
export interface Answer {
  /**
   * The request that the event belongs to; `None` for `Event::Ready` and for what happens
   * outside of any request.
   */
  id: number | undefined;
  /** What happened. */
  event: Event;
}

/** Work for the engine, posted in a `Message`. */
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
 * Chooses the device and loads a model, after a memory plan
 * (`Event::Planned`). A model that does not fit is refused before a
 * weight is fetched, with `Error::DoesNotFit`, unless it is to be tried
 * `anyway`; after such a refusal, and only then, the base that was loaded stays. Pictures get `size` pixels a side, or what the plan
 * says; `memory` are the bytes that the device has, if the person states them.
 */
export interface LoadRequest {
  type: "load";
  source: BaseSource;
  device: DeviceChoice;
  size?: number;
  memory?: number;
  anyway?: boolean;
}

/** Plans how much memory a model needs; answered by `Event::Planned`. */
export interface PlanRequest {
  type: "plan";
  /** The model. If it is not loaded, only its config files are fetched. */
  source: BaseSource;
  /** Pixels a side; the plan decides if it is left out. */
  size?: number;
  /** Bytes of memory that the device has, if the person states them. */
  memory?: number;
  /** The layers of the UNet to train. */
  layers: LayerPreset;
  /** Whether the text encoder is trained, too. */
  text_encoder: boolean;
  /** Samples in a training step, those of the class included. */
  samples: number;
}

/**
 * Sets the pixels a side of pictures; answered by `Event::SizeSet`, then
 * by `Event::Picture` for every picture.
 */
export interface SetSizeRequest {
  type: "set_size";
  size: number;
}

/** Lists the catalogue; answered by `Event::Catalogue`. */
export interface ListCatalogueRequest {
  type: "list_catalogue";
}

/** Lists the stored models; answered by `Event::Stored`. */
export interface ListStoredRequest {
  type: "list_stored";
}

/**
 * Removes stored models, by their keys; answered by `Event::Stored`. A
 * loaded model stays.
 */
export interface RemoveStoredRequest {
  type: "remove_stored";
  keys: string[];
}

/** Adds a picture of a subject; answered by `Event::Picture`. */
export interface AddPictureRequest {
  type: "add_picture";
  id: number;
  subject: number;
  bytes: Uint8Array;
}

/** Moves the square crop of a picture: 0 is left or top, 1 is right or bottom. */
export interface CropPictureRequest {
  type: "crop_picture";
  id: number;
  offset: number;
}

/** Turns a picture to the right by quarter turns, counted from how it came. */
export interface TurnPictureRequest {
  type: "turn_picture";
  id: number;
  quarters: number;
}

/** Removes a picture; answered by `Event::PictureRemoved`. */
export interface RemovePictureRequest {
  type: "remove_picture";
  id: number;
}

/** Shows the first `count` collages of a run; answered by `Event::Collages`. */
export interface ShowCollagesRequest extends TrainRun {
  type: "show_collages";
  count: number;
}

/** Shows a collage as the person arranged it; answered by `Event::Collage`. */
export interface ArrangeCollageRequest extends TrainRun {
  type: "arrange_collage";
  number: number;
  collage: Collage;
}

/** Trains on the pictures that were added. */
export interface TrainRequest extends TrainRun {
  type: "train";
}

/** Resumes the run of the stored checkpoint. */
export interface ResumeRunRequest {
  type: "resume_run";
}

/** Deletes that checkpoint. */
export interface DiscardRunRequest {
  type: "discard_run";
}

/** Generates pictures, with and without deltas; answered by `Event::Generated`. */
export interface GenerateRequest extends GenerateConfig {
  type: "generate";
  /** Every event of this work carries it. */
  id: number;
  /** Open deltas that are added to the model; none for the model itself. */
  deltas: DeltaStrength[];
  /** Makes the model's own pictures of the same prompt and seed too. */
  compare: boolean;
  /**
   * Factors on all strengths: one picture for each, of the same seed, in place of
   * `num_images_per_prompt`. Usually empty.
   */
  strength_factors?: number[];
}

/** Opens a delta file beside those that are open. */
export interface OpenDeltaRequest {
  type: "open_delta";
  name: string;
  bytes: Uint8Array;
  apply_anyway: boolean;
}

/** Closes a delta; answered by `Event::DeltaClosed`. */
export interface CloseDeltaRequest {
  type: "close_delta";
  id: string;
}

/**
 * Changes the words of an open delta; answered by `Event::Delta`, because
 * its file changes, and `Event::Described`.
 */
export interface DescribeDeltaRequest extends DescribeRequest {
  type: "describe_delta";
}

/**
 * Packs an open delta into the text of a link of at most `limit` characters; answered by
 * `Event::Packed`.
 */
export interface PackDeltaRequest {
  type: "pack_delta";
  id: string;
  limit: number;
}

/**
 * Unpacks the text of a link into a delta file, without opening it; answered by
 * `Event::Unpacked`.
 */
export interface UnpackDeltaRequest {
  type: "unpack_delta";
  text: string;
}

/** Opens the delta as it was when the preview of this step was made. */
export interface KeepPreviewRequest {
  type: "keep_preview";
  step: number;
}

/** Combines open deltas into one; answered by `Event::Delta`. */
export interface CombineRequest {
  type: "combine";
  /** Open deltas in their order, each with its strength. */
  deltas: DeltaStrength[];
  /** How they become one. */
  how: Combining;
  /** The shifts of each layer that stay, those that change it most; `None` keeps all. */
  rank?: number;
}

/** Writes an open delta for other programs; answered by `Event::Exported`. */
export interface ExportRequest {
  type: "export";
  /** The open delta's id. */
  id: string;
  /** The other program's format. */
  format: ExportFormat;
  /** The LoRA's rank. */
  rank: number;
}

/**
 * Edits a picture that was added; answered by `Event::Generated`, with
 * the picture itself in place of the base model's, and `Event::Edited`.
 */
export interface EditRequest extends EditConfig {
  type: "edit";
  /** Every event of this work carries it. */
  id: number;
  /** The picture's id. */
  picture: number;
}

/**
 * Compares the device with the model's reference tensors; answered by
 * `Event::Checked`.
 */
export interface CheckDeviceRequest {
  type: "check_device";
}

/** A training run. */
export interface TrainRun extends TrainConfig {
  /** The number that each subject's pictures were added with, in the order of the subjects. */
  subject_numbers: number[];
  /** Collages that a person arranged. */
  arranged: ArrangedCollage[];
}

/** Other words for an open delta. */
export interface DescribeRequest {
  /** The open delta's id. */
  id: string;
  /** Its name. */
  title: string;
  /** Who made it. */
  author: string;
  /** On what terms. */
  licence: string;
  /** Anything else. */
  description: string;
}

/**
 * The settings of a training run. The defaults are for one subject and the embedded model; see
 * `TrainConfig::recommended` for others.
 */
export interface TrainConfig {
  /** The words of the subjects, in the order of their pictures; 1 to 8. */
  subjects?: SubjectWords[];
  /** Templates of the captions. */
  captions?: Captions;
  /** Training steps, 1 to 100,000. Default for several subjects: 150 for each. */
  max_train_steps?: number;
  /**
   * Learning rate of the shifts of linear and convolution weights, 0 to 1. Default for several
   * subjects: 0.04.
   */
  learning_rate?: number;
  /** Learning rate of the shifts of norms, 0 to 1. */
  learning_rate_1d?: number;
  /** Decoupled weight decay of AdamW, towards δ = 0; 0 to 1. */
  adam_weight_decay?: number;
  /** β₁ and β₂ of AdamW, below 1. */
  adam_betas?: [number, number];
  /** ε of AdamW, above 0. */
  adam_epsilon?: number;
  /** Largest L2 norm of the whole gradient; 0 turns clipping off. */
  max_grad_norm?: number;
  /** λ, the weight of the prior preservation loss, 0 to 100; 0 turns it off. */
  prior_loss_weight?: number;
  /** Class pictures of each subject that the model makes for prior preservation, 0 to 1,000. */
  num_class_images?: number;
  /**
   * With several subjects: the probability that a sample is a collage of two, 0 to 1 (0.6 in the
   * paper; with 1, the subjects could not be told apart).
   */
  mix_probability?: number;
  /** Collages that are drawn before the run, 0 to 1,000; 0 turns Cut-Mix-Unmix off. */
  num_collages?: number;
  /** Collages that replace the drawn ones; usually none. */
  own_collages?: SubjectCollage[];
  /** Weight of the unmix loss on collages, from 0; 0 turns it off. */
  unmix_loss_weight?: number;
  /** Layers of the UNet that are trained. */
  layers?: LayerPreset;
  /** Trains the linear layers, norms and embeddings of the text encoder too. */
  train_text_encoder?: boolean;
  /** How timesteps are drawn. */
  timestep_sampling?: TimestepSampling;
  /**
   * The part of the noise schedule that timesteps are drawn from: 0 is the cleanest end, 1 the
   * noisiest.
   */
  timestep_range?: [number, number];
  /**
   * γ of min-SNR weighting: losses of clean timesteps are weighted by min(SNR, γ) / SNR (Hang et
   * al. 2023, with γ = 5); 0 weights all timesteps alike.
   */
  snr_gamma?: number;
  /** How the learning rates change over the run. */
  lr_scheduler?: LrScheduler;
  /** Decay of the moving average of δ that is the result, below 1; 0 keeps the last δ. */
  ema_decay?: number;
  /**
   * Samples of the subjects per step, 1 to 16, each with its own timestep. Default for several
   * subjects: 4.
   */
  train_batch_size?: number;
  /**
   * Samples of the classes per step, 1 to 16, at most `train_batch_size`. Default for several
   * subjects: 1.
   */
  prior_batch_size?: number;
  /** Shows each picture mirrored half of the time. */
  random_flip?: boolean;
  /** Seed of everything random in the run. */
  seed?: number;
  /** Steps between preview pictures; 0 for none. */
  validation_steps?: number;
  /** Steps between checkpoints; 0 for none. */
  checkpointing_steps?: number;
  /** How norms are shifted. */
  norm_shift?: NormShift;
  /** Pixels a side of the pictures; none for those of the model. */
  resolution?: number;
}

/** Templates of captions; `{a}` and `{b}` stand for a subject with its article. */
export interface Captions {
  /** Caption of a picture of one subject; '{a}' stands for the subject. */
  single?: string;
  /** Caption of a left-right collage; '{b}' stands for the second subject. */
  left_right?: string;
  /** Caption of a top-bottom collage. */
  top_bottom?: string;
  /** Caption of half of all collages. */
  together?: string;
  /**
   * Scenes of class pictures ('in the snow'), used in turn; '' is the class alone. Various scenes
   * keep the class from taking over the backgrounds of the subject's pictures.
   */
  class_scenes?: string[];
}

/** The words of one subject. */
export interface SubjectWords {
  /** The identifier: one rare word, such as 'sks'. */
  token?: string;
  /** The class: one word or several, such as 'robot' or 'teddy bear'. */
  class_word?: string;
  /**
   * A whole prompt in place of identifier and class, for the editing of one picture. Usually
   * empty.
   */
  prompt?: string;
}

/** The direction of the seam. */
export type CollageLayout =
  /** The first subject on the left, the second on the right. */
  | "left_right"
  /** The first on the top, the second on the bottom. */
  | "top_bottom";

/** The content of one half. */
export interface SubjectHalf {
  /** Index of the subject. */
  subject: number;
  /** Index of the picture among the subject's. */
  picture: number;
  /** Side of the picture, as a fraction of the collage's side, 0.1 to 4. */
  scale: number;
  /**
   * From the half's middle to the picture's, right and down, as a fraction of the half's sides,
   * -1 to 1.
   */
  offset: [number, number];
}

/** Two subjects in one picture. */
export interface SubjectCollage {
  /** The direction of the seam. */
  layout: CollageLayout;
  /** Position of the seam, as a fraction of the side, 0.2 to 0.8. */
  seam: number;
  /** Left and right, or top and bottom. */
  halves: [SubjectHalf, SubjectHalf];
}

/** The settings of the pictures of one prompt. */
export interface GenerateConfig {
  /** What the picture should show. */
  prompt?: string;
  /** What it should not show. */
  negative_prompt?: string;
  /** Seed of the starting noise; picture i of a call has the seed + i. */
  seed?: number;
  /** The sampling method. */
  sampler?: SamplerKind;
  /** Sampling steps, 1 to the length of the noise schedule, usually 1000. */
  num_inference_steps?: number;
  /** Scale of classifier-free guidance, 0 to 100; up to 1 there is none, which takes half the time. */
  guidance_scale?: number;
  /**
   * η of the sampler ddim, 0 to 1: 0 adds no noise in the steps, 1 as much as DDPM. 0 for the
   * other samplers.
   */
  eta?: number;
  /** Number of pictures, 1 to 256. */
  num_images_per_prompt?: number;
  /** A word of the prompt whose attention is shown; usually empty. */
  attend_to?: string;
  /** Decodes with the model's tiny autoencoder, if it has one: faster, less exact. */
  preview?: boolean;
}

/** The settings of one edit: training on the picture, inversion and sampling. */
export interface EditConfig {
  /** What the picture shows. */
  prompt?: string;
  /** What it should show. */
  target_prompt?: string;
  /** Training steps on the picture; 0 edits with the model as it is. */
  max_train_steps?: number;
  /** Learning rate of the shifts of linear and convolution weights, constant over the run. */
  learning_rate?: number;
  /** Steps of the inversion and of each sampling run. */
  num_inference_steps?: number;
  /**
   * Fixed-point iterations per step of the inversion; 0 is diffusers' DDIM inversion. With the
   * embedded model, a reconstruction differs by 4 % with 0, by less than 1 % with 1, by 0.1 %
   * with 5.
   */
  refinements?: number;
  /** Scale of classifier-free guidance towards the target prompt, 0 to 100; up to 1 there is none. */
  guidance_scale?: number;
  /** DDIM's η, 0 to 1: with more, the result may differ more from the picture. */
  eta?: number;
  /** Starting noise between the picture's own (0) and fresh noise (1). */
  slerp?: number;
  /** Seed of the training and of the noise of eta and slerp. */
  seed?: number;
}

/** How the learning rates change over a training run. */
export type LrScheduler =
  /** No change. */
  | "constant"
  /** Down to zero along half a cosine. */
  | "cosine"
  /** Down to zero along a line. */
  | "linear";

/** How the timesteps of a training run are drawn. */
export type TimestepSampling =
  /** Independently and uniformly. */
  | "uniform"
  /** From each sixteenth of the noise schedule in turn, in a shuffled order. */
  | "stratified"
  /** In pairs: t and T - 1 - t. */
  | "antithetic";

/** A sampling method; each follows the diffusers class that its variant names. */
export type SamplerKind =
  /** DDIMScheduler. */
  | "ddim"
  /** EulerDiscreteScheduler. */
  | "euler"
  /** EulerAncestralDiscreteScheduler; adds noise in every step. */
  | "euler_ancestral"
  /** DPMSolverMultistepScheduler: DPM-Solver++ (2M). */
  | "dpm_solver_multistep"
  /** LCMScheduler, for latent consistency models. */
  | "lcm";

/** The layers of the UNet that are trained (SVDiff, section 4 and its table of sizes). */
export type LayerPreset =
  /** Every layer. */
  | "all"
  /** Cross-attention; UNet-CA in the paper. */
  | "cross_attention"
  /** Keys and values of cross-attention; UNet-CA-KV in the paper. */
  | "key_value"
  /** Norms. */
  | "one_d"
  /** Linear layers and embeddings. */
  | "two_d"
  /** Convolutions. */
  | "four_d"
  /** Up blocks. */
  | "up"
  /** Down blocks. */
  | "down"
  /** Mid block. */
  | "mid"
  /** Cross-attention of the up blocks. */
  | "up_cross_attention"
  /** Cross-attention of the down blocks. */
  | "down_cross_attention"
  /** Cross-attention of the mid block. */
  | "mid_cross_attention";

/** How the weights of norms are shifted. */
export type NormShift =
  /** One δ per channel, added to the weight (SVDiff's authors). */
  | "full_length"
  /** One δ per norm, on the singular value of the weight as a 1×C row (svdiff-pytorch). */
  | "scalar";

/** An event of the engine, posted in an `Answer`. */
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

/** The worker listens; messages that were sent before are lost. */
export interface ReadyEvent {
  type: "ready";
}

/** A device was chosen: its name, and why it was chosen. */
export interface DeviceEvent {
  type: "device";
  kind: DeviceKind;
  name: string;
  reason: string;
}

/** The progress of work: `done` of `total` steps. */
export interface ProgressEvent {
  type: "progress";
  task: Task;
  done: number;
  total: number;
}

/**
 * The progress of a download: `done` of `total` bytes of the file, `base_done` of `base_total`
 * bytes of the model. `component` is the file's folder ('unet'; empty for none). A total is 0
 * while it is unknown.
 */
export interface DownloadEvent {
  type: "download";
  component: string;
  path: string;
  from: BytesFrom;
  done: number;
  total: number;
  base_done: number;
  base_total: number;
}

/** A download is retried after `seconds`. */
export interface DownloadRetryEvent {
  type: "download_retry";
  path: string;
  reason: string;
  seconds: number;
}

/** The models of the catalogue, and its tokenizer for checkpoints of one file. */
export interface CatalogueEvent {
  type: "catalogue";
  bases: CatalogueBase[];
  tokenizer: TokenizerOffer | undefined;
}

/** The stored models, the most recently used one first. */
export interface StoredEvent {
  type: "stored";
  bases: StoredBase[];
}

/** The memory plan of a model. */
export interface PlannedEvent {
  type: "planned";
  plan: BasePlan;
}

/** Pictures have `size` pixels a side from now on. */
export interface SizeSetEvent {
  type: "size_set";
  size: number;
}

/** The memory that training or generating took. */
export interface MemoryUsedEvent {
  type: "memory_used";
  used: MemoryUse;
}

/**
 * The model is loaded; pictures have `size` pixels a side. `presets` are the presets of layers,
 * `text_encoder` is the number of the text encoder's shifts, `forward_seconds` the time of one
 * forward pass of the UNet (0 on a GPU).
 */
export interface LoadedEvent {
  type: "loaded";
  base: string;
  hash: string;
  size: number;
  presets: Preset[];
  text_encoder: number;
  forward_seconds: number;
  unfinished_run: UnfinishedRun | undefined;
}

/**
 * A picture was added or changed. `pixels` is its crop as training will see it: RGBA, `size`
 * pixels a side.
 */
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

/** A picture was removed. */
export interface PictureRemovedEvent {
  type: "picture_removed";
  id: number;
}

/** The first collages of a run. */
export interface CollagesEvent {
  type: "collages";
  collages: ShownCollage[];
}

/** A collage as the person arranged it. */
export interface CollageEvent extends ShownCollage {
  type: "collage";
}

/** Collages cannot be made of these subjects. */
export interface CollagesRefusedEvent {
  type: "collages_refused";
  error: EngineError;
}

/** A training step was made. `seconds_left` is NaN while it is unknown. */
export interface StepEvent {
  type: "step";
  step: number;
  total: number;
  loss: number;
  steps_per_second: number;
  seconds_left: number;
}

/** A picture of the subject as learned so far. */
export interface PreviewEvent {
  type: "preview";
  step: number;
  picture: Pixels;
}

/** The work was paused (true) or resumed (false). */
export interface PausedEvent {
  type: "paused";
  paused: boolean;
}

/** A checkpoint was stored in this browser. */
export interface CheckpointEvent {
  type: "checkpoint";
  step: number;
}

/** A delta is open. `id` is the hash of its content, `file` its bytes for download. */
export interface DeltaEvent {
  type: "delta";
  origin: Origin;
  id: string;
  summary: DeltaSummary;
  file_name: string;
  file: Uint8Array;
}

/** A delta's words were changed: `was` is closed, `id` is open in its place. */
export interface DescribedEvent {
  type: "described";
  was: string;
  id: string;
}

/** A delta as the text of a link; `error` is the rounding error, ‖difference‖ / ‖δ‖. */
export interface PackedEvent {
  type: "packed";
  id: string;
  text: string;
  error: number;
}

/** The delta that a link carries; it is not open yet. */
export interface UnpackedEvent {
  type: "unpacked";
  summary: DeltaSummary;
  file_name: string;
  file: Uint8Array;
}

/** A delta was closed. */
export interface DeltaClosedEvent {
  type: "delta_closed";
  id: string;
}

/** Pictures were generated. */
export interface GeneratedEvent {
  type: "generated";
  id: number;
  personalised: boolean;
  pictures: Pixels[];
}

/**
 * An edit is done; `lost` is the error of the inversion, ‖difference‖ / ‖picture‖ of the
 * latents.
 */
export interface EditedEvent {
  type: "edited";
  id: number;
  lost: number;
}

/**
 * A delta was written for another program. `kept` is the fraction of the change of linear and
 * convolution weights (Σ d²) that the files hold, `left_out` the fraction of the delta's whole
 * change that the format cannot hold.
 */
export interface ExportedEvent {
  type: "exported";
  files: ExportedFile[];
  kept: number;
  left_out: number;
}

/** The device was checked; differences above `tolerance` are not due to rounding. */
export interface CheckedEvent {
  type: "checked";
  differences: Difference[];
  tolerance: number;
}

/** Something to know that stops nothing. */
export interface WarningEvent {
  type: "warning";
  message: string;
}

/** The request is answered. */
export interface DoneEvent {
  type: "done";
}

/** The request ended because it was cancelled. */
export interface StoppedEvent {
  type: "stopped";
  task: Task;
}

/**
 * The request failed; the engine takes the next one, except after
 * `Error::Device`.
 */
export interface FailedEvent {
  type: "failed";
  task: Task;
  error: EngineError;
}

/** The request cannot be read. */
export interface RefusedEvent {
  type: "refused";
  error: EngineError;
}

/** Where a delta comes from. */
export type Origin =
  /** It was just trained. */
  | "trained"
  /** A file. */
  | "opened"
  /** A preview of the last training. */
  | "preview"
  /** An open delta whose words were changed. */
  | "described"
  /** Other open deltas. */
  | "combined";

/** A property of a picture that may make training worse. */
export type PictureFault =
  /** It has fewer pixels than the model's pictures. */
  | "tiny"
  /** It has no sharp edge. */
  | "blurry"
  /** The subject already has the same or nearly the same picture. */
  | "duplicate";

/** A file for download. */
export interface ExportedFile {
  /** Its name. */
  name: string;
  /** Its content. */
  bytes: Uint8Array;
}

/** The difference between the device and the reference in one part of the model. */
export interface Difference {
  /** The part, as the engine's check names it. */
  part: string;
  /** ‖device − reference‖ / ‖reference‖. */
  relative_l2: number;
}

/** A collage with its picture. */
export interface ShownCollage {
  /** Its index among the run's collages, from 0. */
  number: number;
  /** Its composition. */
  collage: Collage;
  /** Its caption in training. */
  caption: string;
  /** Its pixels in training. */
  picture: Pixels;
}

/** The metadata of a delta; untrusted text. */
export interface DeltaSummary {
  /** Title, if it has one. */
  title: string;
  /** The subjects that it has learned. */
  subjects: SubjectWords[];
  /** Training steps. */
  steps: number;
  /** Its author. */
  author: string;
  /** Its licence. */
  licence: string;
  /** Its description. */
  description: string;
  /** The time at which it was made, ISO 8601. */
  date: string;
  /** Name of the base model that it belongs to. */
  base: string;
  /** SHA-256 of that base model's weights; empty in entries that an earlier version stored. */
  base_sha256?: string;
  /** The number of its parameters. */
  parameters: number;
  /** Size of its file in bytes. */
  bytes: number;
}

/** A run that can be resumed. */
export interface UnfinishedRun {
  /** Its settings. */
  config: TrainConfig;
  /** Steps done. */
  step: number;
}

/** A preset of layers to train. */
export interface Preset {
  /** The choice. */
  name: LayerPreset;
  /** The number of shifts that it trains. */
  shifts: number;
}

/** Kinds of devices. */
export type DeviceKind =
  /** WebGPU. */
  | "gpu"
  /** WebAssembly. */
  | "cpu";

/**
 * What went wrong.
 * 
 * Serialised as `{ kind, message }` and the fields of the kind, so that the page shows the words
 * of the command line and never has to parse them.
 */
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

/** The kinds of errors. */
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

/** Which device to run on. */
export type DeviceChoice =
  /** WebGPU on a real GPU, otherwise the CPU. */
  | "auto"
  /** WebGPU, on a software adapter too. */
  | "gpu"
  /** The CPU. */
  | "cpu";

/** Two subjects in one picture, as in `config::collage`, with the ids of their pictures. */
export interface Collage {
  /** Top and bottom; otherwise left and right. */
  top_bottom: boolean;
  /** Position of the seam, as a fraction of the side. */
  seam: number;
  /** Left and right, or top and bottom. */
  halves: [Half, Half];
}

/** One half of a collage. */
export interface Half {
  /** The picture's id. */
  picture: number;
  /** Side of the picture, as a fraction of the collage's side. */
  scale: number;
  /** From the half's centre to the picture's, right and down, as fractions of the half's sides. */
  offset: [number, number];
}

/** A collage that replaces the drawn one of its number. */
export interface ArrangedCollage {
  /** Its index among the run's collages, from 0. */
  number: number;
  /** The collage as the person arranged it. */
  collage: Collage;
}

/** An open delta and its strength. */
export interface DeltaStrength {
  /** The delta's id. */
  id: string;
  /** 1 is as trained, 0 is the base model; below 0 leads away from the subject. */
  strength: number;
}

/** An RGBA picture, row by row. */
export interface Pixels {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** `width · height · 4` bytes. */
  rgba: Uint8Array;
}

/** How deltas are combined. */
export type Combining =
  /** The sum, each at its strength. */
  | "sum"
  /** Between two: the first's strength goes from 0 (the second) to 1 (the first). */
  | "interpolate"
  /** Geometry of the first, appearance of the second. */
  | "style_mix";

/** The format of another program. */
export type ExportFormat =
  /** kohya's LoRA, for sd-scripts, A1111, ComfyUI and diffusers. */
  | "lora_kohya"
  /** diffusers' and PEFT's LoRA. */
  | "lora_diffusers"
  /** svdiff-pytorch's spectral shifts. */
  | "svdiff_pytorch";

/** Kinds of work. */
export type Task =
  /** Loading the model. */
  | "load"
  /** Planning a model's memory. */
  | "plan"
  /** Reading the catalogue. */
  | "catalogue"
  /** Listing or removing stored models. */
  | "storage"
  /** Decomposing the model's weights. */
  | "decompose"
  /** Generating class pictures. */
  | "prior"
  /** Training. */
  | "train"
  /** Generating pictures. */
  | "generate"
  /** Opening a delta, or changing its words. */
  | "open_delta"
  /** Packing a delta into a link, or unpacking it. */
  | "link"
  /** Combining deltas. */
  | "combine"
  /** Exporting a delta for other programs. */
  | "export"
  /** Adding or changing a picture. */
  | "picture"
  /** Checking the device. */
  | "check";

/** Where a base model comes from. */
export type BaseSource =
  | FolderSource
  | CatalogueSource
  | CheckpointSource
  | DiskFolderSource
  | DiskCheckpointSource;

/**
 * The address of a diffusers folder, with a trailing slash. A folder of another site is stored in
 * this browser.
 */
export interface FolderSource {
  type: "folder";
  url: string;
}

/** A model of the catalogue, by its id. */
export interface CatalogueSource {
  type: "catalogue";
  id: string;
}

/**
 * The address of a checkpoint of one file in the original layout. A file of another site is stored
 * in this browser.
 */
export interface CheckpointSource {
  type: "checkpoint";
  url: string;
  tokenizer: TokenizerFrom;
  prediction?: Prediction;
}

/**
 * A diffusers folder on the person's disk, by its name. Its files are beside the request; they
 * are read in place and not stored.
 */
export interface DiskFolderSource {
  type: "disk_folder";
  title: string;
}

/** A checkpoint of one file on the person's disk, at this path among the files beside the request. */
export interface DiskCheckpointSource {
  type: "disk_checkpoint";
  path: string;
  tokenizer: TokenizerFrom;
  prediction?: Prediction;
}

/** Where the tokenizer of a checkpoint of one file comes from. */
export type TokenizerFrom =
  /** `vocab.json` and `merges.txt` beside the request. */
  | "beside"
  /** The catalogue's (`TokenizerOffer`), which is fetched once and stored. */
  | "catalogue";

/** CLIP's tokenizer from a model of the catalogue; it is the same for all Stable Diffusion models. */
export interface TokenizerOffer {
  /** The model that it is part of. */
  title: string;
  /** The host of its address. */
  host: string;
  /** Its bytes. */
  bytes: number;
}

/** A model of the catalogue. */
export interface CatalogueBase {
  /** Its name in `BaseSource::Catalogue`. */
  id: string;
  /** Its name. */
  title: string;
  /** What it is, in a sentence or two. */
  description: string;
  /** The address of its authors' page; may be empty. */
  page: string;
  /** Its licence. */
  licence: Licence;
  /** It comes with the page. */
  embedded: boolean;
  /** Why it cannot be loaded, if it cannot. */
  unavailable: string | undefined;
  /** Bytes of all its files. */
  bytes: number;
  /** Bytes that this browser has stored, those of an interrupted download included. */
  stored: number;
  /** Settings that suit it. */
  defaults: BaseDefaults;
  /** Bytes of memory needed to generate one picture, if known. */
  memory_to_generate: number | undefined;
  /** Bytes of memory needed to train, if known. */
  memory_to_train: number | undefined;
}

/** A licence. */
export interface Licence {
  /** Its name. */
  name: string;
  /** The address of its text. */
  url: string;
  /** A person must agree to it before the model is fetched. */
  consent: boolean;
}

/** Settings that suit a model. */
export interface BaseDefaults {
  /** The sampling method. */
  sampler: SamplerKind;
  /** Sampling steps. */
  steps: number;
  /** Classifier-free guidance; 1 is none. */
  guidance_scale: number;
  /** Pixels a side. */
  resolution: number;
  /** What the UNet predicts. */
  prediction: Prediction;
}

/** What a UNet predicts, as `scheduler_config.json` calls it. */
export type Prediction =
  /** The noise ε. */
  | "epsilon"
  /** v = √ᾱ ε − √(1−ᾱ) x₀. */
  | "v_prediction"
  /** x₀ itself. */
  | "sample";

/** Where the bytes of a file come from. */
export type BytesFrom =
  /** This browser's storage. */
  | "cache"
  /** The network. */
  | "network"
  /** Nowhere yet: another tab downloads the model, and this one waits. */
  | "other_tab"
  /** A file on the person's disk. */
  | "disk";

/** A model that this browser stores, completely or in part. */
export interface StoredBase {
  /** Names it in `Request::RemoveStored`. */
  key: string;
  /** Loads it; `None` for a tokenizer. */
  source?: BaseSource;
  /** Its name. */
  title: string;
  /** Bytes stored. A file that several models share counts in each. */
  stored: number;
  /** Bytes of all its files, as far as known. */
  bytes: number;
  /** Its download was interrupted; loading it resumes the download. */
  interrupted: boolean;
  /** It is loaded, so it cannot be removed. */
  in_use: boolean;
  /** When it was loaded last, in milliseconds since 1970-01-01. */
  used: number;
  /** Its files. */
  files: StoredFile[];
}

/** A file that this browser stores, completely or in part. */
export interface StoredFile {
  /** Its path in the model's folder. */
  path: string;
  /** Bytes stored. */
  stored: number;
  /** Total bytes; 0 if unknown. */
  bytes: number;
}

/** How much memory a model needs on this device, and how it is made to fit. */
export interface BasePlan {
  /** The model. */
  source: BaseSource;
  /** Pixels a side of the pictures that the model was trained with. */
  own_size: number;
  /**
   * Pixels a side in this plan: the requested size, otherwise the largest that fits for training,
   * otherwise the largest that fits for generating.
   */
  size: number;
  /** Sizes to choose from, in ascending order; only its own for a small model. */
  sizes: number[];
  /** Estimated bytes of memory of the device, or the stated ones. */
  budget: number;
  /** The budget is an estimate. */
  assumed: boolean;
  /** Generating. */
  generate: JobPlan;
  /** Training. */
  train: JobPlan;
}

/** The memory plan of one kind of work. */
export interface JobPlan {
  /** Whether it fits. */
  verdict: PlanVerdict;
  /** Pixels a side that the following is for. */
  size: number;
  /** Why it does not fit, as the end of a sentence; empty if it does. */
  reason: string;
  /** Peak memory in bytes. */
  peak: number;
  /** How memory is saved. */
  savings: Saving[];
  /** The memory of each phase. */
  phases: PlannedPhase[];
}

/** Whether work fits its device. */
export type PlanVerdict =
  /** As requested. */
  | "fits"
  /** With smaller pictures. */
  | "fits_smaller"
  /** At no size of pictures. */
  | "does_not_fit";

/** A way to save memory. */
export type Saving =
  /** Weights and factors in F16. */
  | "half_precision"
  /** The UNet's blocks are recomputed in the backward pass. */
  | "recompute"
  /** The model is offloaded during a run, and loaded again after it. */
  | "offload"
  /** The autoencoder works on tiles. */
  | "tiles";

/** One phase of the work. */
export interface PlannedPhase {
  /** What is done, as the end of 'while …'. */
  name: string;
  /** What is in memory at its peak. */
  items: PlannedItem[];
}

/** One item in memory. */
export interface PlannedItem {
  /** What it is. */
  name: string;
  /** Its bytes. */
  bytes: number;
}

/** The memory that work took, for comparison with its plan. */
export interface MemoryUse {
  /** The work. */
  task: Task;
  /** Peak bytes of the plan. */
  planned: number;
  /** Peak bytes of GPU buffers during the work; none on the CPU. */
  gpu_peak: number | undefined;
  /** Bytes of GPU buffers now. */
  gpu: number | undefined;
  /** Bytes of WebAssembly memory, which never shrinks. */
  wasm: number;
}
