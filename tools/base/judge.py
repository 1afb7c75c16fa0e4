"""The judge: a small network that says what a picture shows. It sees all styles and things, those that the base never sees too.

    python judge.py WORK scenes              # WORK/judge.npz: scenes, plain and through the autoencoder, with what they show
    python judge.py WORK train --minutes 25  # tools/base/judge: weights (F16) and judge.json; goes on where it stopped
    python judge.py WORK score               # how often it is right on scenes that it never saw

Convolutions 3×3, each with GroupNorm and SiLU, then the mean over a region of the map [192, 8, 8]: the whole
picture or one of its halves. Linear heads on that: which sprite (a thing in a style; for whole and halves
alike), which ground, and on all regions' means one after the other which layout. judge.json has everything that reading and running it needs.
"""

import argparse
import json
import math
import os
import time
from multiprocessing import Pool
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from autoencoder import signed
from diffusers import AutoencoderKL
from world.grounds import COLOURS, SCENES, ground
from safetensors.torch import load_file, save_file
from world.scenes import STYLES, World, random_ground, world_of
from torch import nn

FOLDER = Path(__file__).parent / "judge"
# Out channels and stride of every convolution.
LAYERS = [(48, 2), (96, 2), (128, 1), (192, 2), (192, 1)]
GROUPS = 8
# Rows and columns of the map, from and to.
REGIONS = {"whole": (0, 8, 0, 8), "left": (0, 8, 0, 4), "right": (0, 8, 4, 8), "top": (0, 4, 0, 8), "bottom": (4, 8, 0, 8)}
GROUNDS = [*SCENES, *COLOURS]
LAYOUTS = ["one", "side by side", "above each other"]
LAYOUT_OF = {"one": 0, "pair": 1, "beside": 1, "above": 2, "sitting": 2}
HELD_OUT = "twitter"
ALL_STYLES = [*STYLES, HELD_OUT]
# As much of the scenes goes through the autoencoder, which takes most of the time.
THROUGH_PART = 0.4
# No sprite is asked of this region.
NONE = -1
BATCH, LEARNING_RATE, DECAY = 64, 2e-3, 0.998


class Judge(nn.Module):
    def __init__(self, sprites: int):
        super().__init__()
        channels = [3, *(out for out, _ in LAYERS)]
        self.features = nn.ModuleList(
            nn.ModuleDict({"conv": nn.Conv2d(before, out, 3, stride, 1), "norm": nn.GroupNorm(GROUPS, out)})
            for before, (out, stride) in zip(channels, LAYERS)
        )
        width = channels[-1]
        self.heads = nn.ModuleDict(
            {"sprite": nn.Linear(width, sprites), "ground": nn.Linear(width, len(GROUNDS)), "layout": nn.Linear(width * len(REGIONS), len(LAYOUTS))}
        )

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """[n, 3, 64, 64] in [-1, 1] to logits: sprites [n, regions, classes], ground, layout [n, classes]."""
        x = pictures
        for layer in self.features:
            x = F.silu(layer["norm"](layer["conv"](x)))
        pooled = torch.stack([x[:, :, top:bottom, left:right].mean(dim=(2, 3)) for top, bottom, left, right in REGIONS.values()], dim=1)
        return self.heads["sprite"](pooled), self.heads["ground"](pooled[:, 0]), self.heads["layout"](pooled.flatten(1))


def sprites(world: World) -> list[tuple[str, str]]:
    return [(thing, style) for thing in world.things for style in ALL_STYLES]


def part(job: tuple[Path, str, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """`count` scenes and what they show: [n, 5 regions + ground + layout], classes or NONE."""
    work, things, seed, count = job
    world, every, random = world_of(work, things), sprites(world_of(work, "all")), Random(seed)
    number = {sprite: index for index, sprite in enumerate(every)}
    pictures, shown = [], []
    for _ in range(count):
        kind = random_ground(random)
        canvas = ground(kind, world.side, random).convert("RGBA")
        mode = random.random()
        draw = world.one if mode < 0.5 else world.two if mode < 0.9 else world.pair
        # Half of the time all in one style, as the base draws them.
        same = random.choice(ALL_STYLES)
        one_style = random.random() < 0.5
        layout, _, seen = draw(canvas, lambda: same if one_style else random.choice(ALL_STYLES), random)
        classes = [number[thing.name, thing.style] for thing in seen]
        which = LAYOUT_OF[layout]
        whole = classes[0] if layout in ("one", "pair") else NONE
        halves = [[NONE] * 4, [*classes, NONE, NONE], [NONE, NONE, *classes]][which]
        pictures.append(world.small(canvas))
        shown.append([whole, *halves, GROUNDS.index(kind), which])
    return np.stack(pictures), np.array(shown, dtype=np.int16)


def scenes_of(work: Path, jobs: list[tuple[Path, str, int, int]], through_part: float = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures uint8 [n, 64, 64, 3], the first part of them also through the autoencoder, and what they show."""
    with Pool(2) as pool:
        parts = pool.map(part, jobs)
    pictures = torch.from_numpy(np.concatenate([p for p, _ in parts]))
    vae = AutoencoderKL.from_pretrained(work / "base/vae").float().eval().to(memory_format=torch.channels_last)
    through = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for some in pictures[: int(len(pictures) * through_part)].split(64):
            decoded = vae.decode(vae.encode(signed(some).contiguous(memory_format=torch.channels_last)).latent_dist.mean).sample
            through.append(((decoded.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1))
    return pictures, torch.cat(through), torch.from_numpy(np.concatenate([s for _, s in parts])).long()


def draw(work: Path, count: int) -> None:
    # The base's things twice as often as the others.
    jobs = [(work, ("first", "all")[seed % 2], seed, 500) for seed in range(math.ceil(count / 500))]
    pictures, through, shown = scenes_of(work, jobs, THROUGH_PART)
    np.savez(work / "judge.npz", pictures=pictures.numpy(), through=through.numpy(), shown=shown.numpy())


def varied(pictures: torch.Tensor, shown: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Half of them mirrored; other brightness, contrast and colour; some blur and noise."""
    each = lambda low, high: torch.empty(len(pictures), 1, 1, 1).uniform_(low, high)
    x, mirrored = signed(pictures), torch.rand(len(pictures)) < 0.5
    x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
    shown = torch.where(mirrored[:, None], shown[:, [0, 2, 1, 3, 4, 5, 6]], shown)
    gray = x.mean(dim=1, keepdim=True)
    x = gray.lerp(x, each(0.85, 1.15)) * each(0.88, 1.12) + each(-0.08, 0.08)
    x = x.lerp(F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False), each(-0.3, 0.7).clamp(min=0))
    return torch.addcmul(x, torch.randn_like(x), each(-0.06, 0.1).clamp(min=0)).clamp(-1, 1), shown


def loss_of(judge: nn.Module, pictures: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        seen, on, layout = judge(pictures)
    asked = shown[:, : len(REGIONS)]
    loss = F.cross_entropy(seen.float().flatten(0, 1), asked.flatten(), ignore_index=NONE)
    return loss + 0.3 * F.cross_entropy(on.float(), shown[:, -2]) + 0.3 * F.cross_entropy(layout.float(), shown[:, -1])


def train(work: Path, minutes: float) -> None:
    data = np.load(work / "judge.npz")
    versions, shown = [torch.from_numpy(data[name]) for name in ("pictures", "through")], torch.from_numpy(data["shown"])
    judge = Judge(len(sprites(World(work, things="all")))).to(memory_format=torch.channels_last)
    parameters = list(judge.parameters())
    average = [parameter.detach().clone() for parameter in parameters]
    optimiser = torch.optim.AdamW(parameters, weight_decay=0.02)
    state_file, step, before = work / "judge_state.pt", 0, 0.0
    if state_file.exists():
        state = torch.load(state_file)
        judge.load_state_dict(state["judge"])
        optimiser.load_state_dict(state["optimiser"])
        average, step, before = state["average"], state["step"], state["minutes"]
    torch.manual_seed(step)
    start, next_save, losses = time.time(), before + 5, []

    def save() -> None:
        state = {"judge": judge.state_dict(), "optimiser": optimiser.state_dict(), "average": average, "step": step, "minutes": elapsed}
        torch.save(state, state_file.with_suffix(".part"))
        os.replace(state_file.with_suffix(".part"), state_file)
        export(work, dict(zip((name for name, _ in judge.named_parameters()), average, strict=True)))

    while (elapsed := before + (time.time() - start) / 60) < minutes:
        choice = torch.randint(len(shown), (BATCH,))
        # Where there is one, mostly what the autoencoder made of it: generated pictures are of that kind.
        pictures, coded = versions[0][choice], (choice < len(versions[1])) & (torch.rand(BATCH) < 0.8)
        pictures[coded] = versions[1][choice[coded]]
        x, asked = varied(pictures, shown[choice].long())
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * (0.51 + 0.49 * math.cos(math.pi * elapsed / minutes)) * min(1, (step + 1) / 100)
        optimiser.zero_grad()
        loss = loss_of(judge, x.contiguous(memory_format=torch.channels_last), asked)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(average, [p.data for p in parameters], 1 - min(DECAY, (1 + step) / (10 + step)))
        losses.append(loss.item())
        if step % 100 == 0:
            print(f"{elapsed:.1f} min, step {step}, loss {sum(losses[-100:]) / len(losses[-100:]):.3f}", flush=True)
        if elapsed > next_save:
            save()
            next_save = elapsed + 5
    save()


def export(work: Path, weights: dict[str, torch.Tensor]) -> None:
    FOLDER.mkdir(exist_ok=True)
    save_file({name: weight.half().contiguous() for name, weight in weights.items()}, FOLDER / "judge.safetensors", metadata={"format": "pt"})
    about = {
        "input": {"shape": ["n", 3, World(work).size, World(work).size], "range": [-1, 1]},
        "features": [
            {"conv": f"features.{i}.conv", "kernel_size": 3, "stride": stride, "padding": 1, "out_channels": out,
             "norm": f"features.{i}.norm", "groups": GROUPS, "eps": 1e-5, "activation": "silu"}
            for i, (out, stride) in enumerate(LAYERS)
        ],
        "pool": "mean over rows and columns of the map, from and to",
        "regions": REGIONS,
        "heads": {
            "sprite": {"linear": "heads.sprite", "reads": "each region by itself"},
            "ground": {"linear": "heads.ground", "reads": "whole"},
            "layout": {"linear": "heads.layout", "reads": "all regions in this order, one after the other"},
        },
        "grounds": GROUNDS,
        "layouts": LAYOUTS,
        "sprites": sprites(World(work, things="all")),
        "styles_in_captions": {"3d": "photo", "flat": "drawing", "google": "cartoon"},
        "held_out_style": HELD_OUT,
    }  # fmt: skip
    (FOLDER / "judge.json").write_text(json.dumps(about, indent=0))


def trained(folder: Path = FOLDER) -> tuple[Judge, dict]:
    about = json.loads((folder / "judge.json").read_text())
    judge = Judge(len(about["sprites"]))
    judge.load_state_dict({name: weight.float() for name, weight in load_file(folder / "judge.safetensors").items()})
    return judge.eval(), about


@torch.no_grad()
def score(work: Path, count: int) -> None:
    judge, about = trained()
    # Seeds of `draw` are small.
    for things in ("first", "all"):
        plain, through, shown = scenes_of(work, [(work, things, (1 << 41) + part, 500) for part in range(count // 500)])
        for what, pictures in (("as drawn", plain), ("through the autoencoder", through)):
            outputs = [judge(signed(some)) for some in pictures.split(256)]
            seen, on, layout = (torch.cat([output[k] for output in outputs]).argmax(-1) for k in range(3))
            print(f"{'the 73 things' if things == 'first' else 'all things'}, {len(pictures)} scenes {what}:")
            print(f"  ground {rate(on == shown[:, -2])}, layout {rate(layout == shown[:, -1])}")
            for group, regions in (("whole", [0]), ("left or right", [1, 2]), ("top or bottom", [3, 4])):
                asked, got = shown[:, regions].flatten(), seen[:, regions].flatten()
                for held_out in (False, True):
                    of = (asked != NONE) & ((asked % len(ALL_STYLES) == ALL_STYLES.index(HELD_OUT)) == held_out)
                    thing = asked[of] // len(ALL_STYLES) == got[of] // len(ALL_STYLES)
                    print(f"  {group}, {'held-out style' if held_out else 'styles of the base'}: thing {rate(thing)}, sprite {rate(asked[of] == got[of])}")


def rate(right: torch.Tensor) -> str:
    return f"{right.float().mean():.1%}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("what", choices=["scenes", "train", "score"])
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--count", type=int, help="scenes: 40,000 to train on, 2,000 to score")
    options = parser.parse_args()
    match options.what:
        case "scenes":
            draw(options.work, options.count or 40_000)
        case "train":
            train(options.work, options.minutes)
        case "score":
            score(options.work, options.count or 2_000)
