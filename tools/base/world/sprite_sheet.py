"""Sprites to look at, on one picture: the command line of recolour.py and looks.py."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

Rows = Iterator[list[Image.Image]]


def write(rows: Rows, side: int, out: Path) -> None:
    """Rows of equal length, every sprite (RGBA) scaled to `side`, on light grey."""
    sprites = list(rows)
    canvas = Image.new("RGB", (len(sprites[0]) * side, len(sprites) * side), "lightgray")
    for y, row in enumerate(sprites):
        for x, sprite in enumerate(row):
            small = sprite.resize((side, side), Image.LANCZOS)
            canvas.paste(small, (x * side, y * side), small)
    canvas.save(out)


def main(about: str, rows: Callable[[Path], Rows], side: int) -> None:
    """`about`: the script's docstring. `rows`: those of a work folder."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", required=True)
    options = parser.parse_args()
    write(rows(options.work), side, options.sheet)
