"""Whole runs of diffusers' other samplers, for tests/parity/sampling/samplers.rs.

Writes into `samplers/`:
- `toy.safetensors`: runs around a model of two lines, which both sides compute alike: the scheduler
  alone is compared. Every run has `<name>.start` (standard normal), `<name>.timesteps`,
  `<name>.noise` [steps, ...] where the method adds noise, and `<name>.end`; its settings are in the
  metadata, as JSON by name.
- `unet.safetensors`: `start`, `hidden_states`, and for each method `<method>.noise` and
  `<method>.end` of a guided run with the UNet of the fixture `unet_sd1`, if that was made.
- `inverse.safetensors`: runs of DDIMInverseScheduler around the model of two lines, `<name>.start`,
  `<name>.timesteps` and `<name>.end`.
"""

import json
from pathlib import Path

import torch
from diffusers import (
    DDIMInverseScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    UNet2DConditionModel,
)
from safetensors.torch import save_file

SHAPE = [2, 4, 4, 4]
CLASSES = dict(
    euler=EulerDiscreteScheduler,
    euler_ancestral=EulerAncestralDiscreteScheduler,
    dpm_solver_multistep=DPMSolverMultistepScheduler,
    lcm=LCMScheduler,
)
SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading")
V = dict(SD, prediction_type="v_prediction")
ZERO_SNR = dict(V, timestep_spacing="trailing", rescale_betas_zero_snr=True, steps_offset=0)
COSINE = dict(beta_schedule="squaredcos_cap_v2", timestep_spacing="leading")
SPACED = {
    "leading": (SD, 25),
    "leading, no offset, odd": (dict(SD, steps_offset=0), 13),
    "linspace": (dict(SD, timestep_spacing="linspace"), 25),
    "linspace, odd": (dict(SD, timestep_spacing="linspace"), 7),
    "trailing": (dict(SD, timestep_spacing="trailing"), 20),
    "trailing, odd": (dict(SD, timestep_spacing="trailing"), 7),
    "v, linspace": (dict(V, timestep_spacing="linspace"), 11),
    "v, trailing, zero SNR": (ZERO_SNR, 25),
    "sample": (dict(SD, prediction_type="sample"), 12),
    "cosine": (COSINE, 10),
    "one step": (dict(SD, timestep_spacing="trailing"), 1),
    "two steps": (SD, 2),
}
# LCM chooses its timesteps by itself.
LCM = {
    "four steps": (SD, 4),
    "odd": (SD, 7),
    "as many as the teacher's": (dict(SD, original_inference_steps=20), 20),
    "one step": (SD, 1),
    "v, zero SNR": (dict(ZERO_SNR, timestep_scaling=5.0), 4),
    "sample, clipped": (dict(SD, prediction_type="sample", clip_sample=True, clip_sample_range=0.8), 6),
    "own distillation": (dict(SD, original_inference_steps=37, set_alpha_to_one=False), 5),
}
INVERSE = {
    "leading": (dict(SD, clip_sample=False, set_alpha_to_one=False), 25),
    "alpha to one, odd": (dict(SD, clip_sample=False, set_alpha_to_one=True), 7),
    "clipped": (dict(SD, clip_sample=True, clip_sample_range=1.5, set_alpha_to_one=False), 10),
    "v, trailing, zero SNR": (dict(ZERO_SNR, clip_sample=False), 20),
    "sample, trailing, odd": (
        dict(SD, prediction_type="sample", timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=False),
        13,
    ),
}
# What SchedulerConfig reads; DPMSolver's infinite default is not JSON.
KEYS = [
    "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type", "timestep_spacing",
    "steps_offset", "set_alpha_to_one", "rescale_betas_zero_snr", "clip_sample", "clip_sample_range",
    "original_inference_steps", "timestep_scaling",
]  # fmt: skip


def toy(sample: torch.Tensor, timestep: float) -> torch.Tensor:
    """Depends on every neighbour along a row and on the timestep; bounded."""
    return 0.7 * sample.roll(1, dims=3) + 0.2 * sample.clamp(-1, 1) - 0.0003 * float(timestep)


def run(method: str, scheduler, steps: int, start: torch.Tensor, generator: torch.Generator, predict) -> dict:
    """A whole run; the scheduler asks its generator for noise itself, so the same numbers are drawn twice."""
    scheduler.set_timesteps(steps)
    as_noise = method == "euler_ancestral" and scheduler.config.prediction_type == "sample"
    if as_noise:
        # diffusers leaves this combination out: the output is handed over as the noise that it means.
        scheduler.register_to_config(prediction_type="epsilon")
    random = method in ["euler_ancestral", "lcm"]
    seed = int(torch.randint(2**31, [1], generator=generator))
    own = torch.Generator().manual_seed(seed)
    sample = start * scheduler.init_noise_sigma
    for index, t in enumerate(scheduler.timesteps):
        output = predict(scheduler.scale_model_input(sample, t), t)
        if as_noise:
            output = (sample - output) / scheduler.sigmas[index]
        arguments = dict(generator=own) if random else {}
        sample = scheduler.step(output, t, sample, **arguments).prev_sample
    assert sample.isfinite().all() and sample.dtype == torch.float32, method
    found = dict(end=sample, timesteps=scheduler.timesteps.float())
    if random:
        again = torch.Generator().manual_seed(seed)
        found["noise"] = torch.stack([torch.randn(start.shape, generator=again) for _ in range(steps)])
    return found


def settings(method: str, scheduler, steps: int) -> str:
    config = {key: value for key, value in scheduler.config.items() if key in KEYS}
    return json.dumps(dict(method=method, config=config, steps=steps))


@torch.no_grad()
def make_toy(out: Path, generator: torch.Generator) -> None:
    tensors, metadata = {}, {}
    for method, scheduler in CLASSES.items():
        for name, (config, steps) in (LCM if method == "lcm" else SPACED).items():
            name = f"{method}, {name}"
            scheduled = scheduler(**config)
            metadata[name] = settings(method, scheduled, steps)
            start = torch.randn(SHAPE, generator=generator)
            found = run(method, scheduled, steps, start, generator, toy)
            tensors[f"{name}.start"] = start
            tensors.update({f"{name}.{key}": value for key, value in found.items()})
    save_file(tensors, out / "toy.safetensors", metadata=metadata)


@torch.no_grad()
def make_unet(out: Path, folder: Path, generator: torch.Generator) -> None:
    unet = UNet2DConditionModel.from_pretrained(folder).eval()
    size, channels = unet.config.sample_size, unet.config.cross_attention_dim
    start = torch.randn([1, 4, size, size], generator=generator)
    # Without the prompt, with it.
    states = torch.randn([2, 7, channels], generator=generator)

    def predict(sample, t):
        without, with_prompt = unet(torch.cat([sample] * 2), t, states).sample.chunk(2)
        return without + 4.0 * (with_prompt - without)

    tensors, metadata = dict(start=start, hidden_states=states), {}
    for method, scheduler in CLASSES.items():
        scheduled, steps = scheduler(**SD), dict(lcm=4, euler_ancestral=10).get(method, 25)
        metadata[method] = settings(method, scheduled, steps)
        found = run(method, scheduled, steps, start, generator, predict)
        tensors.update({f"{method}.{key}": value for key, value in found.items()})
    save_file(tensors, out / "unet.safetensors", metadata=metadata)


@torch.no_grad()
def make_inverse(out: Path, generator: torch.Generator) -> None:
    tensors, metadata = {}, {}
    for name, (config, steps) in INVERSE.items():
        scheduler = DDIMInverseScheduler(**config)
        scheduler.set_timesteps(steps)
        start = torch.randn(SHAPE, generator=generator)
        sample = start.clone()
        for t in scheduler.timesteps:
            sample = scheduler.step(toy(sample, t), int(t), sample).prev_sample
        assert sample.isfinite().all(), name
        metadata[name] = settings("ddim_inverse", scheduler, steps)
        tensors.update({f"{name}.start": start, f"{name}.end": sample, f"{name}.timesteps": scheduler.timesteps.float()})
    save_file(tensors, out / "inverse.safetensors", metadata=metadata)


def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    unet = out / "unet_sd1"
    out = out / "samplers"
    out.mkdir(parents=True, exist_ok=True)
    make_toy(out, generator)
    make_inverse(out, torch.Generator().manual_seed(seed + 1))
    if (unet / "config.json").exists():
        make_unet(out, unet, generator)


if __name__ == "__main__":
    import sys

    make(0, Path(sys.argv[1]))
