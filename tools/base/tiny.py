"""The tiny autoencoder of the base, for previews: diffusers' AutoencoderTiny, the architecture of TAESD.

    python tiny.py WORK train --minutes 12           # WORK/tiny; goes on where it stopped
    python tiny.py WORK psnr [--tiny FOLDER]         # PSNR on scenes that it never saw, and the autoencoder's own

Both halves learn from WORK/latents.pt, what the autoencoder makes of the scenes: the encoder to give these
latents (L2), the decoder to give the scenes back (ten times the L2 + half the L1 of the gradients along both
axes). Its latents are scaled as the UNet's are, so its own `scaling_factor` is 1.
"""

import argparse
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny

from autoencoder import LATENT_NOISE, scenes, set_all, signed
from world.scenes import World

CHANNELS, BATCH, LEARNING_RATE = 24, 32, 2e-3


def new() -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(CHANNELS,) * 3,
        decoder_block_out_channels=(CHANNELS,) * 3,
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
    )


def loss_of(tiny: AutoencoderTiny, pictures: torch.Tensor, clean: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What the two halves lose together, and the decoder's mean square."""
    encoded = tiny.encode(pictures).latents
    # Latents on the way through a sampler are not exact.
    given = clean + torch.randn_like(clean) * torch.rand(len(clean), 1, 1, 1) * LATENT_NOISE
    error = tiny.decode(given).sample - pictures
    edges = error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()
    square = error.square().mean()
    return 10 * square + 0.5 * edges + (encoded - clean).square().mean(), square


def train(work: Path, minutes: float) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    (pictures, _), (latents, _) = scenes(work), torch.load(work / "latents.pt")
    tiny = new().to(device, memory_format=torch.channels_last)
    parameters = list(tiny.parameters())
    average = [parameter.detach().clone() for parameter in parameters]
    optimiser = torch.optim.AdamW(parameters, weight_decay=0)
    state_file, step, before = work / "tiny_state.pt", 0, 0.0
    if state_file.exists():
        state = torch.load(state_file, map_location=device)
        tiny.load_state_dict(state["tiny"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, before = state["average"], state["step"], state["minutes"]
    torch.manual_seed(step)
    start, next_save, squares = time.time(), before + 5, []

    def save() -> None:
        state = {"tiny": tiny.state_dict(), "optimiser": optimiser.state_dict(), "average": average, "step": step, "minutes": elapsed}
        torch.save(state, state_file.with_suffix(".part"))
        os.replace(state_file.with_suffix(".part"), state_file)
        raw = [parameter.detach().clone() for parameter in parameters]
        set_all(parameters, average)
        tiny.save_pretrained(work / "tiny")
        set_all(parameters, raw)

    while (elapsed := before + (time.time() - start) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * (0.51 + 0.49 * math.cos(math.pi * elapsed / minutes)) * min(1, (step + 1) / 100)
        choice = torch.randint(len(pictures), (BATCH,))
        batch = signed(pictures[choice]).to(device).contiguous(memory_format=torch.channels_last)
        loss, square = loss_of(tiny, batch, latents[choice].float().to(device))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(average, [p.data for p in parameters], 1 - min(0.998, (1 + step) / (10 + step)))
        squares.append(square.item() / 4)
        if step % 100 == 0:
            print(f"{elapsed:.1f} min, step {step}, {-10 * math.log10(sum(squares[-100:]) / 100):.2f} dB of the mean error", flush=True)
        if elapsed > next_save:
            save()
            next_save = elapsed + 5
    save()


@torch.no_grad()
def psnr(work: Path, folder: Path, count: int = 512) -> None:
    # Seeds of scenes.draw are small; this one is none of them.
    world, generator = World(work), random.Random(1 << 40)
    pictures = signed(torch.from_numpy(np.stack([world.scene(generator).picture for _ in range(count)])))
    vae, tiny = AutoencoderKL.from_pretrained(work / "base/vae").float().eval(), AutoencoderTiny.from_pretrained(folder).float().eval()
    latents = torch.cat([vae.encode(some).latent_dist.mean for some in pictures.split(64)])
    scale = vae.config.scaling_factor
    pairs = {
        "autoencoder": torch.cat([vae.decode(some).sample for some in latents.split(64)]),
        "tiny decoder": torch.cat([tiny.decode(some * scale).sample for some in latents.split(64)]),
        "tiny encoder and decoder": torch.cat([tiny.decode(tiny.encode(some).latents).sample for some in pictures.split(64)]),
    }
    for name, decoded in pairs.items():
        squares = (decoded.clamp(-1, 1) - pictures).square().mean(dim=(1, 2, 3)) / 4
        print(f"{name}, {count} unseen scenes: {(-10 * squares.log10()).mean():.2f} dB on average, {-10 * squares.mean().log10():.2f} dB of the mean error")


if __name__ == "__main__":
    torch.manual_seed(0)
    random.seed(0)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("what", choices=["train", "psnr"])
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--tiny", type=Path, help="WORK/tiny if not given")
    options = parser.parse_args()
    match options.what:
        case "train":
            train(options.work, options.minutes)
        case "psnr":
            psnr(options.work, options.tiny or options.work / "tiny")
