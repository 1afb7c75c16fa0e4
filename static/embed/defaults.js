// Generated from src/config by `UPDATE_EMBED=1 cargo test --test embed_types`. Do not edit.

/** The settings of training on one subject; they suit the embedded model. */
export const TRAIN = {
  "captions": {
    "single": "photo of {a}",
    "leftRight": "photo of {a} on the left and {b} on the right",
    "topBottom": "photo of {a} on the top and {b} on the bottom",
    "together": "photo of {a} and {b}",
    "classScenes": [
      "",
      "on grass",
      "in the snow",
      "on a beach",
      "in space"
    ]
  },
  "maxTrainSteps": 100,
  "learningRate": 0.06,
  "learningRate1d": 0.00002,
  "adamWeightDecay": 0.01,
  "adamBetas": [
    0.9,
    0.999
  ],
  "adamEpsilon": 1e-8,
  "maxGradNorm": 1.0,
  "priorLossWeight": 0.2,
  "numClassImages": 8,
  "mixProbability": 0.6,
  "numCollages": 48,
  "unmixLossWeight": 0.0,
  "layers": "all",
  "trainTextEncoder": false,
  "timestepSampling": "uniform",
  "timestepRange": [
    0.0,
    1.0
  ],
  "snrGamma": 0.0,
  "lrScheduler": "cosine",
  "emaDecay": 0.0,
  "trainBatchSize": 8,
  "priorBatchSize": 2,
  "randomFlip": false,
  "seed": 0,
  "validationSteps": 20,
  "checkpointingSteps": 10,
  "normShift": "full_length"
};

/** What differs for several subjects. The training steps are for each of them. */
export const SEVERAL = {
  "maxTrainSteps": 150,
  "learningRate": 0.04,
  "trainBatchSize": 4,
  "priorBatchSize": 1
};

/** The settings of pictures. */
export const GENERATE = {
  "prompt": "",
  "negativePrompt": "",
  "seed": 0,
  "sampler": "ddim",
  "numInferenceSteps": 25,
  "guidanceScale": 4.0,
  "eta": 0.0,
  "numImagesPerPrompt": 1,
  "attendTo": ""
};

/** Settings that are whole numbers. */
export const WHOLE = [
  "checkpointingSteps",
  "maxTrainSteps",
  "numClassImages",
  "numCollages",
  "numImagesPerPrompt",
  "numInferenceSteps",
  "priorBatchSize",
  "seed",
  "trainBatchSize",
  "validationSteps"
];
