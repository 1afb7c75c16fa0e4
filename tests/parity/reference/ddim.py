"""Whole sampling runs of diffusers, for tests/parity/sampling/ddim.rs.

Writes into `ddim/`:
- `toy.safetensors`: runs around a model of two lines, which both sides compute alike: the scheduler
  alone is compared. Every run has `<name>.start`, `<name>.noise` [steps, ...] and `<name>.end`;
  its settings are in the metadata, as JSON by name.
- `unet.safetensors`: `start`, `hidden_states` and `end` of a 25-step DDIM run at guidance 7.5 with
  the UNet of the fixture `unet_sd1`, if that was made.
"""

import json
from pathlib import Path

import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DConditionModel
from safetensors.torch import save_file

SHAPE = [2, 4, 4, 4]
SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, clip_sample=False)
RUNS = {
    "epsilon": (dict(SD, set_alpha_to_one=False), 25, 0.0),
    "epsilon, eta 0.5": (dict(SD, set_alpha_to_one=False), 25, 0.5),
    "epsilon, eta 1": (dict(SD, set_alpha_to_one=True), 25, 1.0),
    "sample": (dict(SD, prediction_type="sample", set_alpha_to_one=False), 25, 0.0),
    "v, trailing, zero SNR": (
        dict(SD, prediction_type="v_prediction", timestep_spacing="trailing", rescale_betas_zero_snr=True, steps_offset=0),
        25,
        0.0,
    ),
    "v, linspace": (dict(SD, prediction_type="v_prediction", timestep_spacing="linspace", set_alpha_to_one=False), 25, 0.3),
    "clipped": (dict(SD, clip_sample=True, clip_sample_range=1.5, set_alpha_to_one=False), 25, 0.2),
    "odd number of steps": (dict(SD, set_alpha_to_one=False), 7, 0.0),
}


def toy(sample: torch.Tensor, timestep: int) -> torch.Tensor:
    """Depends on every neighbour along a row and on the timestep; bounded."""
    return 0.7 * sample.roll(1, dims=3) + 0.2 * sample.clamp(-1, 1) - 0.0003 * int(timestep)


def runs(generator: torch.Generator):
    for name, (config, steps, eta) in RUNS.items():
        yield name, "ddim", DDIMScheduler(**config), steps, eta
    for name in ["epsilon", "v, trailing, zero SNR", "clipped"]:
        config = {k: v for k, v in RUNS[name][0].items() if k != "set_alpha_to_one"}
        yield f"ddpm, {name}", "ddpm", DDPMScheduler(**config), 25, 0.0


@torch.no_grad()
def make_toy(out: Path, generator: torch.Generator) -> None:
    tensors, settings = {}, {}
    for name, method, scheduler, steps, eta in runs(generator):
        scheduler.set_timesteps(steps)
        start = torch.randn(SHAPE, generator=generator)
        # DDPM asks its generator for noise itself, so the same numbers are drawn twice.
        seed = int(torch.randint(2**31, [1], generator=generator))
        noise = [torch.randn(SHAPE, generator=g) for g in [torch.Generator().manual_seed(seed)] for _ in range(steps)]
        own = torch.Generator().manual_seed(seed)
        sample = start.clone()
        for index, t in enumerate(scheduler.timesteps):
            output = toy(sample, t)
            if method == "ddim":
                sample = scheduler.step(output, int(t), sample, eta=eta, variance_noise=noise[index]).prev_sample
            else:
                sample = scheduler.step(output, int(t), sample, generator=own).prev_sample
        assert sample.isfinite().all(), name
        tensors[f"{name}.start"], tensors[f"{name}.end"] = start, sample
        if method == "ddpm" or eta > 0:
            tensors[f"{name}.noise"] = torch.stack(noise)
        settings[name] = json.dumps(dict(method=method, config=dict(scheduler.config), steps=steps, eta=eta), default=str)
    save_file(tensors, out / "toy.safetensors", metadata=settings)


@torch.no_grad()
def make_unet(out: Path, folder: Path, generator: torch.Generator) -> None:
    unet = UNet2DConditionModel.from_pretrained(folder).eval()
    size, channels = unet.config.sample_size, unet.config.cross_attention_dim
    start = torch.randn([1, 4, size, size], generator=generator)
    # Without the prompt, with it.
    hidden_states = torch.randn([2, 7, channels], generator=generator)
    scheduler = DDIMScheduler(**SD, set_alpha_to_one=False)
    scheduler.set_timesteps(25)
    sample = start.clone()
    for t in scheduler.timesteps:
        without, with_prompt = unet(torch.cat([sample] * 2), t, hidden_states).sample.chunk(2)
        sample = scheduler.step(without + 7.5 * (with_prompt - without), t, sample).prev_sample
    assert sample.isfinite().all()
    config = json.dumps(dict(scheduler.config), default=str)
    save_file(dict(start=start, hidden_states=hidden_states, end=sample), out / "unet.safetensors", metadata=dict(config=config))


def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    unet = out / "unet_sd1"
    out = out / "ddim"
    out.mkdir(parents=True, exist_ok=True)
    make_toy(out, generator)
    if (unet / "config.json").exists():
        make_unet(out, unet, generator)


if __name__ == "__main__":
    import sys

    make(0, Path(sys.argv[1]))
