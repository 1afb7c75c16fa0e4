"""Scenes of 64 px with captions, drawn from the sprites: what a base learns from.

    python scenes.py WORK --count 60000     # WORK/scenes.npz: pictures x [n, 64, 64, 3], captions t [n]
    python scenes.py WORK --sheet FILE.png  # 96 of them, to look at

`scene` draws one from a seeded generator: a thing or two, in one of the styles, on a ground of one colour
or in a scene; the caption says what can be seen and where.
"""

import argparse
import json
import math
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw
from things import FIRST, UNKNOWN_WORDS, words

SIZE = 64
# Drawn this many times larger, then scaled down.
OVERSAMPLING = 2
# The style's word in captions; 'picture' stands for any.
STYLE_WORDS = {"3d": "photo", "flat": "drawing", "google": "cartoon"}
STYLES = ["3d", "flat"]
COLOURS = {
    "red": (222, 60, 60), "orange": (245, 150, 50), "yellow": (250, 215, 80), "green": (90, 180, 90),
    "blue": (70, 130, 230), "purple": (150, 90, 210), "pink": (250, 165, 200), "gray": (150, 150, 155),
    "black": (25, 25, 30), "white": (252, 252, 252), "brown": (140, 95, 60), "teal": (60, 175, 175),
}  # fmt: skip
SCENES = ["on grass", "in the snow", "at night", "on a beach", "in the desert", "under water", "in the sky", "in space"]
THINGS = sorted(words(FIRST))
Colour = tuple[float, float, float]


class World:
    """The sprites of one work folder."""

    def __init__(self, work: Path, size: int = SIZE):
        self.work, self.side = work, size * OVERSAMPLING
        self.size = size
        known = json.loads((work / "index.json").read_text())
        self.things = [thing for thing in THINGS if thing in known]

    @lru_cache(maxsize=None)
    def sprite(self, thing: str, style: str) -> Image.Image:
        return Image.open(self.work / "sprites" / f"{thing.replace(' ', '_')}.{style}.png").convert("RGBA")

    def scene(self, random: Random, styles: list[str] = STYLES, kind: str | None = None) -> tuple[np.ndarray, str]:
        """A picture, uint8 [size, size, 3], and its caption."""
        style = random.choice(styles)
        word = STYLE_WORDS[style] if random.random() < 0.65 else "picture"
        kind = kind or (random.choice(SCENES) if random.random() < 0.5 else random.choice(list(COLOURS)))
        canvas = self.background(kind, random).convert("RGBA")
        mode = random.random()
        draw = self.one if mode < 0.6 else self.two if mode < 0.9 else self.pair
        what = draw(canvas, style, random)
        picture = canvas.convert("RGB").resize((self.size, self.size), Image.LANCZOS)
        return np.asarray(picture), f"{word} of {what}{place(kind, random)}"

    def one(self, canvas: Image.Image, style: str, random: Random) -> str:
        thing = random.choice(self.things)
        name = named(thing, random)
        which, size = random.random(), random.uniform(0.62, 0.82)
        if which < 0.12:
            name, size = f"small {name}", random.uniform(0.32, 0.42)
        elif which < 0.24:
            name, size = f"big {name}", random.uniform(0.86, 0.96)
        margin = (1 - size) / 2
        at = [0.5 + random.uniform(-margin, margin) * 0.6, 0.52 + random.uniform(-margin, margin) * 0.6]
        self.put(canvas, self.sprite(thing, style), at, size, random)
        return with_article(name)

    def two(self, canvas: Image.Image, style: str, random: Random) -> str:
        first = random.choice(self.things)
        second = random.choice([thing for thing in self.things if thing != first])
        names = [with_article(named(thing, random)) for thing in (first, second)]
        beside = random.random() < 0.75
        for thing, along in ((first, 0.27), (second, 0.73)):
            across = 0.5 + (random.uniform(-0.12, 0.12) if beside else random.uniform(-0.1, 0.1))
            at = [along, across] if beside else [across, along]
            self.put(canvas, self.sprite(thing, style), at, random.uniform(0.4, 0.5), random)
        if not beside:
            return f"{names[0]} on the top and {names[1]} on the bottom"
        which = random.random()
        if which < 0.6:
            return f"{names[0]} on the left and {names[1]} on the right"
        return f"{names[0]} {'and' if which < 0.85 else 'next to'} {names[1]}"

    def pair(self, canvas: Image.Image, style: str, random: Random) -> str:
        thing = random.choice(self.things)
        name, size = named(thing, random), random.uniform(0.38, 0.48)
        for x in (0.27, 0.73):
            self.put(canvas, self.sprite(thing, style), [x, 0.5 + random.uniform(-0.12, 0.12)], size, random)
        return f"two {name}s"

    def put(self, canvas: Image.Image, sprite: Image.Image, at: list[float], size: float, random: Random, flip: bool = True) -> None:
        """Puts a sprite with its middle at `at`, as parts of the side; mirrored half of the time."""
        side = int(size * self.side)
        sprite = sprite.resize((side, side), Image.LANCZOS)
        if flip and random.random() < 0.5:
            sprite = sprite.transpose(Image.FLIP_LEFT_RIGHT)
        canvas.paste(sprite, tuple(int(middle * self.side - side / 2) for middle in at), sprite)

    def background(self, kind: str, random: Random) -> Image.Image:
        horizon = random.uniform(0.55, 0.7)
        near = lambda colour, by=12: tuple(max(0, min(255, value + random.randint(-by, by))) for value in colour)
        if kind in COLOURS:
            colour = near(COLOURS[kind])
            return self.gradient(colour, near(colour, 6))
        match kind:
            case "on grass":
                return self.land([near(c) for c in ((120, 190, 245), (200, 230, 250), (110, 190, 80), (70, 150, 60))], horizon)
            case "in the snow":
                sky = [near(c) for c in ((170, 195, 225), (215, 228, 240))]
                return self.dots(self.land([*sky, (245, 248, 252), (225, 235, 245)], horizon), random, 26, (255, 255, 255), [1, 1.5, 2])
            case "at night":
                colours = [near(c, 5) for c in ((12, 14, 45), (35, 40, 90), (25, 45, 45), (15, 30, 30))]
                return self.dots(self.land(colours, horizon + 0.1), random, 22, (250, 245, 190), [0.8, 1.2], lowest=0.6)
            case "on a beach":
                colours = [near(c) for c in ((130, 205, 250), (205, 235, 250), (60, 150, 215), (90, 190, 225))]
                pixels = np.array(self.land(colours, 0.42))
                pixels[int(self.side * horizon) :] = near((240, 215, 160), 8)
                return Image.fromarray(pixels)
            case "in the desert":
                return self.land([near(c) for c in ((250, 190, 120), (255, 225, 170), (225, 170, 95), (200, 140, 75))], horizon)
            case "under water":
                return self.dots(self.gradient(near((60, 170, 220)), near((10, 60, 130))), random, 14, (170, 220, 245), [1, 2, 3])
            case "in the sky":
                return self.clouds(self.gradient(near((90, 165, 245)), near((175, 215, 250))), random)
            case "in space":
                return self.dots(self.gradient(near((10, 8, 25), 5), near((30, 15, 50), 8)), random, 34, (255, 255, 255), [0.6, 1, 1.4])
        raise ValueError(f"there is no ground '{kind}'")

    def gradient(self, top: Colour, bottom: Colour, rows: int | None = None) -> Image.Image:
        rows = rows or self.side
        t = np.linspace(0, 1, rows)[:, None, None]
        mixed = np.array(top) * (1 - t) + np.array(bottom) * t
        return Image.fromarray(np.broadcast_to(mixed, (rows, self.side, 3)).clip(0, 255).astype(np.uint8))

    def land(self, colours: list[Colour], horizon: float) -> Image.Image:
        """Sky above the horizon, ground below, each with its own two colours."""
        picture, y = self.gradient(*colours[:2]), int(self.side * horizon)
        picture.paste(self.gradient(*colours[2:], rows=self.side - y), (0, y))
        return picture

    def dots(self, picture: Image.Image, random: Random, count: int, colour: Colour, radii: list[float], lowest: float = 1.0) -> Image.Image:
        draw = ImageDraw.Draw(picture)
        for _ in range(count):
            x, y, radius = random.random() * self.side, random.random() * self.side * lowest, random.choice(radii)
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        return picture

    def clouds(self, picture: Image.Image, random: Random) -> Image.Image:
        draw = ImageDraw.Draw(picture)
        for _ in range(random.randint(2, 4)):
            x, y = random.random() * self.side, random.random() * self.side
            for puff in range(4):
                r = random.uniform(5, 10)
                draw.ellipse((x + puff * 9 - r, y - r * 0.7, x + puff * 9 + r, y + r * 0.7), fill=(250, 252, 255))
        return picture


def with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def named(thing: str, random: Random) -> str:
    """The thing's word, sometimes after a word that means nothing."""
    return f"{random.choice(UNKNOWN_WORDS)} {thing}" if random.random() < 0.06 else thing


def place(kind: str, random: Random) -> str:
    if kind not in COLOURS:
        return f" {kind}"
    # A white ground often goes unsaid.
    return f" on {with_article(kind)} background" if kind != "white" or random.random() < 0.5 else ""


def part(job: tuple[Path, int, int]) -> tuple[np.ndarray, list[str]]:
    work, seed, count = job
    world, random = World(work), Random(seed)
    pictures, captions = zip(*(world.scene(random) for _ in range(count)), strict=True)
    return np.stack(pictures), list(captions)


def draw(work: Path, count: int, processes: int = 2) -> None:
    """WORK/scenes.npz, the same for any number of processes."""
    jobs = [(work, seed, 1000) for seed in range(math.ceil(count / 1000))]
    with Pool(processes) as pool:
        parts = pool.map(part, jobs)
    captions = np.array([caption for _, some in parts for caption in some], dtype=object)
    np.savez(work / "scenes.npz", x=np.concatenate([pictures for pictures, _ in parts]), t=captions)


def sheet(work: Path, out: Path) -> None:
    world, random = World(work), Random(1)
    canvas = Image.new("RGB", (16 * 66, 6 * 66), "gray")
    for index in range(96):
        picture, caption = world.scene(random)
        canvas.paste(Image.fromarray(picture), (index % 16 * 66 + 1, index // 16 * 66 + 1))
        print(caption)
    canvas.save(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=60_000)
    parser.add_argument("--sheet", type=Path, metavar="FILE.png")
    options = parser.parse_args()
    sheet(options.work, options.sheet) if options.sheet else draw(options.work, options.count)
