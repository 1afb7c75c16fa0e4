"""The autoencoder of the base: pictures of 64 px to latents [4, 16, 16] and back.

    python autoencoder.py WORK train --minutes 18    # WORK/base/vae; goes on with what is there
    python autoencoder.py WORK latents               # WORK/latents.pt: latents and token ids of all scenes
    python autoencoder.py WORK decoder --minutes 25  # WORK/decoder: the same encoder, its decoder trained on; goes on where it stopped
    python autoencoder.py WORK psnr [--vae FOLDER]   # PSNR on scenes that it never saw

Loss: L1 + L2 + half the L1 of the gradients along both axes + a little KL. Crops of 32 px first: four times
as many pictures a second. `decoder` leaves the meaning of the latents as it is, so that no UNet has to be
trained again; its loss is ten times the L2 in place of L1 + L2.
"""

import argparse
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from world.scenes import World
from world.vocabulary import TOKENS

BATCH, CROP, CROPPED_PART = 16, 32, 0.8
LEARNING_RATE, KL_WEIGHT = 1.2e-3, 2e-4 / 64
# Noise on the latents, at most, where their own deviation is 1.
DECODER_BATCH, DECODER_LEARNING_RATE, LATENT_NOISE = 32, 1e-3, 0.05


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


def train_decoder(work: Path, minutes: float) -> None:
    (pictures, _), (clean, _) = scenes(work), torch.load(work / "latents.pt")
    vae = AutoencoderKL.from_pretrained(work / "base/vae").float()
    decoder = torch.nn.Sequential(vae.post_quant_conv, vae.decoder).to(memory_format=torch.channels_last)
    parameters = list(decoder.parameters())
    average = [parameter.detach().clone() for parameter in parameters]
    optimiser = torch.optim.AdamW(parameters, weight_decay=0)
    state_file, step, before = work / "decoder_state.pt", 0, 0.0
    if state_file.exists():
        state = torch.load(state_file)
        decoder.load_state_dict(state["decoder"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, before = state["average"], state["step"], state["minutes"]
    torch.manual_seed(step)
    start, next_save, losses = time.time(), before + 5, []

    def save() -> None:
        state = {"decoder": decoder.state_dict(), "optimiser": optimiser.state_dict(), "average": average, "step": step, "minutes": elapsed}
        torch.save(state, state_file.with_suffix(".part"))
        os.replace(state_file.with_suffix(".part"), state_file)
        raw = [parameter.detach().clone() for parameter in parameters]
        set_all(parameters, average)
        vae.save_pretrained(work / "decoder")
        set_all(parameters, raw)

    while (elapsed := before + (time.time() - start) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = DECODER_LEARNING_RATE * (0.51 + 0.49 * math.cos(math.pi * elapsed / minutes)) * min(1, (step + 1) / 100)
        choice = torch.randint(len(pictures), (DECODER_BATCH,))
        # Generated latents are never exact.
        given = clean[choice].float() / vae.config.scaling_factor
        given = given + torch.randn_like(given) * torch.rand(DECODER_BATCH, 1, 1, 1) * LATENT_NOISE / vae.config.scaling_factor
        with torch.autocast("cpu", torch.bfloat16):
            decoded = decoder(given.contiguous(memory_format=torch.channels_last))
        error = decoded.float() - signed(pictures[choice])
        edges = error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()
        loss = 10 * error.square().mean() + 0.5 * edges
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(average, [p.data for p in parameters], 1 - min(0.998, (1 + step) / (10 + step)))
        losses.append(error.square().mean().item() / 4)
        if step % 100 == 0:
            print(f"{elapsed:.1f} min, step {step}, {-10 * math.log10(sum(losses[-100:]) / 100):.2f} dB of the mean error", flush=True)
        if elapsed > next_save:
            save()
            next_save = elapsed + 5
    save()


def set_all(parameters: list[torch.Tensor], values: list[torch.Tensor]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.data.copy_(value)


@torch.no_grad()
def psnr(work: Path, folder: Path, count: int = 512) -> None:
    # Seeds of scenes.draw are small; this one is none of them.
    world, generator = World(work), random.Random(1 << 40)
    pictures = signed(torch.from_numpy(np.stack([world.scene(generator).picture for _ in range(count)])))
    vae = AutoencoderKL.from_pretrained(folder).float().eval()
    decoded = torch.cat([vae.decode(vae.encode(some).latent_dist.mean).sample.clamp(-1, 1) for some in pictures.split(64)])
    squares = (decoded - pictures).square().mean(dim=(1, 2, 3)) / 4
    print(f"PSNR on {count} unseen scenes: {(-10 * squares.log10()).mean():.2f} dB on average, {-10 * squares.mean().log10():.2f} dB of the mean error")


if __name__ == "__main__":
    torch.manual_seed(0)
    random.seed(0)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("what", choices=["train", "latents", "decoder", "psnr"])
    parser.add_argument("--minutes", type=float, default=18)
    parser.add_argument("--vae", type=Path, help="WORK/base/vae if not given")
    options = parser.parse_args()
    match options.what:
        case "train":
            train(options.work, options.minutes)
        case "latents":
            latents(options.work)
        case "decoder":
            train_decoder(options.work, options.minutes)
        case "psnr":
            psnr(options.work, options.vae or options.work / "base/vae")
