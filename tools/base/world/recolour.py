"""Things in other colours: 'a blue car'.

    python -m world.recolour WORK --sheet FILE.png  # every thing of RECOLOURED in every colour and style, to look at

Only the pixels near the sprite's own main hue change, so that wheels, eyes and leaves stay as they are.
"""

from pathlib import Path

import numpy as np
from world import sprite_sheet
from PIL import Image

from world.grounds import COLOURS
from world.things import words

# The colours that things can have, with the names and values of the grounds.
HUES = ["red", "orange", "yellow", "green", "blue", "purple", "pink"]
# Things of one main colour that stay what they are in another; looked at one by one.
RECOLOURED = words("""
apple|balloon|boot|butterfly|cactus|car|cat|crab|crown|diamond|dinosaur|fox|gift|guitar|key|ladybug|mushroom|
octopus|teddy bear|tent|tropical fish|tulip|umbrella|whale
""")
# Hues this near to the main one (degrees) change wholly, those twice as far not at all.
NEAR = 32.0


def hsv(sprite: Image.Image) -> np.ndarray:
    """float [height, width, 3]: hue in degrees, saturation and value in [0, 1]."""
    return np.asarray(sprite.convert("RGB").convert("HSV")).astype(np.float32) / 255 * (360, 1, 1)


def distance(hue: np.ndarray, other: float) -> np.ndarray:
    """Signed degrees from `other`, in [-180, 180)."""
    return (hue - other + 180) % 360 - 180


def recoloured(sprite: Image.Image, colour: str) -> Image.Image:
    """The sprite (RGBA) with its main hue turned to `colour`."""
    alpha = np.asarray(sprite.getchannel("A")).astype(np.float32) / 255
    hue, saturation, value = np.moveaxis(hsv(sprite), -1, 0)
    weight = alpha * saturation * value * ((saturation > 0.35) & (value > 0.2))
    counts = np.histogram(hue, 36, (0, 360), weights=weight)[0]
    main = float(np.argmax(sum(np.roll(counts, by) for by in range(-2, 3))) * 10 + 5)
    far = distance(hue, main)
    part = np.clip(2 - np.abs(far) / NEAR, 0, 1) * np.clip(saturation / 0.2 - 0.75, 0, 1)
    mean = lambda channel: float((channel * part * weight).sum() / max((part * weight).sum(), 1e-6))
    target_hue, target_saturation, target_value = hsv(Image.new("RGB", (1, 1), COLOURS[colour]))[0, 0]
    turned = np.stack(
        [
            (target_hue + far * 0.4) % 360 / 360,
            (saturation * target_saturation / mean(saturation)).clip(0, 1),
            (value * np.clip(target_value / mean(value), 0.8, 1.6)).clip(0, 1),
        ],
        axis=-1,
    )
    rgb = np.asarray(Image.fromarray((turned * 255).astype(np.uint8), "HSV").convert("RGB")).astype(np.float32)
    own = np.asarray(sprite.convert("RGB")).astype(np.float32)
    mixed = own + (rgb - own) * part[..., None]
    return Image.fromarray(np.dstack([mixed, alpha * 255]).round().astype(np.uint8), "RGBA")


def rows(work: Path) -> sprite_sheet.Rows:
    """Every thing of RECOLOURED: in each style as it is, then in every colour."""
    for thing in RECOLOURED:
        sprites = [Image.open(work / "sprites" / f"{thing.replace(' ', '_')}.{style}.png").convert("RGBA") for style in ("3d", "flat", "google")]
        yield [shown for own in sprites for shown in (own, *(recoloured(own, hue) for hue in HUES))]


if __name__ == "__main__":
    sprite_sheet.main(__doc__, rows, side=54)
