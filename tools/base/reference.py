"""Reference tensors of the embedded base, by diffusers and transformers: `static/base/check.safetensors`.

The page's device check and the native test compare against them. To remake it after the base has
changed: `python tools/base/reference.py`.
"""
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

PROMPTS = ["photo of a dog on a blue background", "drawing of a sks robot in the snow"]


@torch.no_grad()
def make(seed: int, base: Path = Path("static/base")) -> None:
    generator = torch.Generator().manual_seed(seed)
    noise = lambda *shape: torch.randn(*shape, generator=generator)
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
    text_encoder = CLIPTextModel.from_pretrained(base / "text_encoder", dtype=torch.float32)
    unet = UNet2DConditionModel.from_pretrained(base / "unet", dtype=torch.float32)
    vae = AutoencoderKL.from_pretrained(base / "vae", dtype=torch.float32)
    length = text_encoder.config.max_position_embeddings
    ids = tokenizer(PROMPTS, padding="max_length", truncation=True, max_length=length, return_tensors="pt").input_ids
    states = text_encoder(ids).last_hidden_state
    size = unet.config.sample_size
    sample = noise(2, 4, size, size)
    timesteps = torch.tensor([13.0, 611.0])
    pixels = torch.rand(1, 3, vae.config.sample_size, vae.config.sample_size, generator=generator) * 2 - 1
    distribution = vae.encode(pixels).latent_dist
    latents = noise(1, 4, size, size)
    scheduler = DDIMScheduler.from_pretrained(base / "scheduler")
    scheduler.set_timesteps(25)
    sampled = sample[:1]
    for t in scheduler.timesteps:
        sampled = scheduler.step(unet(sampled, t, states[:1]).sample, t, sampled).prev_sample
    tensors = {
        "input_ids": ids.float(),
        "last_hidden_state": states,
        "sample": sample,
        "timesteps": timesteps,
        "noise_pred": unet(sample, timesteps, states).sample,
        "pixels": pixels,
        "mean": distribution.mean,
        "log_variance": distribution.logvar,
        "latents": latents,
        "decoded": vae.decode(latents).sample,
        "ddim": sampled,
    }
    save_file({name: t.contiguous() for name, t in tensors.items()}, base / "check.safetensors")


if __name__ == "__main__":
    make(0)
