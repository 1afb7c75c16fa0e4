"""Every thing in every drawing style, as a picture of 128 px with a transparent ground.

    python -m world.sprites WORK

Reads WORK/node_modules (package.json has the sources), writes WORK/sprites/THING.STYLE.png and
WORK/index.json (thing to styles). The flat style comes as vector graphics: WORK/svg, which rasterise.mjs
turns into pictures.
"""

import json
import sys
from pathlib import Path

from PIL import Image
from world.things import emoji

SIZE, INNER = 128, 120
# Style to the places of its pictures, by code point.
PICTURES = {
    "google": "emoji-datasource-google/img/google/64/{}.png",
    "twitter": "emoji-datasource-twitter/img/twitter/64/{}.png",
    "3d": "@lobehub/fluent-emoji-3d/assets/{}.webp",
}
FLAT = "@iconify-json/fluent-emoji-flat"


def file_name(thing: str, style: str) -> str:
    return f"{thing.replace(' ', '_')}.{style}"


def centred(picture: Image.Image) -> Image.Image:
    """Cut to what can be seen, scaled to INNER, in the middle of SIZE."""
    picture = picture.convert("RGBA")
    seen = picture.getchannel("A").point(lambda alpha: 255 if alpha > 8 else 0).getbbox()
    picture = picture.crop(seen) if seen else picture
    scale = INNER / max(picture.size)
    size = [max(1, round(side * scale)) for side in picture.size]
    picture = picture.resize(size, Image.LANCZOS)
    canvas = Image.new("RGBA", (SIZE, SIZE))
    canvas.alpha_composite(picture, tuple((SIZE - side) // 2 for side in picture.size))
    return canvas


def drawing(icons: dict, name: str) -> str | None:
    """The body of a vector drawing, through its alias if it is one."""
    if name in icons.get("aliases", {}):
        name = icons["aliases"][name]["parent"]
    icon = icons["icons"].get(name)
    return icon and icon["body"]


def main(work: Path) -> None:
    modules = work / "node_modules"
    table = {entry["name"].lower(): entry for entry in json.loads((modules / "emoji-datasource/emoji.json").read_text())}
    icons = json.loads((modules / FLAT / "icons.json").read_text())
    chars = json.loads((modules / FLAT / "chars.json").read_text())
    for folder in ("sprites", "svg"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    index: dict[str, list[str]] = {}
    for name, thing in emoji().items():
        if name not in table:
            continue
        code = table[name]["unified"].lower()
        codes = [code, (table[name].get("non_qualified") or code).lower()]
        for style, place in PICTURES.items():
            found = next((p for c in codes if (p := modules / place.format(c)).exists()), None)
            if found:
                centred(Image.open(found)).save(work / "sprites" / f"{file_name(thing, style)}.png")
                index.setdefault(thing, []).append(style)
        body = next((b for c in codes if c in chars and (b := drawing(icons, chars[c]))), None)
        if body:
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{SIZE}" height="{SIZE}" viewBox="0 0 32 32">{body}</svg>'
            (work / "svg" / f"{file_name(thing, 'flat')}.svg").write_text(svg)
            index.setdefault(thing, []).append("flat")
    (work / "index.json").write_text(json.dumps(index, indent=0))
    print(f"{len(index)} things, {sum(map(len, index.values()))} sprites")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
