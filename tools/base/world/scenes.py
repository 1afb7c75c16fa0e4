"""Scenes of 64 px with captions, drawn from the sprites: what a base learns from.

    python -m world.scenes WORK [--things all] [--count 120000]  # WORK/scenes.npz: pictures x [n, 64, 64, 3], captions t [n]
    python -m world.scenes WORK --sheet FILE.png                 # 96 of them, to look at

`scene` draws one from a seeded generator: a thing or two, in one of the styles, on a ground of one colour
or in a scene; the caption says what can be seen and where. A thing after an identifier ('a sks dog') has a
look of its own, another one each time: the word says that it is some particular one, not which.
"""

import argparse
import json
import math
from collections.abc import Callable
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from world.grounds import COLOURS, SCENES, ground
from world.looks import other_look
from PIL import Image
from world.recolour import HUES, RECOLOURED, recoloured
from world.things import UNKNOWN_WORDS, chosen
from world.vocabulary import IDENTIFIERS

SIZE = 64
# Drawn this many times larger, then scaled down.
OVERSAMPLING = 2
# The style's word in captions; 'picture' stands for any.
STYLE_WORDS = {"3d": "photo", "flat": "drawing", "google": "cartoon"}
STYLES = ["3d", "flat", "google"]
# What a base is taught: the cartoons, which look least like the others, twice as often.
TAUGHT = [*STYLES, "google"]
# How often a thing has a look of its own.
OWN_LOOK_PART = 0.2
# How often a thing of RECOLOURED is seen, and named, in another colour.
RECOLOURED_PART = 0.3
# How far one that sits reaches over the one below it, as a part of the side.
OVERLAP = 0.05


class Thing(NamedTuple):
    """One thing of a scene: its own name, its style, its colour if it has another, its words in the caption,
    and the seed of its look if it has one of its own."""

    name: str
    style: str
    colour: str | None
    words: str
    look: int | None = None


class Scene(NamedTuple):
    """picture: uint8 [size, size, 3]; layout: one, pair, beside, above (apart) or sitting (above, touching);
    things: left before right, top before bottom."""

    picture: np.ndarray
    caption: str
    ground: str
    layout: str
    things: list[Thing]


class World:
    """The sprites of one work folder. `things` names the part of them that is drawn: 'first' or 'all';
    `own_looks` says whether some have a look of their own."""

    def __init__(self, work: Path, size: int = SIZE, things: str = "first", own_looks: bool = False):
        self.work, self.side, self.own_looks = work, size * OVERSAMPLING, own_looks
        self.size = size
        known = json.loads((work / "index.json").read_text())
        self.things = chosen(things, known)

    @lru_cache(maxsize=None)
    def sprite(self, thing: str, style: str, colour: str | None = None) -> Image.Image:
        own = Image.open(self.work / "sprites" / f"{thing.replace(' ', '_')}.{style}.png").convert("RGBA")
        return recoloured(own, colour) if colour else own

    def drawn(self, thing: Thing) -> Image.Image:
        sprite = self.sprite(thing.name, thing.style, thing.colour)
        return sprite if thing.look is None else other_look(sprite, Random(thing.look))

    def scene(self, random: Random, styles: list[str] = STYLES, kind: str | None = None) -> Scene:
        style = random.choice(styles)
        word = STYLE_WORDS[style] if random.random() < 0.65 else "picture"
        kind = kind or random_ground(random)
        mode = random.random()
        draw = self.one if mode < 0.5 else self.two if mode < 0.92 else self.pair
        canvas = ground(kind, self.side, random).convert("RGBA")
        layout, what, things = draw(canvas, lambda: style, random)
        return Scene(self.small(canvas), f"{word} of {what}{place(kind, random)}", kind, layout, things)

    def small(self, canvas: Image.Image) -> np.ndarray:
        return np.asarray(canvas.convert("RGB").resize((self.size, self.size), Image.LANCZOS))

    def some(self, style: str, random: Random, other_than: str | None = None) -> Thing:
        name = random.choice([thing for thing in self.things if thing != other_than])
        colour = random.choice(HUES) if name in RECOLOURED and random.random() < RECOLOURED_PART else None
        if self.own_looks and random.random() < OWN_LOOK_PART:
            # Of any style, whatever the caption's word.
            return Thing(name, random.choice(STYLES), None, f"{identifier(random)} {name}", random.getrandbits(32))
        return Thing(name, style, colour, f"{colour} {name}" if colour else name)

    def one(self, canvas: Image.Image, style: Callable[[], str], random: Random) -> tuple[str, str, list[Thing]]:
        thing = self.some(style(), random)
        what, size = thing.words, random.uniform(0.62, 0.82)
        which = random.random()
        if which < 0.12:
            what, size = f"small {what}", random.uniform(0.32, 0.42)
        elif which < 0.24:
            what, size = f"big {what}", random.uniform(0.86, 0.96)
        margin = (1 - size) / 2
        at = [0.5 + random.uniform(-margin, margin) * 0.6, 0.52 + random.uniform(-margin, margin) * 0.6]
        self.put(canvas, self.drawn(thing), at, size, random)
        return "one", with_article(what), [thing]

    def two(self, canvas: Image.Image, style: Callable[[], str], random: Random) -> tuple[str, str, list[Thing]]:
        first = self.some(style(), random)
        second = self.some(style(), random, other_than=first.name)
        names = [with_article(thing.words) for thing in (first, second)]
        sizes = [random.uniform(0.4, 0.5) for _ in range(2)]
        which = random.random()
        if which < 0.72:
            for thing, along, size in zip((first, second), (0.27, 0.73), sizes):
                self.put(canvas, self.drawn(thing), [along, 0.5 + random.uniform(-0.12, 0.12)], size, random)
            if which < 0.36:
                return "beside", f"{names[0]} on the left and {names[1]} on the right", [first, second]
            word = random.choice(["and", "next to", "beside", "sitting beside"])
            return "beside", f"{names[0]} {word} {names[1]}", [first, second]
        if which < 0.88:
            for thing, along, size in zip((first, second), (0.27, 0.73), sizes):
                self.put(canvas, self.drawn(thing), [0.5 + random.uniform(-0.1, 0.1), along], size, random)
            return "above", f"{names[0]} on the top and {names[1]} on the bottom", [first, second]
        above, under = self.drawn(first), self.drawn(second)
        low, below = 0.73 + random.uniform(-0.02, 0.02), 0.5 + random.uniform(-0.06, 0.06)
        seat = low + sizes[1] * (seen_rows(under)[0] - 0.5)
        high = seat + OVERLAP - sizes[0] * (seen_rows(above)[1] - 0.5)
        self.put(canvas, under, [below, low], sizes[1], random)
        self.put(canvas, above, [below + random.uniform(-0.04, 0.04), high], sizes[0], random)
        return "sitting", f"{names[0]} sitting on {names[1]}", [first, second]

    def pair(self, canvas: Image.Image, style: Callable[[], str], random: Random) -> tuple[str, str, list[Thing]]:
        thing, size = self.some(style(), random), random.uniform(0.38, 0.48)
        sprite = self.drawn(thing)
        for x in (0.27, 0.73):
            self.put(canvas, sprite, [x, 0.5 + random.uniform(-0.12, 0.12)], size, random)
        return "pair", f"two {thing.words}s", [thing, thing]

    def put(self, canvas: Image.Image, sprite: Image.Image, at: list[float], size: float, random: Random, flip: bool = True) -> None:
        """Puts a sprite with its middle at `at`, as parts of the side; mirrored half of the time."""
        side = int(size * self.side)
        sprite = sprite.resize((side, side), Image.LANCZOS)
        if flip and random.random() < 0.5:
            sprite = sprite.transpose(Image.FLIP_LEFT_RIGHT)
        canvas.paste(sprite, tuple(int(middle * self.side - side / 2) for middle in at), sprite)


def seen_rows(sprite: Image.Image) -> tuple[float, float]:
    """The first and last row that can be seen, as parts of the sprite's side."""
    _, top, _, bottom = sprite.getchannel("A").point(lambda alpha: 255 if alpha > 40 else 0).getbbox()
    return top / sprite.height, bottom / sprite.height


def identifier(random: Random) -> str:
    """One that people use, a made-up word, or a few letters that no other caption has."""
    some = random.random()
    if some < 0.7:
        return random.choice(IDENTIFIERS if some < 0.3 else UNKNOWN_WORDS)
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=random.randint(2, 4)))


def random_ground(random: Random) -> str:
    return random.choice(SCENES) if random.random() < 0.5 else random.choice(list(COLOURS))


def with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' and not words.startswith(('unicorn', 'ufo')) else 'a'} {words}"


def place(kind: str, random: Random) -> str:
    if kind not in COLOURS:
        return f" {kind}"
    # A white ground often goes unsaid.
    return f" on {with_article(kind)} background" if kind != "white" or random.random() < 0.5 else ""


@lru_cache(maxsize=None)
def world_of(work: Path, things: str, own_looks: bool = False) -> World:
    """One for every process: its sprites stay in memory."""
    return World(work, things=things, own_looks=own_looks)


def part(job: tuple[Path, str, int, int]) -> tuple[np.ndarray, list[str]]:
    work, things, seed, count = job
    world, random = world_of(work, things, own_looks=True), Random(seed)
    scenes = [world.scene(random, TAUGHT) for _ in range(count)]
    return np.stack([scene.picture for scene in scenes]), [scene.caption for scene in scenes]


def draw(work: Path, things: str, count: int, processes: int = 2) -> None:
    """WORK/scenes.npz, the same for any number of processes."""
    jobs = [(work, things, seed, 1000) for seed in range(math.ceil(count / 1000))]
    with Pool(processes) as pool:
        parts = pool.map(part, jobs)
    captions = np.array([caption for _, some in parts for caption in some], dtype=object)
    np.savez(work / "scenes.npz", x=np.concatenate([pictures for pictures, _ in parts]), t=captions)


def sheet(work: Path, things: str, out: Path) -> None:
    world, random = World(work, things=things, own_looks=True), Random(1)
    canvas = Image.new("RGB", (16 * 66, 6 * 66), "gray")
    for index in range(96):
        scene = world.scene(random)
        canvas.paste(Image.fromarray(scene.picture), (index % 16 * 66 + 1, index // 16 * 66 + 1))
        print(scene.caption)
    canvas.save(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--things", choices=["first", "all"], default="first", help="the 73 that a processor can teach, or all")
    parser.add_argument("--count", type=int, default=120_000)
    parser.add_argument("--sheet", type=Path, metavar="FILE.png")
    options = parser.parse_args()
    if options.sheet:
        sheet(options.work, options.things, options.sheet)
    else:
        draw(options.work, options.things, options.count)
