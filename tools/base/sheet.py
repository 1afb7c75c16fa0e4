"""64 unselected pictures of a base: fixed prompts, noise of seed 0, 25 DDIM steps.

    python sheet.py BASE OUT.png [--guidance 4]

BASE is a diffusers folder (WORK/base, static/base). The prompts are in PROMPTS, row by row.
"""

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

STEPS, COLUMNS, SCALE = 25, 8, 2
PROMPTS = [
    *(f"photo of a {thing} on a {colour} background" for thing, colour in zip(
        ["dog", "cat", "fox", "penguin", "robot", "strawberry", "castle", "car"],
        ["blue", "white", "green", "teal", "yellow", "pink", "purple", "gray"], strict=True)),
    *(f"drawing of a {thing} on a {colour} background" for thing, colour in zip(
        ["panda", "lion", "pizza", "rocket", "turtle", "guitar", "house", "mushroom"],
        ["orange", "brown", "red", "black", "white", "blue", "pink", "green"], strict=True)),
    *(f"photo of a dog {scene}" for scene in (
        "on grass", "in the snow", "at night", "on a beach", "in the desert", "under water", "in the sky", "in space")),
    *(f"cartoon of a {thing}" for thing in (
        "dinosaur on a beach", "tiger in the snow", "rocket in space", "tropical fish under water",
        "butterfly in the sky", "cactus in the desert", "ghost at night", "sunflower on grass")),
    *(f"photo of a {thing} on a white background" for thing in (
        "small guitar", "big apple", "small car", "big teddy bear", "blue car", "yellow apple", "green key", "red whale")),
    *(f"photo of a {left} on the left and a {right} on the right on grass" for left, right in (
        ("dog", "cat"), ("car", "house"), ("panda", "pizza"), ("frog", "tulip"),
        ("lion", "tiger"), ("robot", "rocket"), ("banana", "strawberry"), ("moon", "sun"))),
    *(f"photo of a {top} on the top and a {bottom} on the bottom" for top, bottom in (
        ("cloud", "house"), ("bee", "sunflower"), ("sun", "cactus"), ("owl", "tree"),
        ("crown", "frog"), ("top hat", "pig"), ("balloon", "bear"), ("bus", "tree"))),
    *(f"picture of {things} on a white background" for things in (
        "two apples", "two dogs", "two cars", "two penguins", "a cat sitting beside a dog", "a robot beside a car",
        "a frog sitting on a mushroom", "a monkey sitting on a car")),
]  # fmt: skip


@torch.no_grad()
def pictures(base: Path, prompts: list[str], guidance: float) -> list[Image.Image]:
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
    text_encoder = CLIPTextModel.from_pretrained(base / "text_encoder").float().eval()
    unet = UNet2DConditionModel.from_pretrained(base / "unet").float().eval()
    vae = AutoencoderKL.from_pretrained(base / "vae").float().eval()
    scheduler = DDIMScheduler.from_pretrained(base / "scheduler")
    scheduler.set_timesteps(STEPS)
    embed = lambda texts: text_encoder(tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids).last_hidden_state
    size = unet.config.sample_size
    noise = torch.randn(len(prompts), 4, size, size, generator=torch.Generator().manual_seed(0))
    out = []
    for first in range(0, len(prompts), COLUMNS):
        some = prompts[first : first + COLUMNS]
        states, latents = torch.cat([embed([""] * len(some)), embed(some)]), noise[first : first + COLUMNS]
        for timestep in scheduler.timesteps:
            without, given = unet(torch.cat([latents] * 2), timestep, states).sample.chunk(2)
            latents = scheduler.step(without + guidance * (given - without), timestep, latents).prev_sample
        decoded = vae.decode(latents / vae.config.scaling_factor).sample.clamp(-1, 1)
        out += [Image.fromarray(((d + 1) * 127.5).byte().permute(1, 2, 0).numpy()) for d in decoded]
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--guidance", type=float, default=4.0)
    options = parser.parse_args()
    made = pictures(options.base, PROMPTS, options.guidance)
    side = made[0].width * SCALE
    sheet = Image.new("RGB", (COLUMNS * side, len(made) // COLUMNS * side))
    for index, picture in enumerate(made):
        sheet.paste(picture.resize((side, side), Image.NEAREST), (index % COLUMNS * side, index // COLUMNS * side))
    sheet.save(options.out)
