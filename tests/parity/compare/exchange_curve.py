"""How near a LoRA of each rank comes to its delta: the table of docs/exchange.md.

    python tests/parity/compare/exchange_curve.py --booth target/debug/booth --delta dog.safetensors robot.safetensors
        [--base static/base] [--ranks 4 8 16 32 64 128 256] [--count 4]

For every rank: the energy that is kept, the file's size in F16, and the relative L2 difference of
the pictures by LoRA to the delta's own (25 DDIM steps, guidance 4, `--count` seeds of 'photo of a
sks <class> in the snow'), of the whole delta and of the delta without its norm shifts, which no
LoRA holds. The last row is the base without any delta. Means over the deltas. Needs torch,
safetensors.
"""

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

from safetensors.torch import load_file, safe_open


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--booth", type=Path, required=True)
    parser.add_argument("--delta", type=Path, nargs="+", required=True)
    parser.add_argument("--base", type=Path, default=Path("static/base"))
    parser.add_argument("--ranks", type=int, nargs="+", default=[4, 8, 16, 32, 64, 128, 256])
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--dtype", default="f16")
    return parser.parse_args()


def main() -> None:
    asked, rows = options(), {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)

        def booth(*arguments) -> str:
            command = [asked.booth.resolve(), *map(str, arguments), "--base", asked.base]
            return subprocess.run(command, check=True, capture_output=True, text=True).stderr

        def pictures(prompt: str, *arguments):
            booth("generate", "--prompt", prompt, "--guidance-scale", 4, "--num-images-per-prompt", asked.count, "--dump", place / "dump.safetensors", "--out", place / "picture.png", *arguments)
            return load_file(place / "dump.safetensors")["images"]

        def add(row: str, *values: float) -> None:
            rows.setdefault(row, []).append(values)

        for delta in asked.delta:
            with safe_open(delta, "pt") as file:
                prompt = f"photo of a {file.metadata()['modelspec.trigger_phrase']} in the snow"
            plain = place / "plain.safetensors"
            booth("export", delta, "--format", "svdiff-pytorch", "--norms", "omit", "--out", place)
            booth("import", place / "spectral_shifts.safetensors", "--out", plain)
            whole, without_norms = pictures(prompt, "--delta", delta), pictures(prompt, "--delta", plain)
            difference = lambda a, b: ((a - b).norm() / b.norm()).item()
            for rank in asked.ranks:
                file = place / "lora.safetensors"
                said = booth("export", delta, "--format", "lora-kohya", "--rank", rank, "--dtype", asked.dtype, "--out", file)
                energy, found = float(re.search(r"([\d.]+) % of the energy", said)[1]), pictures(prompt, "--lora", file)
                add(f"{rank}", file.stat().st_size / 1e6, energy, difference(found, without_norms), difference(found, whole))
                left_out = re.search(r"a share of (\S+)", said)
            base = pictures(prompt)
            add("no LoRA", 0.0, 0.0, difference(base, without_norms), difference(base, whole))
            print(f"{delta}: norms make a share of {left_out[1] if left_out else 0} of the squared change")
    print("| rank | MB | energy kept | pictures, delta without norms | pictures, whole delta |\n|---|---|---|---|---|")
    for row, values in rows.items():
        size, energy, plain, whole = (sum(column) / len(column) for column in zip(*values))
        print(f"| {row} | {size:.2f} | {energy:.2f} % | {plain:.1e} | {whole:.1e} |")


if __name__ == "__main__":
    main()
