"""The autoencoder of the base: pictures of 64 px to latents [4, 16, 16] and back.

    python autoencoder.py WORK train --minutes 18    # WORK/base/vae; goes on with what is there
    python autoencoder.py WORK latents               # WORK/latents.pt: latents and token ids of all scenes
    python autoencoder.py WORK judge                 # PSNR on scenes that it never saw

Loss: L1 + L2 + half the L1 of the gradients along both axes + a little KL. Crops of 32 px first: four times
as many pictures a second.
"""

import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from scenes import World
from vocabulary import TOKENS

BATCH, CROP, CROPPED_PART = 16, 32, 0.8
LEARNING_RATE, KL_WEIGHT = 1.2e-3, 2e-4 / 64


def signed(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 [n, h, w, 3] to [n, 3, h, w] in [-1, 1]."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def scenes(work: Path) -> tuple[torch.Tensor, list[str]]:
    data = np.load(work / "scenes.npz", allow_pickle=True)
    return torch.from_numpy(data["x"]), list(data["t"])


def new() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=64,
    )


def loss_of(vae: AutoencoderKL, pictures: torch.Tensor) -> torch.Tensor:
    distribution = vae.encode(pictures).latent_dist
    error = vae.decode(distribution.sample()).sample - pictures
    edges = error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()
    return error.abs().mean() + error.square().mean() + 0.5 * edges + KL_WEIGHT * distribution.kl().mean()


def train(work: Path, minutes: float) -> None:
    folder = work / "base/vae"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    pictures, _ = scenes(work)
    vae = (AutoencoderKL.from_pretrained(folder).float() if folder.exists() else new()).to(device)
    optimiser = torch.optim.AdamW(vae.parameters(), lr=LEARNING_RATE, weight_decay=0)
    start, step = time.time(), 0
    while (part := (time.time() - start) / 60 / minutes) < 1:
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * (0.52 + 0.5 * math.cos(math.pi * part)) * min(1, (step + 1) / 50)
        batch = pictures[torch.randint(len(pictures), (BATCH,))]
        if part < CROPPED_PART:
            y, x = (random.randint(0, batch.shape[1] - CROP) for _ in range(2))
            batch = batch[:, y : y + CROP, x : x + CROP]
        loss = loss_of(vae, signed(batch).to(device))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 100 == 0:
            print(f"{part:.0%} step {step} loss {loss.item():.4f}", flush=True)
    vae.eval()
    with torch.no_grad():
        means = torch.cat([vae.encode(signed(some).to(device)).latent_dist.mean for some in pictures[:1024].split(64)])
    vae.register_to_config(scaling_factor=float(1 / means.std()))
    vae.save_pretrained(folder)


@torch.no_grad()
def latents(work: Path) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    pictures, captions = scenes(work)
    vae = AutoencoderKL.from_pretrained(work / "base/vae").float().to(device).eval()
    means = [vae.encode(signed(some).to(device)).latent_dist.mean.mul(vae.config.scaling_factor).half().cpu() for some in pictures.split(64)]
    tokenizer = CLIPTokenizer.from_pretrained(work / "base/tokenizer")
    ids = tokenizer(captions, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt").input_ids
    torch.save((torch.cat(means), ids.short()), work / "latents.pt")


@torch.no_grad()
def judge(work: Path, count: int = 512) -> None:
    # Seeds of scenes.draw are small; this one is none of them.
    world, generator = World(work), random.Random(1 << 40)
    pictures = signed(torch.from_numpy(np.stack([world.scene(generator)[0] for _ in range(count)])))
    vae = AutoencoderKL.from_pretrained(work / "base/vae").float().eval()
    decoded = torch.cat([vae.decode(vae.encode(some).latent_dist.mean).sample.clamp(-1, 1) for some in pictures.split(64)])
    squares = (decoded - pictures).square().mean(dim=(1, 2, 3)) / 4
    print(f"PSNR on {count} unseen scenes: {(-10 * squares.log10()).mean():.2f} dB on average, {-10 * squares.mean().log10():.2f} dB of the mean error")


if __name__ == "__main__":
    torch.manual_seed(0)
    random.seed(0)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("what", choices=["train", "latents", "judge"])
    parser.add_argument("--minutes", type=float, default=18)
    options = parser.parse_args()
    match options.what:
        case "train":
            train(options.work, options.minutes)
        case "latents":
            latents(options.work)
        case "judge":
            judge(options.work)
