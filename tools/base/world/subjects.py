"""Sample subjects: four pictures each, in a drawing style that the base has never seen.

    python -m world.subjects WORK OUT [THING…]     # OUT/THING/0.png …, 256 px
"""

import sys
from pathlib import Path
from random import Random

from world.grounds import ground
from world.scenes import World

STYLE = "twitter"
GROUNDS = ["white", "gray", "on grass", "yellow"]
THINGS = ["dog", "cat", "robot", "car", "dinosaur", "teddy bear", "penguin", "castle"]


def main(work: Path, out: Path, things: list[str]) -> None:
    world = World(work, size=128)
    for thing in things:
        random, folder = Random(f"7{thing}{STYLE}"), out / thing.replace(" ", "_")
        folder.mkdir(parents=True, exist_ok=True)
        for index, kind in enumerate(GROUNDS):
            canvas = ground(kind, world.side, random).convert("RGBA")
            size = random.uniform(0.62, 0.8)
            margin = (1 - size) / 2
            at = [0.5 + random.uniform(-margin, margin) * 0.5, 0.52 + random.uniform(-margin, margin) * 0.5]
            world.put(canvas, world.sprite(thing, STYLE), at, size, random, flip=index % 2 == 1)
            canvas.convert("RGB").save(folder / f"{index}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or THINGS)
