"""Writes the fixtures of the parity tests: small random models with reference tensors.

    python tests/parity/reference/make_fixtures.py --seed 0 --out tests/fixtures [--only tokenizer unet]
    DELTABOOTH_FIXTURES=DIR cargo test --test parity

One sibling file per section, each with `make(seed, out)` that writes its folders below `out`.
Needs torch, diffusers 0.42, transformers 5, safetensors.
"""

import argparse
import importlib
from pathlib import Path

# In order: a later section may use an earlier one's folders.
SECTIONS = [
    "tokenizer", "text_encoder", "unet", "vae", "vae_tiled", "vae_tiny", "schedules", "ddim", "samplers", "training", "unmix", "exchange",
    "synthetic", "single_file",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="NAME")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in SECTIONS:
        if name in options.only:
            importlib.import_module(name).make(seed=options.seed, out=options.out)
            print(f"{name}: done", flush=True)


if __name__ == "__main__":
    main()
