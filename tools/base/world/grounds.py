"""What is behind the things of a scene: a ground of one colour, or one of eight places."""

from random import Random

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {
    "red": (222, 60, 60), "orange": (245, 150, 50), "yellow": (250, 215, 80), "green": (90, 180, 90),
    "blue": (70, 130, 230), "purple": (150, 90, 210), "pink": (250, 165, 200), "gray": (150, 150, 155),
    "black": (25, 25, 30), "white": (252, 252, 252), "brown": (140, 95, 60), "teal": (60, 175, 175),
}  # fmt: skip
SCENES = ["on grass", "in the snow", "at night", "on a beach", "in the desert", "under water", "in the sky", "in space"]
Colour = tuple[float, float, float]


def ground(kind: str, side: int, random: Random) -> Image.Image:
    """A ground of a kind in COLOURS or SCENES, RGB [side, side]."""
    horizon = random.uniform(0.55, 0.7)
    near = lambda colour, by=12: tuple(max(0, min(255, value + random.randint(-by, by))) for value in colour)
    if kind in COLOURS:
        colour = near(COLOURS[kind])
        return gradient(side, colour, near(colour, 6))
    match kind:
        case "on grass":
            return land(side, [near(c) for c in ((120, 190, 245), (200, 230, 250), (110, 190, 80), (70, 150, 60))], horizon)
        case "in the snow":
            sky = [near(c) for c in ((170, 195, 225), (215, 228, 240))]
            return dots(land(side, [*sky, (245, 248, 252), (225, 235, 245)], horizon), random, 26, (255, 255, 255), [1, 1.5, 2])
        case "at night":
            colours = [near(c, 5) for c in ((12, 14, 45), (35, 40, 90), (25, 45, 45), (15, 30, 30))]
            return dots(land(side, colours, horizon + 0.1), random, 22, (250, 245, 190), [0.8, 1.2], lowest=0.6)
        case "on a beach":
            colours = [near(c) for c in ((130, 205, 250), (205, 235, 250), (60, 150, 215), (90, 190, 225))]
            pixels = np.array(land(side, colours, 0.42))
            pixels[int(side * horizon) :] = near((240, 215, 160), 8)
            return Image.fromarray(pixels)
        case "in the desert":
            return land(side, [near(c) for c in ((250, 190, 120), (255, 225, 170), (225, 170, 95), (200, 140, 75))], horizon)
        case "under water":
            return dots(gradient(side, near((60, 170, 220)), near((10, 60, 130))), random, 14, (170, 220, 245), [1, 2, 3])
        case "in the sky":
            return clouds(gradient(side, near((90, 165, 245)), near((175, 215, 250))), random)
        case "in space":
            return dots(gradient(side, near((10, 8, 25), 5), near((30, 15, 50), 8)), random, 34, (255, 255, 255), [0.6, 1, 1.4])
    raise ValueError(f"there is no ground '{kind}'")


def gradient(side: int, top: Colour, bottom: Colour, rows: int | None = None) -> Image.Image:
    rows = rows or side
    t = np.linspace(0, 1, rows)[:, None, None]
    mixed = np.array(top) * (1 - t) + np.array(bottom) * t
    return Image.fromarray(np.broadcast_to(mixed, (rows, side, 3)).clip(0, 255).astype(np.uint8))


def land(side: int, colours: list[Colour], horizon: float) -> Image.Image:
    """Sky above the horizon, ground below, each with its own two colours."""
    picture, y = gradient(side, *colours[:2]), int(side * horizon)
    picture.paste(gradient(side, *colours[2:], rows=side - y), (0, y))
    return picture


def dots(picture: Image.Image, random: Random, count: int, colour: Colour, radii: list[float], lowest: float = 1.0) -> Image.Image:
    draw, side = ImageDraw.Draw(picture), picture.width
    for _ in range(count):
        x, y, radius = random.random() * side, random.random() * side * lowest, random.choice(radii)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return picture


def clouds(picture: Image.Image, random: Random) -> Image.Image:
    draw, side = ImageDraw.Draw(picture), picture.width
    for _ in range(random.randint(2, 4)):
        x, y = random.random() * side, random.random() * side
        for puff in range(4):
            r = random.uniform(5, 10)
            draw.ellipse((x + puff * 9 - r, y - r * 0.7, x + puff * 9 + r, y + r * 0.7), fill=(250, 252, 255))
    return picture
