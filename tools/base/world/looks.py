"""Other looks of a thing, as if another hand had drawn it: what an identifier may be taught to mean.

    python -m world.looks WORK --sheet FILE.png  # twelve things, each as it is and in fifteen other looks, to look at

Parts of one colour are painted anew, flatter than they were; the thing is bent and stretched; some get an outline.
"""

from pathlib import Path
from random import Random

import numpy as np
from world import sprite_sheet
from PIL import Image, ImageFilter

# Parts of one colour, at most.
PARTS = 6
# Points of the net that bends a sprite, along each side, and how far each goes at most, as a part of its cell.
NET, BENT = 5, 0.3
NARROWEST = 0.78
OUTLINED_PART = 0.2
# The largest change of a part's colour and of the whole one's, in levels.
PART_CHANGE, WHOLE_CHANGE = 45, 40


def other_look(sprite: Image.Image, random: Random) -> Image.Image:
    """The sprite (RGBA) in another look, of the same size."""
    look = stretched(bent(painted(sprite, random), random), random)
    return outlined(look, random) if random.random() < OUTLINED_PART else look


def painted(sprite: Image.Image, random: Random) -> Image.Image:
    opaque = Image.new("RGB", sprite.size, "gray")
    opaque.paste(sprite, mask=sprite.getchannel("A"))
    few = opaque.quantize(PARTS + 1, kmeans=2, dither=Image.Dither.NONE)
    own, part_of = np.asarray(opaque).astype(np.float32), np.asarray(few)
    palette = np.array(few.getpalette()).reshape(-1, 3)[: part_of.max() + 1].astype(np.float32)
    change = lambda most: np.array([random.uniform(-most, most) for _ in range(3)], dtype=np.float32)
    new = palette + change(WHOLE_CHANGE) + np.stack([change(PART_CHANGE) for _ in palette])
    # 0: each part has one colour. 1: its shades stay.
    shaded = random.uniform(0, 1)
    pixels = (new[part_of] + shaded * (own - palette[part_of])).clip(0, 255).round().astype(np.uint8)
    return Image.fromarray(np.dstack([pixels, np.asarray(sprite.getchannel("A"))]), "RGBA")


def bent(sprite: Image.Image, random: Random) -> Image.Image:
    side = sprite.width
    at = [round(side * point / (NET - 1)) for point in range(NET)]
    most = BENT * side / (NET - 1)
    inner = lambda index: 0 < index < NET - 1
    moved = lambda x, y: tuple(at[i] + (random.uniform(-most, most) if inner(x) and inner(y) else 0) for i in (x, y))
    source = {(x, y): moved(x, y) for y in range(NET) for x in range(NET)}
    cells = [(x, y) for y in range(NET - 1) for x in range(NET - 1)]
    corners = lambda x, y: (*source[x, y], *source[x, y + 1], *source[x + 1, y + 1], *source[x + 1, y])
    mesh = [((at[x], at[y], at[x + 1], at[y + 1]), corners(x, y)) for x, y in cells]
    return sprite.transform(sprite.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def stretched(sprite: Image.Image, random: Random) -> Image.Image:
    """Narrower or lower."""
    size = [sprite.width, sprite.height]
    axis = random.randrange(2)
    size[axis] = round(size[axis] * random.uniform(NARROWEST, 1))
    canvas = Image.new("RGBA", sprite.size)
    canvas.paste(sprite.resize(size, Image.Resampling.LANCZOS), tuple((full - part) // 2 for full, part in zip(sprite.size, size)))
    return canvas


def outlined(sprite: Image.Image, random: Random) -> Image.Image:
    shade = random.randint(0, 70)
    wider = sprite.getchannel("A").filter(ImageFilter.MaxFilter(random.choice([3, 5])))
    line = Image.new("RGBA", sprite.size, (shade, shade, shade, 0))
    line.putalpha(wider)
    return Image.alpha_composite(line, sprite)


def rows(work: Path) -> sprite_sheet.Rows:
    """Twelve things, each as it is and in fifteen other looks."""
    random = Random(0)
    for row, thing in enumerate("dog cat penguin robot owl car castle cake fire tulip crab guitar".split()):
        own = Image.open(work / "sprites" / f"{thing}.{('3d', 'flat', 'google')[row % 3]}.png").convert("RGBA")
        yield [own, *(other_look(own, random) for _ in range(15))]


if __name__ == "__main__":
    sprite_sheet.main(__doc__, rows, side=64)
