"""What the judge sees in the pictures of a base, as a table.

    python marks.py WORK [--base static/base] [--count 64] [--guidance 3 4 5]

Prompts are the captions of scenes that no base was trained on, `--count` for every kind and style, all of
fixed seeds; pictures are made in 25 DDIM steps and none is left out. Below each row the same for the
scenes themselves, through the base's autoencoder: what a perfect base would be given.
"""

import argparse
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from autoencoder import signed
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from judge import GROUNDS, LAYOUT_OF, REGIONS, trained
from world.scenes import SCENES, STYLE_WORDS, STYLES, Scene, World
from train import attention_in_f32
from transformers import CLIPTextModel, CLIPTokenizer

STEPS, BATCH = 25, 64
# Kind to what scenes are of it.
KINDS = {
    "one in a scene": lambda scene: scene.layout == "one" and scene.ground in SCENES,
    "two with places": lambda scene: " on the left and " in scene.caption or " on the top and " in scene.caption,
    "two beside": lambda scene: scene.layout == "beside" and " on the left and " not in scene.caption,
    "one sitting on one": lambda scene: scene.layout == "sitting",
}


class Base:
    """A base that makes pictures: a diffusers folder."""

    def __init__(self, folder: Path):
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").float().eval()
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet").float().eval().to(memory_format=torch.channels_last)
        self.vae = AutoencoderKL.from_pretrained(folder / "vae").float().eval()
        self.scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")

    def states(self, prompts: list[str]) -> torch.Tensor:
        return self.text_encoder(self.tokenizer(prompts, padding="max_length", truncation=True, return_tensors="pt").input_ids).last_hidden_state

    def pictures(self, prompts: list[str], guidance: float) -> torch.Tensor:
        """[n, 3, h, w] in [-1, 1]; noise of seed 0. Products in BF16, as in training."""
        size, made = self.unet.config.sample_size, []
        noise = torch.randn(len(prompts), 4, size, size, generator=torch.Generator().manual_seed(0))
        self.scheduler.set_timesteps(STEPS)
        for first in range(0, len(prompts), BATCH):
            some, latents = prompts[first : first + BATCH], noise[first : first + BATCH]
            states = torch.cat([self.states([""] * len(some)), self.states(some)])
            for timestep in self.scheduler.timesteps:
                with torch.autocast("cpu", torch.bfloat16):
                    without, given = self.unet(torch.cat([latents] * 2), timestep, states).sample.float().chunk(2)
                latents = self.scheduler.step(without + guidance * (given - without), timestep, latents).prev_sample
            made.append(self.vae.decode(latents / self.vae.config.scaling_factor).sample.clamp(-1, 1))
        return torch.cat(made)

    def through(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.vae.decode(self.vae.encode(some).latent_dist.mean).sample.clamp(-1, 1) for some in pictures.split(64)])


class Marks:
    """The judge, asked about scenes."""

    def __init__(self):
        self.judge, self.about = trained()
        self.things = sorted({thing for thing, _ in self.about["sprites"]})
        self.thing_of = torch.tensor([self.things.index(thing) for thing, _ in self.about["sprites"]])

    def seen(self, pictures: torch.Tensor, scenes: list[Scene]) -> list[float]:
        """Parts of the pictures where the asked things, these very sprites, the ground, the layout are seen."""
        sprites, grounds, layouts = (torch.cat(outputs) for outputs in zip(*(self.judge(some) for some in pictures.split(256))))
        every = [(thing, style) for thing, style in self.about["sprites"]]
        right = []
        for index, scene in enumerate(scenes):
            regions = {"one": ["whole"], "pair": ["whole"], "beside": ["left", "right"]}.get(scene.layout, ["top", "bottom"])
            things = sprite = True
            for region, thing in zip(regions, scene.things):
                likely = sprites[index, list(REGIONS).index(region)].softmax(0)
                # A thing is as likely as its sprites of all styles together.
                by_thing = torch.zeros(len(self.things)).index_add_(0, self.thing_of, likely)
                things &= self.things[by_thing.argmax()] == thing.name
                sprite &= every[likely.argmax()] == (thing.name, thing.style)
            ground = GROUNDS[grounds[index].argmax()] == scene.ground
            right.append([things, sprite, ground, layouts[index].argmax() == LAYOUT_OF[scene.layout]])
        return np.mean(np.array(right, dtype=float), axis=0).tolist()


def asked(world: World, kind: str, style: str, count: int) -> list[Scene]:
    """The first `count` scenes of a kind whose captions name the style. Seeds of scenes.draw are small."""
    random, scenes = Random(f"{kind} {style}"), []
    while len(scenes) < count:
        scene = world.scene(random, [style])
        if KINDS[kind](scene) and scene.caption.startswith(STYLE_WORDS[style]):
            scenes.append(scene)
    return scenes


@torch.no_grad()
def table(work: Path, folder: Path, count: int, guidances: list[float], kinds: list[str], things: str) -> None:
    F.scaled_dot_product_attention = attention_in_f32
    base, marks, world = Base(folder), Marks(), World(work, things=things)
    print(f"{folder}, {count} pictures of each kind and style\n\n| kind | style | guidance | thing | very sprite | ground | layout |\n|---|---|---|---|---|---|---|")
    for kind in kinds:
        for style in STYLES:
            scenes = asked(world, kind, style, count)
            row = lambda how, pictures: print(f"| {kind} | {STYLE_WORDS[style]} | {how} | " + " | ".join(f"{part:.0%}" for part in marks.seen(pictures, scenes)) + " |", flush=True)
            for guidance in guidances:
                row(guidance, base.pictures([scene.caption for scene in scenes], guidance))
            row("drawn", base.through(signed(torch.from_numpy(np.stack([scene.picture for scene in scenes])))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--base", type=Path, default=Path("static/base"))
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--guidance", type=float, nargs="+", default=[4.0])
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--things", choices=["first", "all"], default="first")
    options = parser.parse_args()
    table(options.work, options.base, options.count, options.guidance, options.kinds, options.things)
